package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/crypto/grant"
	"usher/server"
	"usher/server/document"
	"usher/server/doors"
	"usher/sync/fault"
)

func newGateCard() *cobra.Command {
	c := &cobra.Command{
		Use:   "card --event E --gate G --role R",
		Short: "Make an enrolment card for one device",
		Long: `Makes a card that admits one device to a gate, once. Show its QR code to the
device, or type the code from it. Whoever has the card can become that gate: hand it
over like a key. The server has to run when the card is used.

  scanner      scans tickets
  supervisor   scans and reads the guest list; the role that overrides are meant for
  box-office   scans and reads the guest list
  kiosk        scans, with nobody beside it who could be asked anything`,
		Example: `  usher gate card --event HARBOUR-26 --gate north --role scanner
  usher gate card --event HARBOUR-26 --gate north --ttl 10m --server https://tickets.example --out north.pdf`,
		Args: cobra.NoArgs,
		RunE: runGateCard,
	}
	addData(c, "server")
	addEvent(c, true, "code of the event")
	c.Flags().String("gate", "", "code of the gate")
	c.Flags().String("role", string(grant.RoleScanner), "what the device may do: scanner, supervisor, box-office or kiosk")
	c.Flags().Duration("ttl", doors.DefaultCardLife, "how long the card can be used, as in 10m or 1h")
	c.Flags().String("server", "", "`URL` under which the device reaches the server (default: where it was started last)")
	addOutput(c, "out", "write the card to `FILE`, a .pdf to print or a .png of the code alone")
	needs(c, "gate")
	return c
}

func runGateCard(c *cobra.Command, _ []string) (err error) {
	role, err := grant.ParseRole(flag(c, "role"))
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "--role")
	}
	out := flag(c, "out")
	if out != "" {
		// Before the card is made: one that nobody gets to see can't be found again.
		if err := checkCardFile(c, out); err != nil {
			return err
		}
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = joined(err, s.Close()) }()
	card, err := newCard(c, s, role)
	if err != nil {
		return err
	}
	sheet, err := cardSheet(c.Context(), s, card)
	if err != nil {
		return err
	}
	if out != "" {
		if err := writeNew(c, out, 0o600, func(w io.Writer) error { return drawCard(w, out, sheet) }); err != nil {
			return err
		}
	}
	return printCard(c, card, sheet)
}

func newCard(c *cobra.Command, s *server.Server, role grant.Role) (card grant.Card, err error) {
	address := flag(c, "server")
	if address == "" {
		if address, err = s.NotedURL(c.Context()); err != nil {
			return card, err
		}
	}
	life, err := c.Flags().GetDuration("ttl")
	if err != nil {
		return card, err
	}
	return s.Doors.NewCard(c.Context(), address, flag(c, "event"), flag(c, "gate"), role, life)
}

// cardSheet is the card as it is drawn.
func cardSheet(ctx context.Context, s *server.Server, card grant.Card) (document.Card, error) {
	e, err := s.Catalog.Event(ctx, card.Event)
	if err != nil {
		return document.Card{}, err
	}
	return document.Card{
		EventName: e.Name, Gate: card.Gate, Role: string(card.Role), Server: card.Server,
		Expires: e.Local(card.Expires).Format(minute), Text: card.Text(), Typed: card.Typed(),
	}, nil
}

func checkCardFile(c *cobra.Command, path string) error {
	if ext := filepath.Ext(path); ext != ".pdf" && ext != ".png" {
		return fault.New(fault.BadInput, "--out %s: want a name that ends in .pdf or .png", path)
	}
	return inTheWay(c, path)
}

// cardPixels is the least width of a card's picture.
const cardPixels = 480

func drawCard(w io.Writer, path string, sheet document.Card) error {
	if filepath.Ext(path) == ".png" {
		return document.PNG(w, sheet.Text, cardPixels)
	}
	return document.CardsPDF(w, []document.Card{sheet}, document.Options{})
}

func printCard(c *cobra.Command, card grant.Card, sheet document.Card) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{
			"card": card.Text(), "typed": card.Typed(), "event": card.Event, "gate": card.Gate, "role": card.Role,
			"server": card.Server, "expires": time.Unix(card.Expires, 0).UTC(),
		})
	}
	blocks := document.NoBlocks
	if out, isFile := c.OutOrStdout().(*os.File); isFile && term.IsTerminal(int(out.Fd())) {
		blocks = document.DarkGround
	}
	return document.CardText(c.OutOrStdout(), sheet, blocks)
}
