package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestKindTravelsThroughWrapping(t *testing.T) {
	inner := Wrap(NotFound, io.ErrUnexpectedEOF, "no ticket %s", "7KQ")
	err := fmt.Errorf("showing a ticket: %w", inner)
	if !errors.Is(err, NotFound) {
		t.Error("errors.Is(err, NotFound) is false")
	}
	if errors.Is(err, Refused) {
		t.Error("errors.Is(err, Refused) is true")
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got := KindOf(err); got != NotFound {
		t.Errorf("KindOf = %q", got)
	}
}

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{nil, ""},
		{io.EOF, Internal},
		{Refused, Refused},
		{fmt.Errorf("x: %w", TooMany), TooMany},
		{New(BadInput, "a"), BadInput},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func TestMessageHidesTheCause(t *testing.T) {
	err := fmt.Errorf("deep: %w", Wrap(Internal, errors.New("/secret/path"), "can't store the scan"))
	if got := Message(err); got != "can't store the scan" {
		t.Errorf("Message = %q", got)
	}
	if got := Message(errors.New("/secret/path")); strings.Contains(got, "secret") {
		t.Errorf("Message of a bare error shows it: %q", got)
	}
	if !strings.Contains(err.Error(), "/secret/path") {
		t.Error("Error() lost the cause, the log needs it")
	}
}

func TestProblemRoundTrip(t *testing.T) {
	err := At(BadInput, "line 3, column email", "%q is no address", "x@")
	p := ToProblem(fmt.Errorf("importing: %w", err))
	if p.Status != 400 {
		t.Errorf("status = %d", p.Status)
	}
	back := p.Err()
	if KindOf(back) != BadInput || Message(back) != Message(err) {
		t.Errorf("came back as %v", back)
	}
}

func TestProblemFromAStranger(t *testing.T) {
	back := Problem{Kind: "rm_rf", Detail: strings.Repeat("a", 10_000)}.Err()
	if KindOf(back) != Internal {
		t.Errorf("an invented kind became %q", KindOf(back))
	}
	if n := len(Message(back)); n > maxDetail+8 {
		t.Errorf("kept %d bytes of a stranger's text", n)
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	for _, k := range Kinds() {
		if s := k.HTTPStatus(); s < 400 || s > 599 {
			t.Errorf("%s answers with %d", k, s)
		}
		if !k.Known() {
			t.Errorf("%s is not known to itself", k)
		}
	}
	if Kind("other").Known() {
		t.Error("an unknown kind is known")
	}
}
