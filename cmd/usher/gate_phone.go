package main

import (
	"cmp"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/gate"
	"usher/gate/door"
	"usher/server/document"
	"usher/sync/fault"
	"usher/sync/words"
)

func newGatePhone() *cobra.Command {
	c := &cobra.Command{
		Use:   "phone",
		Short: "Print the card by which a phone opens a gate's door page",
		Long: `Prints the card by which a phone on the venue's network opens the door page of this
gate's agent, which has to run with --tls: a link with the door key, the page that tells
how a phone is made to trust the gate, and the fingerprint to compare before it does.
With a real certificate (--tls-cert) there is nothing to trust, and the card holds the
link alone. If the certificate was made anew since the gate was enrolled, the card says so.

Whoever has the card can let people in. Hand it over like a key.

With --gate it prints, from a server's data or from another gate's, what those know of
an enrolled gate: the fingerprint, without the link, for nobody but the gate has the door
key. Nobody gets in with such a card; it vouches for the certificate.`,
		Example: `  usher gate phone
  usher gate phone --data /var/lib/usher/gate-north --out north-phones.pdf
  usher gate phone --event HARBOUR-26 --gate north --host 192.168.1.20 --lang de`,
		Args: cobra.NoArgs,
		RunE: runGatePhone,
	}
	addData(c, "gate")
	c.Flags().Lookup("data").Usage += "; with --gate, that of a server (default: usher/server) or of any gate"
	addDatabase(c)
	c.Flags().Lookup("database").Usage += "; with --gate"
	c.Flags().String("host", "", "`NAME` or address by which phones reach the device, with --gate also NAME:PORT (default: the certificate's name, or the first address)")
	c.Flags().String("gate", "", "print the fingerprint of another `GATE`: its code, or the name or id of a device")
	addEvent(c, false, "code of that gate's event, at a server")
	c.Flags().String("lang", "", "language of the card, as in de (default: the event's, or English)")
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
	card, name, err := phoneCard(c)
	if err != nil {
		return err
	}
	said, err := phoneLanguage(flag(c, "lang"), card.Language)
	if err != nil {
		return err
	}
	sheet := phoneSheet(card, name, said)
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

// phoneCard gives the card that is asked for, and the event's name as it stands on it.
func phoneCard(c *cobra.Command) (card gate.PhoneCard, event string, err error) {
	if flag(c, "gate") != "" {
		return phoneCardOf(c)
	}
	if flag(c, "event") != "" {
		return card, "", fault.New(fault.BadInput, "--event goes with --gate: a gate is of one event")
	}
	dir, err := dataDir(c)
	if err != nil {
		return card, "", err
	}
	card, err = gate.ReadPhoneCard(dir, flag(c, "host"))
	return card, card.Event, err
}

// phoneLanguage is the language that somebody asked for, or the event's.
func phoneLanguage(wanted, event string) (*words.Language, error) {
	book, err := door.Words()
	if err != nil {
		return nil, err
	}
	if wanted != "" && book.Language(wanted) == nil {
		return nil, fault.New(fault.BadInput, "--lang %.20s: want one of %v", wanted, book.Codes())
	}
	return book.Pick("", cmp.Or(wanted, event)), nil
}

// phoneSheet is the card as it is drawn.
func phoneSheet(card gate.PhoneCard, event string, in *words.Language) document.PhoneCard {
	say := func(key string) string {
		return in.Say(key, words.With{"gate": card.Gate, "before": card.Before})
	}
	sheet := document.PhoneCard{
		EventName: event, Link: card.Link, Trust: card.Trust, Fingerprint: card.Fingerprint,
		Say: document.PhoneWords{
			Title: say("phone.card.title"), Gate: say("phone.card.gate"), Trust: say("phone.card.trust"), Compare: say("phone.card.compare"),
			Where: say("phone.card.where"), Open: say("phone.card.open"), Key: say("phone.card.key"), Warning: say("phone.card.warning"),
		},
	}
	if card.Link == "" {
		sheet.Say.Warning = say("phone.card.harmless")
	}
	if card.Before != "" {
		sheet.Say.Note = say("phone.card.anew")
	}
	return sheet
}

func drawPhoneCard(w io.Writer, path string, sheet document.PhoneCard) error {
	if filepath.Ext(path) == ".png" {
		if sheet.Link == "" {
			return fault.New(fault.BadInput, "%s: the door page's link is made at the gate alone; want a name that ends in .pdf", path)
		}
		return document.PNG(w, sheet.Link, cardPixels)
	}
	if err := document.PhonePDF(w, sheet, document.Options{}); err != nil {
		return fault.Wrap(fault.KindOf(err), err, "can't draw the card")
	}
	return nil
}
