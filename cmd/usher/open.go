package main

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"usher/gate/store"
	"usher/server"
	"usher/sync/fault"
)

// keyNeed says whether a command signs.
type keyNeed int

const (
	withoutKeys keyNeed = iota // it looks only, so nobody is asked for the passphrase
	needsKeys
)

// openServer opens the server data that --data or --database names; they have to be
// there. With needsKeys the keys are unlocked, and the command has to have
// addPassphrase's flag.
func openServer(c *cobra.Command, keys keyNeed) (*server.Server, error) {
	cfg, err := serverData(c)
	if err != nil {
		return nil, err
	}
	there, err := cfg.Exists(c.Context())
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, noData(cfg)
	}
	cfg.Log = quietLog(c)
	if c.Flags().Lookup("sandbox") != nil {
		if cfg.Selling, err = selling(c); err != nil {
			return nil, err
		}
	}
	return openServerIn(c, cfg, keys)
}

// noData says what to do where there are no data yet.
func noData(cfg server.Config) error {
	where := "--data " + cfg.Data
	if cfg.Database != "" {
		where = "--database URL"
	}
	return fault.New(fault.NotFound, "%s holds no server data; an event file makes them: usher event apply FILE %s", cfg.Where(), where)
}

// openServerIn opens server data, and makes them where there are none.
func openServerIn(c *cobra.Command, cfg server.Config, keys keyNeed) (*server.Server, error) {
	if keys == needsKeys {
		there, err := cfg.Exists(c.Context())
		if err != nil {
			return nil, err
		}
		cfg.Passphrase = passphrase(c, !there)
	}
	s, err := server.Open(c.Context(), cfg)
	if err != nil {
		return nil, err
	}
	if keys == needsKeys {
		if err := s.Unlock(c.Context()); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// quietLog is the log of a command that ends soon: what a person should know.
func quietLog(c *cobra.Command) *slog.Logger {
	return slog.New(slog.NewTextHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// owner says whose data are in a folder.
type owner int

const (
	ofServer owner = iota
	ofGate
)

// dataOwner finds out whose data are in the folder that --data names; a database is
// a server's.
func dataOwner(c *cobra.Command) (dir string, who owner, err error) {
	cfg, err := serverData(c)
	if err != nil || cfg.Database != "" {
		return "", ofServer, err
	}
	dir = cfg.Data
	atServer, err := cfg.Exists(c.Context())
	if err != nil {
		return "", 0, err
	}
	atGate := exists(filepath.Join(dir, store.DatabaseFile))
	switch {
	case atServer && atGate:
		return "", 0, fault.New(fault.BadInput, "%s holds both a server's and a gate's data; keep them apart", dir)
	case atServer:
		return dir, ofServer, nil
	case atGate:
		return dir, ofGate, nil
	}
	return "", 0, fault.New(fault.NotFound, "%s holds neither a server's nor a gate's data", dir)
}

// readFile reads a file that a person named, or standard input for "-"; limit is
// in bytes. name is how errors call it.
func readFile(c *cobra.Command, path string, limit int) (name string, b []byte, err error) {
	name, r, err := openFile(c, path)
	if err != nil {
		return name, nil, err
	}
	b, err = io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return name, nil, fault.Wrap(fault.BadInput, cause(err), "can't read %s", name)
	}
	if len(b) > limit {
		return name, nil, fault.At(fault.TooLarge, name, "the file has over %d bytes", limit)
	}
	return name, b, nil
}

// openFile opens a file that a person named, or standard input for "-".
func openFile(c *cobra.Command, path string) (name string, r io.ReadCloser, err error) {
	if path == "-" {
		return "standard input", io.NopCloser(c.InOrStdin()), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return path, nil, fault.Wrap(fault.BadInput, cause(err), "can't read %s", path)
	}
	return path, f, nil
}

// cause gives what is wrong with a file without its name, for messages that have
// said the name.
func cause(err error) error {
	if p, of := errors.AsType[*fs.PathError](err); of {
		return p.Err
	}
	return err
}
