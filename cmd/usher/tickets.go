package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/money"
)

func newTickets() *cobra.Command {
	return group("tickets", "Issue tickets from a list of people, print them, void them",
		newTicketsImport(), newTicketsExport(), newTicketsShow(), newTicketsRevoke(), newTicketsReissue())
}

const whichTicket = "a ticket: its short code, id, external id or whole code"

func newTicketsShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show TICKET",
		Short: "Show a ticket",
		Long: `Shows a ticket. TICKET is its short code, its id in hexadecimal, the external id
from the list it was imported from, or the whole code (UT1:…).`,
		Example: "  usher tickets show A-1017\n  usher tickets show 2W5G-T0QR-7XKPM8 --json",
		Args:    exactly(1, whichTicket),
		RunE: func(c *cobra.Command, args []string) error {
			return onTicket(c, args[0], withoutKeys, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) { return t, nil })
		},
	}
	addData(c, "server")
	addEvent(c, false, "look for the ticket in this event only")
	return c
}

func newTicketsRevoke() *cobra.Command {
	c := &cobra.Command{
		Use:   "revoke TICKET --why W",
		Short: "Void a ticket for good",
		Long: `Voids a ticket: once a gate has heard of it, no code of the ticket is let in there.
The reason is shown at the door. Revoking a ticket again changes nothing.`,
		Example: `  usher tickets revoke A-1017 --why "paid back on 2 July"
  usher tickets revoke 2W5G-T0QR-7XKPM8 --why "card was stolen" --as blocked`,
		Args: exactly(1, whichTicket),
		RunE: func(c *cobra.Command, args []string) error {
			state, err := voidState(flag(c, "as"))
			if err != nil {
				return err
			}
			return onTicket(c, args[0], needsKeys, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
				return s.Tickets.Revoke(c.Context(), t, state, flag(c, "why"))
			})
		},
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, false, "look for the ticket in this event only")
	c.Flags().String("why", "", "the reason, as the door shows it")
	c.Flags().String("as", string(ticketing.Revoked), "what the ticket is from now on: revoked, cancelled or blocked")
	needs(c, "why")
	return c
}

func voidState(text string) (ticketing.State, error) {
	switch s := ticketing.State(text); s {
	case ticketing.Revoked, ticketing.Cancelled, ticketing.Blocked:
		return s, nil
	}
	return "", fault.New(fault.BadInput, "--as %q: want revoked, cancelled or blocked", text)
}

func newTicketsReissue() *cobra.Command {
	c := &cobra.Command{
		Use:   "reissue TICKET",
		Short: "Make a new code for a ticket and void the one before",
		Long: `Makes a new code for a ticket, for a lost phone or a misprint. The ticket keeps its
id and its past; its earlier codes are void from the moment a gate hears of it.
Print the new one with usher tickets export --ticket.`,
		Example: `  usher tickets reissue A-1017 --why "lost phone"`,
		Args:    exactly(1, whichTicket),
		RunE: func(c *cobra.Command, args []string) error {
			return onTicket(c, args[0], needsKeys, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
				return s.Tickets.Reissue(c.Context(), t, flag(c, "why"))
			})
		},
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, false, "look for the ticket in this event only")
	c.Flags().String("why", "", "the reason, kept with the ticket")
	return c
}

// onTicket finds a ticket, does something with it and prints what came of it.
func onTicket(c *cobra.Command, name string, keys keyNeed, do func(*server.Server, ticketing.Ticket) (ticketing.Ticket, error)) (err error) {
	s, err := openServer(c, keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	t, err := s.Tickets.Find(c.Context(), flag(c, "event"), name)
	if err != nil {
		return err
	}
	if t, err = do(s, t); err != nil {
		return err
	}
	e, err := s.Catalog.Event(c.Context(), t.Event)
	if err != nil {
		return err
	}
	return printTicket(c, e, t)
}

// shownTicket is a ticket for machines.
type shownTicket struct {
	ticketing.Ticket
	ID    string `json:"id"`
	Short string `json:"short_code"`
}

func printTicket(c *cobra.Command, e *catalog.Event, t ticketing.Ticket) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), shownTicket{Ticket: t, ID: t.ID.String(), Short: t.ID.Short()})
	}
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
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(c.OutOrStdout(), "%-11s %s\n", p[0], printable(p[1]))
		}
	}
	return nil
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

func newTicketsImport() *cobra.Command {
	c := &cobra.Command{
		Use:   "import --event E FILE.csv",
		Short: "Issue tickets to the people of a list",
		Long: `Issues a ticket to each row of a CSV file with a header row: external_id, name,
email, product and, where wanted, seat, zone, valid_from, valid_until, admissions,
order, note, paid, in any order, with commas or semicolons, in UTF-8. The whole
list is taken, or, with an error that names lines and columns, nothing of it.

The order is what people look a ticket up by, the note is shown at the door at
each scan, paid is yes or no, and yes where nothing is said.

Importing a list again adds what is new and changes names, addresses, orders,
notes and whether a ticket is paid for. A column that the list doesn't have, and
an empty cell of paid, leave that as it is. What is in a code (product, seat,
zones, times, admissions) needs a new code to change: usher tickets change.`,
		Example: `  usher tickets import --event HARBOUR-26 guests.csv
  crm-export | usher tickets import --event HARBOUR-26 -`,
		Args: exactly(1, "a CSV file, or - for standard input"),
		RunE: runTicketsImport,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
	return c
}

func runTicketsImport(c *cobra.Command, args []string) (err error) {
	name, file, err := openFile(c, args[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	started, p := time.Now(), newProgress(c)
	report, err := s.Tickets.Import(c.Context(), flag(c, "event"), name, file, func(step ticketing.Step, done, total int) {
		p.tell(string(step), done, total)
	})
	p.end()
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s; %s issued, %d updated, %d unchanged (%s)\n", report.Event, counted(report.Rows, "row"),
		counted(report.Issued, "ticket"), report.Updated, report.Unchanged, time.Since(started).Round(time.Millisecond))
	return err
}
