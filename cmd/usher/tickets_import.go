package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"usher/server/ticketing"
)

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
