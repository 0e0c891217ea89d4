package site

import (
	"errors"
	"fmt"
	"net/url"

	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Problem is what is wrong with a field of a form, in words.
type Problem struct{ Field, Text string }

// Problems is all that is wrong with a form, in its order.
type Problems []Problem

// Wrong says what is wrong with a field; "" for nothing.
func (p Problems) Wrong(field string) string {
	for _, one := range p {
		if one.Field == field {
			return one.Text
		}
	}
	return ""
}

// BadField is a field of a form, and what is wrong with it.
type BadField struct {
	Problem
	First bool // of all with which something is wrong: it gets the focus
}

// Bad gives a field with what is wrong with it, if anything is.
func (p Problems) Bad(field string) BadField {
	return BadField{Problem{field, p.Wrong(field)}, len(p) > 0 && p[0].Field == field}
}

// Faults lists the errors that one is made of.
func Faults(err error) (list []*fault.Error) {
	if all, is := err.(interface{ Unwrap() []error }); is {
		for _, one := range all.Unwrap() {
			list = append(list, Faults(one)...)
		}
		return list
	}
	if one, is := errors.AsType[*fault.Error](err); is {
		list = append(list, one)
	} else if inner := errors.Unwrap(err); inner != nil {
		return Faults(inner)
	}
	return list
}

// Question is a question of the organiser's as a form asks it of a ticket.
type Question struct {
	journal.Question
	BadField
	Given   string
	Choices []Option // none: it is written
	Choose  string   // what is said of no choice
	Foreign string   // the language of the question, where it isn't the page's
}

// Option is an answer that may be chosen.
type Option struct{ Value, Text string }

// Ask puts a question of an event in words, of the nth ticket of a form. own is the
// event's language; yes and no are in the page's, all other choices as the organiser
// wrote them.
func (s Speech) Ask(q journal.Question, n int, own, given string, wrong Problems) Question {
	asked := Question{Question: q, BadField: wrong.Bad(AnswerField(n, q.Code)), Given: given, Choose: s.T("order.choose"), Foreign: s.Foreign(own)}
	for _, choice := range q.Choices {
		asked.Choices = append(asked.Choices, Option{choice, choice})
	}
	if q.Kind == admission.QuestionYesNo {
		asked.Choices = []Option{{"yes", s.T("order.answer.yes")}, {"no", s.T("order.answer.no")}}
	}
	return asked
}

// AnswerField names the field of an answer, of the nth ticket of a form.
func AnswerField(n int, question string) string { return fmt.Sprintf("h.%d.a.%s", n, question) }

// Answers reads what a form says to questions of its nth ticket, by their codes.
func Answers(form url.Values, n int, questions []journal.Question) (given map[string]string) {
	for _, q := range questions {
		if text := form.Get(AnswerField(n, q.Code)); text != "" {
			if given == nil {
				given = map[string]string{}
			}
			given[q.Code] = text
		}
	}
	return given
}
