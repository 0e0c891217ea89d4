package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"usher/server/document"
	"usher/sync/fault"
)

func newTicketsTest() *cobra.Command {
	c := &cobra.Command{
		Use:   "test --event E",
		Short: "Make the two test tickets by which gates are tried before the doors",
		Long: `Makes an event's test tickets: one that is in order, and one that is void. usher gate
preflight and the door page try a gate with them. They are of a product that no event
has, so nobody is let in on either, at any gate, by nobody's override; they are on no
list and count nowhere. The first time, the void one is revoked, so let the gates sync
after it.`,
		Example: "  usher tickets test --event HARBOUR-26 --out .",
		Args:    cobra.NoArgs,
		RunE:    runTicketsTest,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
	c.Flags().String("out", "", "write both as pictures to the folder `DIR`: test-good.png and test-void.png")
	addForce(c)
	return c
}

func runTicketsTest(c *cobra.Command, _ []string) (err error) {
	out := flag(c, "out")
	var files [2]string
	if out != "" {
		if info, err := os.Stat(out); err != nil || !info.IsDir() {
			return fault.New(fault.BadInput, "--out %s: there is no such folder", out)
		}
		for i, name := range []string{"test-good.png", "test-void.png"} {
			files[i] = filepath.Join(out, name)
			if err := inTheWay(c, files[i]); err != nil {
				return err
			}
		}
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	t, err := s.Tickets.TestTickets(c.Context(), flag(c, "event"))
	if err != nil {
		return err
	}
	if out != "" {
		for i, code := range []string{t.Good, t.Void} {
			if err := writeNew(c, files[i], 0o644, func(w io.Writer) error { return document.PNG(w, code, 0) }); err != nil {
				return err
			}
		}
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), t)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "good  %s\nvoid  %s\n", t.Good, t.Void)
	return err
}
