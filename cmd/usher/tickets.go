package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/money"
)

func newTickets() *cobra.Command {
	return group("tickets", "Issue tickets, print them, change them, void them",
		newTicketsImport(), newTicketsIssue(), newTicketsExport(), newTicketsShow(), newTicketsTest(),
		newTicketsReissue(), newTicketsTransfer(), newTicketsChange(), newTicketsBill(),
		newTicketsRevoke(), newTicketsCancel(), newTicketsBlock(), newTicketsUnblock(), newTicketsReactivate())
}

const whichTicket = "a ticket: its short code, id, external id or whole code"

// onOne makes a command that finds one ticket, does something with it that the
// server signs, and prints what came of it.
func onOne(c *cobra.Command, do func(*server.Server, ticketing.Ticket) (ticketing.Ticket, error)) {
	c.Args = exactly(1, whichTicket)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withTicket(c, args[0], needsKeys, func(s *server.Server, e *catalog.Event, t ticketing.Ticket) error {
			t, err := do(s, t)
			if err != nil {
				return err
			}
			return printTicket(c, e, t)
		})
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, false, "look for the ticket in this event only")
}

// addWhy adds the reason of a change that the door does not show.
func addWhy(c *cobra.Command) { c.Flags().String("why", "", "the reason, kept with the ticket") }

// withTicket finds a ticket and its event, and does something with them.
func withTicket(c *cobra.Command, name string, keys keyNeed, do func(*server.Server, *catalog.Event, ticketing.Ticket) error) (err error) {
	s, err := openServer(c, keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	t, err := s.Tickets.Find(c.Context(), flag(c, "event"), name)
	if err != nil {
		return err
	}
	e, err := s.Catalog.Event(c.Context(), t.Event)
	if err != nil {
		return err
	}
	return do(s, e, t)
}

// shownTicket is a ticket for machines.
type shownTicket struct {
	ticketing.Ticket
	ID    string `json:"id"`
	Short string `json:"short_code"`
}

func shown(t ticketing.Ticket) shownTicket {
	return shownTicket{Ticket: t, ID: t.ID.String(), Short: t.ID.Short()}
}

func printTicket(c *cobra.Command, e *catalog.Event, t ticketing.Ticket) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), shown(t))
	}
	printFacts(c.OutOrStdout(), e, t)
	return nil
}

// printFacts shows people a ticket as it is.
func printFacts(w io.Writer, e *catalog.Event, t ticketing.Ticket) {
	product, _ := e.ProductByNumber(t.Product)
	pairs := [][2]string{
		{"ticket", t.ID.Short() + "  (" + t.ID.String() + ")"},
		{"event", t.Event + "  " + e.Name},
		{"person", strings.TrimSpace(t.External + "  " + t.Name + "  " + t.Email)},
		{"order", t.Order},
		{"product", product.Name},
		{"seat", t.Seat},
		{"zones", zoneCodes(e, t.Zones)},
		{"good from", local(e, t.NotBefore)},
		{"good until", local(e, t.Expires)},
		{"admits", fmt.Sprint(max(t.Admissions, 1))},
		{"issue", fmt.Sprintf("%d, signed with key %s", int(t.Generation)+1, t.Key)},
		{"state", strings.TrimSuffix(string(t.State)+": "+t.Why, ": ")},
		{"paid", payment(t)},
		{"note", t.Note},
		{"changed", t.Changed.In(e.Location).Format(minute)},
		{"code", t.Token},
	}
	printPairs(w, pairs)
}

// printPairs prints names and values, but no empty ones.
func printPairs(w io.Writer, pairs [][2]string) {
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(w, "%-11s %s\n", p[0], printable(p[1]))
		}
	}
}

// payment says whether a ticket is paid for, where it isn't.
func payment(t ticketing.Ticket) string {
	switch {
	case !t.Unpaid:
		return ""
	case t.Due == 0:
		return "no"
	}
	return "no: " + money.Format(t.Due, t.Currency) + " due"
}

func local(e *catalog.Event, unix int64) string {
	if unix == 0 {
		return ""
	}
	return e.Local(unix).Format(minute)
}
