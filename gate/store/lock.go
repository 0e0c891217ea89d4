package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"usher/sync/fault"
)

// ErrLocked means that another process runs the gate on this data. Ask that
// process (its address is in the agent file) instead of opening the journal.
var ErrLocked = errors.New("another process runs the gate on this data")

// Lock makes this process the only one to write the gate's journal, until
// unlock is called or the process ends, however it ends.
func Lock(dir string) (unlock func() error, err error) {
	if _, err := os.Stat(filepath.Join(dir, DatabaseFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no gate in %s; enrol one first: usher gate enrol --data %s", dir, dir)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "can't lock the gate data in %s", dir)
	}
	if !got {
		return nil, ErrLocked
	}
	return lock.Unlock, nil
}
