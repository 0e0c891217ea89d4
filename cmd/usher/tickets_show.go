package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/catalog"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/journal"
)

func newTicketsShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show TICKET",
		Short: "Show a ticket and its whole story",
		Long: `Shows a ticket, and what became of it: when it was issued, changed and voided, and
each time that it was held before a gate, as far as the gates' records have come in.
Times are local to the event. TICKET is its short code, its id in hexadecimal, the
external id from the list it was imported from, or the whole code (UT1:…).`,
		Example: "  usher tickets show A-1017\n  usher tickets show 2W5G-T0QR-7XKPM8 --json",
		Args:    exactly(1, whichTicket),
		RunE: func(c *cobra.Command, args []string) error {
			return withTicket(c, args[0], withoutKeys, func(s *server.Server, e *catalog.Event, t ticketing.Ticket) error {
				told, err := storyOf(c, s, t)
				if err != nil {
					return err
				}
				if wantsJSON(c) {
					return printJSON(c.OutOrStdout(), struct {
						shownTicket
						Story story `json:"story"`
					}{shown(t), told})
				}
				printFacts(c.OutOrStdout(), e, t)
				return told.print(c.OutOrStdout(), e)
			})
		},
	}
	addData(c, "server")
	addEvent(c, false, "look for the ticket in this event only")
	return c
}

// story is what became of a ticket.
type story struct {
	Changes  []ticketing.Change  `json:"changes"`         // by the organiser
	Hands    []ticketing.Passage `json:"hands,omitempty"` // that it went through
	Passages []admission.Act     `json:"passages"`        // scans and undos, in the agreed order
}

func storyOf(c *cobra.Command, s *server.Server, t ticketing.Ticket) (told story, err error) {
	if told.Changes, err = s.Tickets.Story(c.Context(), t); err != nil {
		return told, err
	}
	hands, err := s.Tickets.Passages(c.Context(), t.Event, t.ID)
	if err != nil {
		return told, err
	}
	told.Hands = hands[t.ID]
	st, err := s.Doors.State(c.Context(), t.Event)
	if err != nil {
		return told, err
	}
	told.Passages = st.Past(journal.TicketID(t.ID))
	if told.Passages == nil {
		told.Passages = []admission.Act{}
	}
	return told, nil
}

// line is one line of a story.
type line struct {
	at                    time.Time
	what, where, who, why string
}

func (told story) print(w io.Writer, e *catalog.Event) error {
	var lines []line
	for _, c := range told.Changes {
		lines = append(lines, line{c.At, changeWords(c), "", "", c.Why})
	}
	for _, h := range told.Hands {
		lines = append(lines, line{h.At, fmt.Sprintf("from %s to %s", person(h.From), person(h.To)), "", "", string(h.How)})
	}
	for _, a := range told.Passages {
		lines = append(lines, line{time.UnixMilli(a.At), passageWords(a), strings.TrimSpace(a.Gate + " " + string(a.Direction)), a.Operator, ""})
	}
	// The agreed order is kept among passages of one moment.
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	fmt.Fprintln(w)
	t := newTable(w, "WHEN", "WHAT", "WHERE", "WHO", "WHY")
	for _, l := range lines {
		t.row(l.at.In(e.Location).Format(time.DateTime), l.what, l.where, l.who, l.why)
	}
	return t.flush()
}

// person says who has or had a ticket.
func person(h ticketing.Holder) string {
	if h.Email == "" {
		return h.Name
	}
	return strings.TrimSpace(h.Name + " <" + h.Email + ">")
}

func changeWords(c ticketing.Change) string {
	text := c.What
	if c.NewCode() {
		text = fmt.Sprintf("new code, issue %d", int(c.Generation)+1)
	}
	if len(c.Changed) > 0 {
		text += ": " + strings.Join(c.Changed, ", ")
	}
	return text
}

// passageWords says what came of an attempt to pass.
func passageWords(a admission.Act) string {
	text := map[admission.Result]string{
		admission.Accept: string(a.Reason), admission.AcceptRepeat: string(a.Reason), admission.Undo: "taken back",
		admission.Reject: "refused: " + string(a.Reason), admission.Ask: "asked: " + string(a.Reason), admission.Cannot: "not decided: " + string(a.Reason),
	}[a.Result]
	if text == "" {
		text = string(a.Result)
	}
	for _, mark := range []struct {
		on   bool
		text string
	}{{a.Forced, "by override"}, {a.Undone, "later taken back"}, {a.SetAside, "does not count"}, {!a.Synced, "clock never compared"}} {
		if mark.on {
			text += ", " + mark.text
		}
	}
	return text
}
