package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// issueFlags are the flags of usher tickets issue that say what a row of a list
// would, each called after its column.
var issueFlags = []struct{ column, usage string }{
	{"external_id", "your own id for the ticket, of no other ticket of the event"},
	{"name", "name of the holder"},
	{"email", "e-mail address of the holder"},
	{"product", "code of the product"},
	{"seat", "the seat, in plain ASCII"},
	{"zone", "codes of zones, separated by spaces (default: the product's)"},
	{"valid_from", "`TIME` from when it is good, the event's local time"},
	{"valid_until", "`TIME` until when it is good"},
	{"admissions", "`NUMBER` of people that it admits (default: 1)"},
	{"order", "what people know the order by"},
	{"note", "what the door is told at each scan"},
	{"paid", "whether it is paid for: `yes|no` (default: yes)"},
}

func newTicketsIssue() *cobra.Command {
	c := &cobra.Command{
		Use:   "issue --event E --external-id ID --name N --product P",
		Short: "Issue one ticket, as at a box office",
		Long: `Issues one ticket. The flags say what the columns of a list would say; see usher
tickets import. An external id that the event has already is refused.`,
		Example: `  usher tickets issue --event HARBOUR-26 --external-id BOX-1 --name "Ada Lovelace" --product standing
  usher tickets issue --event HARBOUR-26 --external-id BOX-2 --name "Zoë Ögren" --product seated --seat "Row 1 Seat 4" --paid no`,
		Args: cobra.NoArgs,
		RunE: runTicketsIssue,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
	for _, f := range issueFlags {
		c.Flags().String(flagOf(f.column), "", f.usage)
	}
	needs(c, "external-id", "name", "product")
	return c
}

func runTicketsIssue(c *cobra.Command, _ []string) (err error) {
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	row := make(map[string]string, len(issueFlags))
	for _, f := range issueFlags {
		row[f.column] = flag(c, flagOf(f.column))
	}
	person, err := s.Tickets.Attendee(c.Context(), flag(c, "event"), row)
	if err != nil {
		return byFlag(err)
	}
	t, err := s.Tickets.Issue(c.Context(), flag(c, "event"), person)
	if err != nil {
		return err
	}
	e, err := s.Catalog.Event(c.Context(), t.Event)
	if err != nil {
		return err
	}
	return printTicket(c, e, t)
}
