package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"usher/gate/scan"
	"usher/sync/fault"
)

func newRead() *cobra.Command {
	return &cobra.Command{
		Use:   "read PICTURE…",
		Short: "Print the text of the codes in pictures",
		Long: `Prints one line of JSON, {"file","text"}, for each QR code in the pictures, in their
order; a picture may hold several. It judges nothing: see usher verify. A picture
in which no code can be read gives a line with an empty text and an "error", and
exit status 1; a file that is no picture gives the same and exit status 2.`,
		Example: "  usher read ticket.png door-camera-*.jpg",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains(args, "") {
				return fault.New(fault.BadInput, "usher read needs pictures, or - for one on standard input")
			}
			return nil
		},
		RunE: runRead,
	}
}

// readLine is one code, or the reason why there is none.
type readLine struct {
	File  string `json:"file"`
	Text  string `json:"text"`
	Error string `json:"error,omitempty"`
}

func runRead(c *cobra.Command, args []string) error {
	worst := exitDone
	for _, file := range args {
		texts, err := readPicture(c, file)
		if err != nil {
			worst = max(worst, readStatus(err))
			if err := printJSON(c.OutOrStdout(), readLine{File: file, Error: err.Error()}); err != nil {
				return err
			}
		}
		for _, text := range texts {
			if err := printJSON(c.OutOrStdout(), readLine{File: file, Text: text}); err != nil {
				return err
			}
		}
	}
	return saidAlready(worst)
}

func readStatus(err error) int {
	if errors.Is(err, scan.ErrNoCode) {
		return exitRefused
	}
	return exitFault
}

// readPicture gives the texts of the codes in a picture, at least one. Its errors
// leave it to the caller to name the picture.
func readPicture(c *cobra.Command, path string) (texts []string, err error) {
	file := c.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fault.Wrap(fault.BadInput, cause(err), "can't be read")
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		file = f
	}
	texts, err = scan.Picture(file)
	if bad, of := errors.AsType[*fs.PathError](err); of {
		err = fault.Wrap(fault.BadInput, bad.Err, "can't be read")
	}
	return texts, err
}

// saidAlready ends a command with a status after it has said why itself.
func saidAlready(status int) error {
	switch status {
	case exitDone:
		return nil
	case exitRefused:
		return errRefused
	}
	return errCannot
}
