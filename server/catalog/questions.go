package catalog

import (
	"slices"
	"strings"

	"usher/sync/admission"
	"usher/sync/journal"
)

// maxChoice bounds one choice of a question, in bytes.
const maxChoice = 100

// kindsOfQuestions are what a question may ask for.
var kindsOfQuestions = []string{admission.QuestionText, admission.QuestionNumber, admission.QuestionYesNo, admission.QuestionChoice}

// Where a question is asked.
const (
	askedAtGate     = "gate"
	askedAtCheckout = "checkout"
)

// questions reads what is asked of holders of the product at in: by a gate before
// it lets them in, and at checkout. product is how people know it.
func (f *finder) questions(in, product string, tables []questionTable) (gate, checkout []journal.Question) {
	if len(tables) > journal.MaxQuestions {
		f.blame(in+".question", product, "it has %d questions, want at most %d", len(tables), journal.MaxQuestions)
	}
	taken := codes{kind: "question", in: in, of: product}
	for i, t := range tables {
		path, label := element(in+".question", i), taken.take(f, i, t.Code)
		q := journal.Question{
			Code: t.Code, Kind: admission.QuestionText, Required: t.Required,
			Text: f.line(path+".text", label+".text", t.Text, maxDoorText, true),
		}
		if t.Kind != nil {
			q.Kind = *t.Kind
			if !slices.Contains(kindsOfQuestions, q.Kind) {
				f.blame(path+".kind", label+".kind", "%.40q is no kind of answer: want one of %s", q.Kind, strings.Join(kindsOfQuestions, ", "))
			}
		}
		q.Choices = f.choices(path+".choices", label+".choices", q.Kind, t.Choices)
		switch asked := t.Asked; {
		case asked == nil || *asked == askedAtGate:
			gate = append(gate, q)
		case *asked == askedAtCheckout:
			checkout = append(checkout, q)
		default:
			f.blame(path+".asked", label+".asked", "%.40q is no place to ask: want gate or checkout", *asked)
		}
	}
	return gate, checkout
}

// choices reads what a holder may answer.
func (f *finder) choices(path, label, kind string, texts []string) []string {
	switch n := len(texts); {
	case kind != admission.QuestionChoice && n > 0:
		f.blame(path, label, "only a question of the kind choice has choices, this one is of the kind %.40q", kind)
		return nil
	case kind == admission.QuestionChoice && (n < 2 || n > journal.MaxChoices):
		f.blame(path, label, "it has %d, want 2 to %d", n, journal.MaxChoices)
	}
	var list []string
	for i, text := range texts {
		text = f.line(element(path, i), label, text, maxChoice, true)
		if text != "" && slices.Contains(list, text) {
			f.blame(element(path, i), label, "%.60q stands in it twice", text)
		}
		list = append(list, text)
	}
	return list
}
