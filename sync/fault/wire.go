package fault

import "errors"

// Problem is how an error crosses a wire: the shape of RFC 9457 (problem
// details), the same in JSON answers and in the sync protocol's messages.
type Problem struct {
	Kind   Kind   `json:"type" cbor:"1,keyasint"`
	Detail string `json:"detail" cbor:"2,keyasint"`
	Where  string `json:"where,omitempty" cbor:"3,keyasint,omitempty"`
	Status int    `json:"status,omitempty" cbor:"-"`
}

// maxDetail bounds what another machine can make us keep or print of its error.
const maxDetail = 500

// ToProblem renders err for another machine: kind, safe message and place, no cause.
func ToProblem(err error) Problem {
	kind := KindOf(err)
	p := Problem{Kind: kind, Detail: Message(err), Status: kind.HTTPStatus()}
	var e *Error
	if errors.As(err, &e) {
		p.Detail, p.Where = e.Message, e.Where
	}
	return p
}

// Err turns what another machine said into an error of ours. An unknown kind
// becomes Internal, so a newer peer can't invent one that we act on; an overlong
// text is cut.
func (p Problem) Err() error {
	kind := p.Kind
	if !kind.Known() {
		kind = Internal
	}
	return &Error{Kind: kind, Message: cut(p.Detail), Where: cut(p.Where)}
}

func cut(s string) string {
	if len(s) <= maxDetail {
		return s
	}
	return s[:maxDetail] + "…"
}
