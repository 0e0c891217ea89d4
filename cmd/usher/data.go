package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/migrations/sqldb"
	"usher/server"
	"usher/sync/fault"
)

// passphraseEnv names the variable that may hold the passphrase.
const passphraseEnv = "USHER_PASSPHRASE"

// maxPassphrase bounds what is read as a secret, in bytes.
const maxPassphrase = 4096

// stateDir is the user's folder for data that programs keep, after the XDG Base
// Directory Specification 0.8.
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "usher"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "there is no home folder to keep data in; add --data DIR")
	}
	return filepath.Join(home, ".local", "state", "usher"), nil
}

// databaseEnv names the variable that may hold the address of the server's
// database: a command line, and a password on it, all users of the machine can see.
const databaseEnv = "USHER_DATABASE"

// addData adds --data to a command; part is the folder under the state folder
// that stands in for it. A server's data may be in a database instead.
func addData(c *cobra.Command, part string) {
	c.Flags().String("data", "", "folder `DIR` of the "+part+"'s data (default: usher/"+part+" in your state folder)")
	c.Annotations = map[string]string{"data": part}
	if part == "server" {
		addDatabase(c)
	}
}

// addDatabase adds --database to a command that has --data.
func addDatabase(c *cobra.Command) {
	c.Flags().String("database", "", "`URL` of a PostgreSQL database that holds the data instead, postgres://… (or set "+databaseEnv+")")
	c.MarkFlagsMutuallyExclusive("data", "database")
}

// serverData says where the server's data are: in the database or the folder that
// was named, in the database that the environment names, in the default folder, the
// first of them.
func serverData(c *cobra.Command) (server.Config, error) {
	cfg := server.Config{Database: flag(c, "database")}
	if cfg.Database == "" && flag(c, "data") == "" {
		cfg.Database = os.Getenv(databaseEnv)
	}
	if cfg.Database != "" {
		if !sqldb.IsPostgres(cfg.Database) {
			return cfg, fault.New(fault.BadInput, "--database or %s: want an address that begins with postgres://", databaseEnv)
		}
		return cfg, nil
	}
	dir, err := dataDir(c)
	cfg.Data = dir
	return cfg, err
}

// dataDir gives the folder that --data names, or the default one.
func dataDir(c *cobra.Command) (string, error) {
	dir, err := c.Flags().GetString("data")
	if err != nil || dir != "" {
		return dir, err
	}
	if dir, err = stateDir(); err != nil {
		return "", err
	}
	return filepath.Join(dir, c.Annotations["data"]), nil
}

func addPassphrase(c *cobra.Command) {
	c.Flags().String("passphrase-file", "", "`FILE` with the passphrase of the server's keys (or set "+passphraseEnv+", or be asked)")
}

// passphrase gives the passphrase from the file, the environment or a prompt, in
// that order. It is asked only when a key is really needed. For fresh data the
// prompt asks twice, because a slip would lock the keys up for good.
func passphrase(c *cobra.Command, fresh bool) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		if path, _ := c.Flags().GetString("passphrase-file"); path != "" {
			return secretFrom(path, "passphrase file")
		}
		if text := os.Getenv(passphraseEnv); text != "" {
			return []byte(text), nil
		}
		in, isFile := c.InOrStdin().(*os.File)
		if !isFile || !term.IsTerminal(int(in.Fd())) {
			return nil, fault.New(fault.BadInput, "the server's keys are sealed: add --passphrase-file FILE or set %s", passphraseEnv)
		}
		if !fresh {
			return ask(c, in, "Passphrase of the server's keys: ")
		}
		first, err := ask(c, in, "A new passphrase for the server's keys: ")
		if err != nil {
			return nil, err
		}
		again, err := ask(c, in, "The same again: ")
		if err == nil && !bytes.Equal(first, again) {
			err = fault.New(fault.BadInput, "the two passphrases differ; nothing was made")
		}
		return first, err
	}
}

// ask reads a secret from the terminal, which doesn't show it.
func ask(c *cobra.Command, in *os.File, prompt string) ([]byte, error) {
	fmt.Fprint(c.ErrOrStderr(), prompt)
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(c.ErrOrStderr())
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "can't read it from the terminal")
	}
	return text, nil
}

// secretFrom reads a secret from a file; what is what errors call the file.
func secretFrom(path, what string) ([]byte, error) { return keysFrom(path, what, maxPassphrase) }

// keysFrom reads a secret of at most so many bytes.
func keysFrom(path, what string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, cause(err), "can't read the %s %s", what, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fault.Wrap(fault.BadInput, cause(err), "can't read the %s %s", what, path)
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) == 0 || len(text) > most {
		return nil, fault.New(fault.BadInput, "the %s %s holds %d bytes; want 1 to %d", what, path, len(text), most)
	}
	return text, nil
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
