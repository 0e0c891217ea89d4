package main

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"usher/gate/enrol"
	"usher/gate/store"
)

func newGateEnrol() *cobra.Command {
	c := &cobra.Command{
		Use:   "enrol --server URL CARD",
		Short: "Make this device a gate, with a card",
		Long: `Makes a key for this device and has the server admit it, with a card that usher gate
card made. CARD is the text of the card's QR code (UE1:…), or the code typed from it,
which needs --server: groups, spaces and hyphens don't matter. A card works once. What
the server answers is checked against the card, so no network on the way is trusted.

It also makes the certificate authority that phones have to trust before they open this
device's door page with a camera, and prints its fingerprint: the server and the other
gates know it from now on (usher gate phone). Write it on the card that goes to the
phones, if you made that before.

The key stays in the data folder and never leaves it. A device is one gate of one
event; for another one, enrol it again in a folder of its own.`,
		Example: `  usher gate enrol "UE1:…"
  usher gate enrol --data /var/lib/usher/gate-north --server http://192.168.1.5:8420 "098T TN6Y V27B …"`,
		Args: exactly(1, "the text of the card's QR code, or the code typed from it"),
		RunE: runGateEnrol,
	}
	addData(c, "gate")
	c.Flags().String("server", "", "`URL` of the server (default: the one on the card)")
	c.Flags().String("name", "", "what people call this device (default: the gate's code)")
	return c
}

func runGateEnrol(c *cobra.Command, args []string) error {
	cfg := enrol.Config{Server: flag(c, "server"), Card: args[0], Name: flag(c, "name"), Rand: rand.Reader, Now: time.Now}
	// Before there are data, which a slip in the card should not leave behind.
	if err := cfg.Check(); err != nil {
		return err
	}
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	if cfg.Store, err = store.Open(c.Context(), dir); err != nil {
		return err
	}
	a, err := enrol.Enrol(c.Context(), cfg)
	if err = joined(err, cfg.Store.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"event": a.Event, "gate": a.Gate, "role": a.Role, "node": a.Node, "name": a.Name, "fingerprint": a.Authority})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), `This device is now gate %s of event %s (%s, device %s).
Phones that open its page by HTTPS have to show this fingerprint, SHA-256:
  %s
Next: usher gate run%s
`, a.Gate, a.Event, a.Role, a.Node, a.Authority, again(c))
	return err
}

// again repeats --data for the command that comes next, if it was given.
func again(c *cobra.Command) string {
	if dir := flag(c, "data"); dir != "" {
		return " --data " + quoted(dir)
	}
	return ""
}
