package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"usher/sync/fault"
)

// addOutput adds a flag that names a file to write, and --force.
func addOutput(c *cobra.Command, name, usage string) {
	c.Flags().String(name, "", usage)
	addForce(c)
}

func addForce(c *cobra.Command) {
	c.Flags().Bool("force", false, "overwrite the file if it is there")
}

// inTheWay refuses to overwrite a file without --force.
func inTheWay(c *cobra.Command, path string) error {
	if exists(path) && !isSet(c, "force") {
		return fault.New(fault.Exists, "%s is there already; --force overwrites it", path)
	}
	return nil
}

// writeNew writes a file whole or not at all; - is standard output. The command
// has addForce's flag.
func writeNew(c *cobra.Command, path string, mode os.FileMode, write func(io.Writer) error) error {
	if path == "-" {
		return write(c.OutOrStdout())
	}
	if err := inTheWay(c, path); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".usher-part-*")
	if err != nil {
		return fault.Wrap(fault.BadInput, cause(err), "can't write %s", path)
	}
	err = write(f)
	if err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fault.Wrap(fault.KindOf(err), errors.Join(err, os.Remove(f.Name())), "can't write %s", path)
	}
	return nil
}
