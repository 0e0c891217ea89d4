package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/sync/fault"
)

// addYes adds --yes to a command that asks before it does what can't be taken back.
func addYes(c *cobra.Command) {
	c.Flags().Bool("yes", false, "don't ask: do what can't be taken back")
}

// maxReply bounds what is read of the answer to a question, in bytes.
const maxReply = 100

// confirm asks whether to do what can't be taken back, unless --yes was given. Where
// nobody can be asked, --yes is needed.
func confirm(c *cobra.Command, what string) error {
	if isSet(c, "yes") {
		return nil
	}
	in, isFile := c.InOrStdin().(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return fault.New(fault.BadInput, "%s can't be taken back: add --yes to do it", what)
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s can't be taken back. Go on? [y/N] ", printable(what))
	reply, err := bufio.NewReader(io.LimitReader(in, maxReply)).ReadString('\n')
	if err != nil && reply == "" {
		return fault.Wrap(fault.BadInput, err, "nobody answered; nothing was done")
	}
	switch strings.ToLower(strings.TrimSpace(reply)) {
	case "y", "yes":
		return nil
	}
	return fault.New(fault.Refused, "you said no; nothing was done")
}
