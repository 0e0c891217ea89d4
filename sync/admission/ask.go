package admission

import (
	"slices"
	"strconv"
	"strings"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// Confirmable lists the reasons of an ask that a person confirms.
func Confirmable() []Reason { return []Reason{StaleList, Unpaid} }

// checkPaid refuses a ticket that is not paid for. A gate that may take the money
// asks; once a person has confirmed it, the entry says so.
func checkPaid(s *scan) outcome {
	if !s.p.Unpaid {
		return outcome{}
	}
	s.verdict.Details.Due, s.verdict.Details.Currency = s.p.Due, s.p.Currency
	switch {
	case !s.c.Gate.TakesUnpaid:
		s.hint(takesPayment)
		return refuse(Unpaid)
	case !slices.Contains(s.p.Confirmed, Unpaid):
		return outcome{Ask, Unpaid}
	}
	s.flag(FlagPaidHere)
	return outcome{}
}

// takesPayment reports whether an unpaid ticket can be paid for at a gate, and
// comes in there.
func takesPayment(e *journal.Event, g journal.Gate, claims ticket.Claims) bool {
	return g.TakesUnpaid && Admits(e, g, claims)
}

// checkCapacity refuses an entry into a zone that is full, as far as the gate
// knows.
func checkCapacity(s *scan) outcome {
	zone, known := s.c.Event.ZoneByBit(s.c.Gate.Zone)
	if !known || zone.Capacity == 0 || s.c.Inside < int(zone.Capacity) {
		return outcome{}
	}
	d := &s.verdict.Details
	d.Inside, d.Capacity, d.InsideAge = s.c.Inside, int(zone.Capacity), s.c.InsideAge
	return refuse(ZoneFull)
}

// checkQuestions asks what the organiser wants to know, until every question has
// an answer that will do. A device at which nobody stands lets it pass.
func checkQuestions(s *scan) outcome {
	if s.product == nil {
		return outcome{}
	}
	var open []journal.Question
	for _, q := range s.product.Questions {
		if answer, given := s.p.Answers[q.Code]; !given || !GoodAnswer(q, answer) {
			open = append(open, q)
		}
	}
	switch {
	case len(open) == 0:
		return outcome{}
	case s.p.Kiosk:
		s.flag(FlagNotAsked)
		return outcome{}
	}
	s.verdict.Details.Questions = open
	return outcome{Ask, Questions}
}

// Kinds of questions (journal.Question.Kind). An unknown kind takes any text.
const (
	QuestionText   = "text"
	QuestionNumber = "number"
	QuestionYesNo  = "yes_no"
	QuestionChoice = "choice"
)

// GoodAnswer reports whether an answer will do: one of the question's kind, or
// none where none is required.
func GoodAnswer(q journal.Question, answer string) bool {
	answer = strings.TrimSpace(answer)
	if answer == "" {
		return !q.Required
	}
	switch {
	case len(answer) > journal.MaxAnswer:
		return false
	case q.Kind == QuestionNumber:
		_, err := strconv.ParseFloat(strings.Replace(answer, ",", ".", 1), 64)
		return err == nil && strings.Trim(answer, "0123456789.,+-") == ""
	case q.Kind == QuestionYesNo:
		return answer == "yes" || answer == "no"
	case q.Kind == QuestionChoice:
		return slices.Contains(q.Choices, answer)
	}
	return true
}

// attention adds the organiser's words for the door, once it is known whose
// ticket it is.
func (s *scan) attention() {
	if s.product == nil {
		return
	}
	s.verdict.Details.Texts = append(s.verdict.Details.Texts, s.p.Notes...)
	if s.product.Text != "" {
		s.verdict.Details.Texts = append(s.verdict.Details.Texts, s.product.Text)
	}
	if s.product.Attention {
		s.flag(FlagAttention)
	}
}
