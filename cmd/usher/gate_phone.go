package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/gate"
	"usher/server/document"
	"usher/sync/fault"
)

func newGatePhone() *cobra.Command {
	c := &cobra.Command{
		Use:   "phone",
		Short: "Print the card by which a phone opens this gate's door page",
		Long: `Prints the card by which a phone on the venue's network opens the door page of this
gate's agent, which has to run with --tls: a link with the door key, the page that tells
how a phone is made to trust the gate, and the fingerprint to compare before it does.
With a real certificate (--tls-cert) there is nothing to trust, and the card holds the
link alone.

Whoever has the card can let people in. Hand it over like a key.`,
		Example: `  usher gate phone
  usher gate phone --data /var/lib/usher/gate-north --out north-phones.pdf`,
		Args: cobra.NoArgs,
		RunE: runGatePhone,
	}
	addData(c, "gate")
	c.Flags().String("host", "", "`NAME` or address by which phones reach this device (default: the certificate's name, or the first address)")
	addOutput(c, "out", "write the card to `FILE`, a .pdf to print or a .png of the door page's code alone")
	return c
}

func runGatePhone(c *cobra.Command, _ []string) error {
	out := flag(c, "out")
	if out != "" {
		if err := checkCardFile(c, out); err != nil {
			return err
		}
	}
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	card, err := gate.ReadPhoneCard(dir, flag(c, "host"))
	if err != nil {
		return err
	}
	sheet := document.PhoneCard{EventName: card.Event, Gate: card.Gate, Link: card.Link, Trust: card.Trust, Fingerprint: card.Fingerprint}
	if out != "" {
		if err := writeNew(c, out, 0o600, func(w io.Writer) error { return drawPhoneCard(w, out, sheet) }); err != nil {
			return err
		}
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), card)
	}
	blocks := document.NoBlocks
	if out, isFile := c.OutOrStdout().(*os.File); isFile && term.IsTerminal(int(out.Fd())) {
		blocks = document.DarkGround
	}
	return document.PhoneText(c.OutOrStdout(), sheet, blocks)
}

func drawPhoneCard(w io.Writer, path string, sheet document.PhoneCard) error {
	if filepath.Ext(path) == ".png" {
		return document.PNG(w, sheet.Link, cardPixels)
	}
	if err := document.PhonePDF(w, sheet, document.Options{}); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "can't draw the card")
	}
	return nil
}
