package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/catalog"
	"usher/sync/fault"
)

func newEvent() *cobra.Command {
	return group("event", "Set up events from their files, and look at them", newEventApply(), newEventList(), newEventShow(),
		newEventCallOff(), newEventMove(), newEventSellAgain(), newEventProgress())
}

func newEventApply() *cobra.Command {
	c := &cobra.Command{
		Use:   "apply FILE",
		Short: "Make the server say what an event file says",
		Long: `Reads an event file (TOML; docs/event-file.md) and makes the server's data say the
same: products, zones, gates and rules, and what is sold. All that is wrong with a file is named by
file, line, column and field, and then nothing is changed. Applying a file that
changes nothing writes nothing.

Where there are no data yet they are made, with the organiser's keys, which are
sealed with the passphrase. There is no way to get tickets out of the data without
it: keep it.`,
		Example: `  usher event apply harbour-nights.toml
  usher event apply harbour-nights.toml --data /srv/usher --passphrase-file /run/secrets/usher --organiser "Pier 7"`,
		Args: exactly(1, "an event file, or - for standard input"),
		RunE: runEventApply,
	}
	addData(c, "server")
	addPassphrase(c)
	addOrganiser(c)
	return c
}

func addOrganiser(c *cobra.Command) {
	c.Flags().String("organiser", "", "`NAME` of the organiser in the key ring of new data")
}

func runEventApply(c *cobra.Command, args []string) error {
	name, file, err := readFile(c, args[0], catalog.MaxFile)
	if err != nil {
		return err
	}
	spec, err := catalog.ParseFile(name, file)
	if err != nil {
		return err
	}
	folder := "."
	if args[0] != "-" {
		folder = filepath.Dir(args[0])
	}
	if err := spec.ReadPicture(os.DirFS(folder)); err != nil {
		return err
	}
	cfg, err := serverData(c)
	if err != nil {
		return err
	}
	cfg.Organiser, cfg.Log = flag(c, "organiser"), quietLog(c)
	s, err := openServerIn(c, cfg, needsKeys)
	if err != nil {
		return err
	}
	report, err := s.Catalog.Apply(c.Context(), spec)
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), report)
	}
	_, err = fmt.Fprintln(c.OutOrStdout(), lines(report.String()))
	return err
}

// lines is printable for text of several lines.
func lines(text string) string {
	list := strings.Split(text, "\n")
	for i, line := range list {
		list[i] = printable(line)
	}
	return strings.Join(list, "\n")
}

func newEventList() *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the events", Args: cobra.NoArgs, RunE: runEventList,
		Example: "  usher event list\n  usher event list --json",
	}
	addData(c, "server")
	return c
}

// listedEvent is an event in a list.
type listedEvent struct {
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Venue     string    `json:"venue,omitempty"`
	Starts    time.Time `json:"starts"`
	Ends      time.Time `json:"ends"`
	Rehearsal bool      `json:"rehearsal,omitempty"`
	Tickets   int       `json:"tickets"`
}

func runEventList(c *cobra.Command, _ []string) error {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	list, err := listEvents(c, s)
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), list)
	}
	t := newTable(c.OutOrStdout(), "EVENT", "NAME", "VENUE", "STARTS", "TICKETS")
	for _, e := range list {
		t.row(e.Code, e.Name+rehearsal(e.Rehearsal), e.Venue, e.Starts.Format(minute), e.Tickets)
	}
	return t.flush()
}

func listEvents(c *cobra.Command, s *server.Server) ([]listedEvent, error) {
	events, err := s.Catalog.Events(c.Context())
	if err != nil {
		return nil, err
	}
	list := make([]listedEvent, len(events))
	for i, e := range events {
		n, err := s.Tickets.Count(c.Context(), e.Code)
		if err != nil {
			return nil, err
		}
		list[i] = listedEvent{
			Code: e.Code, Name: e.Name, Venue: e.Venue, Starts: e.Local(e.Starts), Ends: e.Local(e.Ends), Rehearsal: e.Rehearsal, Tickets: n,
		}
	}
	return list, nil
}

func rehearsal(is bool) string {
	if is {
		return " (rehearsal)"
	}
	return ""
}

// minute is how tables show a time, to the minute and with its zone.
const minute = "2006-01-02 15:04 MST"

// onlyEvent gives the event that --event names, or the only one that there is.
func onlyEvent(c *cobra.Command, s *server.Server) (string, error) {
	if code := flag(c, "event"); code != "" {
		_, err := s.Catalog.Event(c.Context(), code)
		return code, err
	}
	events, err := s.Catalog.Events(c.Context())
	switch {
	case err != nil:
		return "", err
	case len(events) == 0:
		return "", fault.New(fault.NotFound, "there is no event yet; its file makes one: usher event apply FILE")
	case len(events) > 1:
		return "", fault.New(fault.BadInput, "there are %d events; say which one with --event", len(events))
	}
	return events[0].Code, nil
}
