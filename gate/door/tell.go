package door

import (
	"errors"
	"net/http"

	"usher/gate/scan"
	"usher/gate/shift"
	"usher/gate/signin"
	"usher/sync/fault"
	"usher/sync/words"
)

// In other languages than English, which stands in the error itself, an error is told
// by its stable parts: what it carries for this, else its place, else its kind. So
// none brings an English sentence to somebody who reads another language.

// told gives the problem of an error in a language.
func told(err error, in *words.Language) fault.Problem {
	p := fault.ToProblem(err)
	if in.Code() != words.English {
		p.Detail = tell(err, p, in)
	}
	return p
}

// arguments are errors that carry what a sentence about them says.
func arguments(err error) (key string, with words.With) {
	var wrong *signin.WrongPIN
	var locked *signin.Locked
	var alone *shift.StillAlone
	var none *shift.NoTestTicket
	switch {
	case errors.As(err, &wrong):
		return "refused.wrong_pin", words.With{"n": wrong.Left}
	case errors.As(err, &locked):
		return "refused.locked_for", words.With{"span": locked.Left}
	case errors.As(err, &alone):
		return "leave.alone", words.With{"n": alone.Records}
	case errors.As(err, &none):
		return "refused.no_test_ticket", words.With{"event": none.Event}
	case errors.Is(err, scan.ErrNoCode):
		return "refused.no_code", nil
	}
	return "", nil
}

func tell(err error, p fault.Problem, in *words.Language) string {
	if key, with := arguments(err); key != "" {
		return in.Say(key, with)
	}
	if p.Kind != fault.BadInput { // whose place is one in the input
		for _, group := range []string{"undo.", "refused."} {
			if in.Has(group + p.Where) {
				return in.Say(group+p.Where, nil)
			}
		}
	}
	return in.Say("fault."+string(p.Kind), nil)
}

// refuse answers with an error.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := told(err, d.asks(r))
	if p.Status >= http.StatusInternalServerError {
		d.Log.ErrorContext(r.Context(), "the door could not answer", "path", r.URL.Path, "error", err)
	}
	writeJSON(w, p.Status, p)
}
