package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"usher/server/document"
	"usher/server/printout"
	"usher/sync/fault"
)

func newTicketsExport() *cobra.Command {
	c := &cobra.Command{
		Use:   "export --event E --format F --out DIR",
		Short: "Write tickets to files, to print or to send",
		Long: `Writes an event's tickets to a folder: one file a ticket, called after its external
id and short code, or with --one a single file. A PDF is a page to print, PNG and
SVG are the code alone, txt is for mail, and csv lists everything there is,
always as one file.

Void tickets are left out, except from csv. All files are written or none, and
none that is there is overwritten without --force. Whoever has a ticket's file
gets in on it.`,
		Example: `  usher tickets export --event HARBOUR-26 --format pdf --out tickets
  usher tickets export --event HARBOUR-26 --format pdf --paper a6 --one --out print-shop
  usher tickets export --event HARBOUR-26 --format png --out . --ticket A-1017`,
		Args: cobra.NoArgs,
		RunE: runTicketsExport,
	}
	addData(c, "server")
	addEvent(c, true, "code of the event")
	c.Flags().String("format", "", "what to write: `pdf|png|svg|txt|csv`")
	c.Flags().String("out", "", "folder `DIR` to write to; made if need be")
	c.Flags().String("paper", "a4", "size of a PDF's pages: `a4|a6`")
	c.Flags().Bool("one", false, "one file for all tickets (pdf, txt)")
	c.Flags().Bool("each", false, "one file for each ticket (the default)")
	c.Flags().StringArray("ticket", nil, "only this `TICKET`; may be given several times")
	c.Flags().Bool("force", false, "overwrite files that are there")
	needs(c, "format", "out")
	c.MarkFlagsMutuallyExclusive("one", "each")
	return c
}

func runTicketsExport(c *cobra.Command, _ []string) (err error) {
	order, err := printOrder(c)
	if err != nil {
		return err
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := newProgress(c)
	report, err := printout.New(s.Tickets, s.Catalog, s.Now).Print(c.Context(), order, func(done, total int) {
		p.tell("writing", done, total)
	})
	p.end()
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	return printReport(c, report)
}

func printOrder(c *cobra.Command) (printout.Order, error) {
	o := printout.Order{
		Event: flag(c, "event"), Format: printout.Format(strings.ToLower(flag(c, "format"))),
		Paper: document.Paper(strings.ToUpper(flag(c, "paper"))), Dir: flag(c, "out"),
	}
	o.One, o.Force = isSet(c, "one"), isSet(c, "force")
	if isSet(c, "each") && o.Format == printout.CSV {
		return o, fault.New(fault.BadInput, "--each: a csv file holds all tickets")
	}
	var err error
	o.Tickets, err = c.Flags().GetStringArray("ticket")
	return o, err
}

func printReport(c *cobra.Command, r printout.Report) error {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s: %s in %s in %s\n", r.Event, counted(r.Tickets, "ticket"), counted(len(r.Files), "file"), printable(r.Dir))
	if r.Void > 0 {
		fmt.Fprintf(out, "%s left out\n", counted(r.Void, "void ticket"))
	}
	const few = 3
	for _, name := range r.Files[:min(few, len(r.Files))] {
		fmt.Fprintf(out, "  %s\n", name)
	}
	if len(r.Files) > few {
		fmt.Fprintln(out, "  …")
	}
	return nil
}
