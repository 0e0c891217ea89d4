package main

import (
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/server"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

func newConflicts() *cobra.Command {
	return group("conflicts", "See which tickets were let in too often, and close what was dealt with",
		newConflictsList(), newConflictsResolve())
}

func newConflictsList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List tickets that gates let in without knowing of each other",
		Long: `Lists the conflicts of an event, as the records in the data folder of a server or a
gate show them: admissions that would not have been, had their gates known what
others knew. Every node that holds the same records lists the same.`,
		Example: "  usher conflicts list\n  usher conflicts list --data /var/lib/usher/gate-north --json",
		Args:    cobra.NoArgs,
		RunE:    runConflictsList,
	}
	addOwnData(c)
	addEvent(c, false, "list this event only")
	c.Flags().Bool("open", false, "leave out what was dealt with")
	return c
}

// listed are the conflicts of an event with the event as it is now, for names.
type listed struct {
	event     *journal.Event
	conflicts []admission.Conflict
}

func runConflictsList(c *cobra.Command, _ []string) error {
	lists, err := allConflicts(c)
	if err != nil {
		return err
	}
	openOnly, err := c.Flags().GetBool("open")
	if err != nil {
		return err
	}
	all := []admission.Conflict{}
	t := newTable(c.OutOrStdout(), "CONFLICT", "EVENT", "KIND", "TICKET", "ZONE", "FIRST", "TOO MANY", "STATE")
	for _, l := range lists {
		for _, one := range l.conflicts {
			if openOnly && !one.Open {
				continue
			}
			all = append(all, one)
			t.row(one.ID, one.Event, one.Kind, one.Ticket.Short(), zoneCode(l.event, one.Zone), original(&one, l.event), duplicates(&one, l.event), openWord(one.Open))
		}
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(c.OutOrStdout(), "No conflicts.")
		return err
	}
	return t.flush()
}

// allConflicts gives the conflicts in a data folder by event.
func allConflicts(c *cobra.Command) ([]listed, error) {
	dir, who, err := dataOwner(c)
	if err != nil {
		return nil, err
	}
	if who == ofGate {
		l, err := conflictsAtGate(c, dir)
		return []listed{l}, err
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return nil, err
	}
	lists, err := conflictsAtServer(c, s, flag(c, "event"))
	return lists, joined(err, s.Close())
}

func conflictsAtGate(c *cobra.Command, dir string) (l listed, err error) {
	p, err := gate.OpenPeek(c.Context(), dir)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if wanted := flag(c, "event"); wanted != "" && wanted != p.Enrolment.Event {
		return l, fault.New(fault.NotFound, "the gate in %s is of event %s", dir, p.Enrolment.Event)
	}
	st, err := p.State(c.Context())
	if err != nil {
		return l, err
	}
	return listOf(st), nil
}

func listOf(st *state.State) listed {
	l := listed{event: st.Event(), conflicts: st.Conflicts()}
	if l.event == nil {
		l.event = &journal.Event{}
	}
	return l
}

func conflictsAtServer(c *cobra.Command, s *server.Server, event string) ([]listed, error) {
	codes := []string{event}
	if event == "" {
		var err error
		if codes, err = eventCodes(c.Context(), s); err != nil {
			return nil, err
		}
	}
	lists := make([]listed, len(codes))
	for i, code := range codes {
		st, err := s.Doors.State(c.Context(), code)
		if err != nil {
			return nil, err
		}
		lists[i] = listOf(st)
	}
	return lists, nil
}

func zoneCode(e *journal.Event, bit uint8) string {
	if z, ok := e.ZoneByBit(bit); ok {
		return z.Code
	}
	return fmt.Sprint(bit)
}

// original says what the duplicates came up against.
func original(one *admission.Conflict, e *journal.Event) string {
	switch {
	case one.Original != nil:
		return act(*one.Original, e)
	case one.Void != nil:
		return one.Void.Reason + " " + clock(one.Void.Since, e)
	}
	return "-"
}

func duplicates(one *admission.Conflict, e *journal.Event) string {
	texts := make([]string, len(one.Duplicates))
	for i, a := range one.Duplicates {
		texts[i] = act(a, e)
	}
	return strings.Join(texts, "; ")
}

// act says where and when somebody was let in, how sure the time is, and by whom.
func act(a admission.Act, e *journal.Event) string {
	text := fmt.Sprintf("%s %s ±%.1f s", a.Gate, clock(a.At, e), float64(a.Uncertainty)/1000)
	if !a.Synced {
		text = fmt.Sprintf("%s %s (clock never compared)", a.Gate, clock(a.At, e))
	}
	if a.Operator != "" {
		text += " by " + a.Operator
	}
	return text
}

// clock is a time of day in the event's zone, with the day.
func clock(unixMS int64, e *journal.Event) string {
	location, err := time.LoadLocation(e.Zone)
	if err != nil {
		location = time.UTC
	}
	return time.UnixMilli(unixMS).In(location).Format("2 Jan 15:04:05")
}

func openWord(open bool) string {
	if open {
		return "OPEN"
	}
	return "dealt with"
}

func newConflictsResolve() *cobra.Command {
	c := &cobra.Command{
		Use:   "resolve CONFLICT --why W",
		Short: "Close a conflict that a person has dealt with",
		Long: `Says in the event's journal that somebody has dealt with a conflict, so that every
gate and the live page stop showing it as open. It is kept with your name and
reason. If the ticket is let in too often once more, the conflict opens again.`,
		Example: `  usher conflicts resolve 3f9a0c41d2e7 --why "two sisters with one printout; second paid at the box office"`,
		Args:    exactly(1, "a conflict's id; usher conflicts list shows them"),
		RunE:    runConflictsResolve,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, false, "the conflict's event (default: the one that has it)")
	c.Flags().String("why", "", "what was done about it")
	c.Flags().String("by", "", "who says so (default: your user name)")
	cobra.CheckErr(c.MarkFlagRequired("why"))
	return c
}

func runConflictsResolve(c *cobra.Command, args []string) (err error) {
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	event, err := eventOfConflict(c, s, args[0])
	if err != nil {
		return err
	}
	closed, err := s.Doors.Resolve(c.Context(), event, args[0], flag(c, "why"), operator(c))
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"conflict": closed.ID, "event": event, "ticket": closed.Ticket, "resolved": true})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "Conflict %s of ticket %s is closed.\n", closed.ID, closed.Ticket.Short())
	return err
}

// operator is who stands for what a command writes.
func operator(c *cobra.Command) string {
	if by := flag(c, "by"); by != "" {
		return by
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "manager"
}

func eventOfConflict(c *cobra.Command, s *server.Server, id string) (string, error) {
	if event := flag(c, "event"); event != "" {
		return event, nil
	}
	lists, err := conflictsAtServer(c, s, "")
	if err != nil {
		return "", err
	}
	for _, l := range lists {
		for _, one := range l.conflicts {
			if one.ID == id {
				return one.Event, nil
			}
		}
	}
	return "", fault.New(fault.NotFound, "no event has a conflict %.40q", id)
}
