package door

import (
	"net/http"

	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
)

// forVisitor is what a kiosk gets of an answer: whether somebody may pass, and what
// an agent has to be told again. Nothing of whose ticket it is, of its past, of other
// gates or of the organiser's words for the door leaves the agent, so no page and no
// program can show it.
func forVisitor(a Answer) Answer {
	return Answer{
		Outcome: turnstile.Outcome{
			Verdict: admission.Verdict{Result: a.Result, Reason: a.Reason, Ticket: a.Ticket},
			Record:  a.Record, Seq: a.Seq, Short: a.Short, Took: a.Took, Training: a.Training,
		},
		Look: a.Look, Text: a.Text,
		Display: Display{Tone: a.Display.Tone, Shape: a.Display.Shape, Word: a.Display.Word},
	}
}

// seen is the gate's state as the page of who asks may show it.
func (d *Door) seen(r *http.Request) Status {
	status := d.Status(r.Context())
	if d.Desk.Peek(d.token(r)).Visitor() {
		return status.forVisitors()
	}
	return status
}

// forVisitors is what a kiosk gets of the gate's state: how it stands itself, and
// nothing of other gates, of people who were let in twice, or of what is wrong.
func (s Status) forVisitors() Status {
	s.Unheard, s.Conflicts, s.Withheld = 0, 0, 0
	s.Assurance, s.Faults, s.Links = journal.Assurance{}, nil, nil
	return s
}
