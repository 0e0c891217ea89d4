package ticketing

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Answers are a holder's answers to the organiser's questions: a JSON object of texts
// by the code of the question, or "". Make them with AnswersOf.
type Answers string

// AnswersOf gives the answers of a map by the code of the question.
func AnswersOf(byQuestion map[string]string) Answers {
	if len(byQuestion) == 0 {
		return ""
	}
	b, err := json.Marshal(byQuestion)
	if err != nil {
		return "" // a map of texts can always be written
	}
	return Answers(b)
}

// ByQuestion gives the answers by the code of the question.
func (a Answers) ByQuestion() (m map[string]string) {
	if a != "" && json.Unmarshal([]byte(a), &m) != nil {
		return nil // nothing but AnswersOf writes them
	}
	return m
}

// CheckAnswers gives a holder's answers to questions as they are kept, by the codes of
// the questions; what nobody asked for is left out. Its error is all that is wrong, each
// at the code behind where.
func CheckAnswers(where string, questions []journal.Question, given map[string]string) (answers map[string]string, err error) {
	var wrong []error
	for _, q := range questions {
		answer := strings.Join(strings.Fields(given[q.Code]), " ")
		switch {
		case !admission.GoodAnswer(q, answer):
			wrong = append(wrong, fault.At(fault.BadInput, where+q.Code, "%s: please answer%s", q.Text, wants(&q)))
		case !utf8.ValidString(answer) || strings.ContainsFunc(answer, unicode.IsControl):
			wrong = append(wrong, fault.At(fault.BadInput, where+q.Code, "it holds characters that are no text"))
		case answer != "":
			if answers == nil {
				answers = map[string]string{}
			}
			answers[q.Code] = answer
		}
	}
	return answers, errors.Join(wrong...)
}

// wants says what kind of answer a question takes.
func wants(q *journal.Question) string {
	switch q.Kind {
	case admission.QuestionNumber:
		return " with a number"
	case admission.QuestionYesNo:
		return " yes or no"
	case admission.QuestionChoice:
		return " with one of: " + strings.Join(q.Choices, ", ")
	}
	return ""
}
