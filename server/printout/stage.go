package printout

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"usher/sync/fault"
)

// partPrefix begins the name of the hidden folder in which files are made.
const partPrefix = ".usher-part-"

// stage is the folder that files go to, with the hidden one in which they are
// made. Nothing it does reaches outside of the folder.
type stage struct {
	dir   string
	root  *os.Root
	part  string // name of the hidden folder
	force bool
	made  bool // the folder was not there before

	mu      sync.Mutex // of what follows
	names   []string   // of files that are whole, in the hidden folder
	claimed int        // files that will be written
	blocked []string   // of those, the first few that are there already
	blocks  int        // how many are
}

// maxNamed is how many files in the way an error names.
const maxNamed = 3

func openStage(dir string, force bool) (*stage, error) {
	s := &stage{dir: dir, force: force}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		s.made = true
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "can't make the folder %s", dir)
	}
	full, err := os.MkdirTemp(dir, partPrefix)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "can't write to the folder %s", dir)
	}
	s.part = path.Base(full)
	if s.root, err = os.OpenRoot(dir); err != nil {
		return nil, fault.Wrap(fault.BadInput, errors.Join(err, os.Remove(full)), "can't open the folder %s", dir)
	}
	return s, nil
}

// claim notes a file that will be written, and whether it is there already.
func (s *stage) claim(name string) {
	s.claimed++
	if s.force {
		return
	}
	if _, err := s.root.Lstat(name); err == nil {
		if s.blocks++; len(s.blocked) < maxNamed {
			s.blocked = append(s.blocked, name)
		}
	}
}

// inTheWay refuses when files that are claimed are there already.
func (s *stage) inTheWay() error {
	if s.blocks == 0 {
		return nil
	}
	names := strings.Join(s.blocked, ", ")
	if s.blocks > len(s.blocked) {
		names += ", …"
	}
	return fault.New(fault.Exists, "%d of %d files are in %s already (%s): nothing was written; choose another folder, or force overwriting",
		s.blocks, s.claimed, s.dir, names)
}

// file makes one file in the hidden folder. It may be called by several
// goroutines.
func (s *stage) file(name string, write func(io.Writer) error) error {
	f, err := s.root.OpenFile(path.Join(s.part, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't make %s in %s", name, s.dir)
	}
	w := &deadWriter{to: f}
	buffered := bufio.NewWriterSize(w, 64<<10)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	err = errors.Join(err, f.Close())
	if w.failed {
		return fault.Wrap(fault.Unavailable, err, "can't write %s in %s: is the disk full?", name, s.dir)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, name)
	return nil
}

// deadWriter remembers that its file failed, to tell that from a failed drawing.
type deadWriter struct {
	to     io.Writer
	failed bool
}

func (d *deadWriter) Write(p []byte) (int, error) {
	n, err := d.to.Write(p)
	d.failed = d.failed || err != nil
	return n, err
}

// publish moves the files into place and gives their names in order.
func (s *stage) publish() ([]string, error) {
	slices.Sort(s.names)
	for i, name := range s.names {
		_, err := s.root.Lstat(name)
		switch {
		case err == nil && !s.force:
			err = fault.New(fault.Exists, "%s appeared in the meantime", name)
		default:
			err = s.root.Rename(path.Join(s.part, name), name)
		}
		if err != nil {
			return s.names[:i], fault.Wrap(fault.KindOf(err), err, "only %d of %d files could be moved into %s", i, len(s.names), s.dir)
		}
	}
	s.made = false
	return s.names, nil
}

// close removes the hidden folder with what is left in it, and the folder itself
// if it was made for nothing.
func (s *stage) close() error {
	err := errors.Join(s.root.RemoveAll(s.part), s.root.Close())
	if s.made {
		os.Remove(s.dir) // stays when it holds files that somebody else put there
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't clean up %s in %s", s.part, s.dir)
	}
	return nil
}
