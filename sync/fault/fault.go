// Package fault is the vocabulary of what can go wrong in usher, shared by
// every part that reports an error to another part, to another machine or to a
// person.
//
// # Kinds
//
// A [Kind] says what a caller can do about an error: mend the input, wait and
// try again, ask somebody for leave. It is itself an error, so
//
//	errors.Is(err, fault.NotFound)
//
// is all a caller needs. Kinds are stable: they stand in JSON, in the wire
// protocol and in docs/errors.md, and a new one is an addition, never a
// renaming.
//
// # Two texts
//
// An [Error] carries a message that is safe to show to a person, and a cause
// that is for the log only. [Message] gives the first and never the second, so
// a database path or a key can't leak through an HTTP answer by accident.
package fault

import (
	"errors"
	"fmt"
)

// Kind classifies an error by what its receiver can do about it.
type Kind string

// The kinds, in the order in which docs/errors.md lists them.
const (
	// BadInput: the request, file or message is wrong; the same again fails again.
	BadInput Kind = "bad_input"
	// NotFound: what was named is not there.
	NotFound Kind = "not_found"
	// Exists: what was to be made is there already, and is different.
	Exists Kind = "exists"
	// Refused: understood, and against a rule; the message says which.
	Refused Kind = "refused"
	// Unauthorised: who asks has not proved who they are.
	Unauthorised Kind = "unauthorised"
	// Forbidden: who asks is known and has no leave for this.
	Forbidden Kind = "forbidden"
	// Expired: it was good once; its time is over.
	Expired Kind = "expired"
	// TooLarge: over a stated limit.
	TooLarge Kind = "too_large"
	// TooMany: over a stated rate; later is fine.
	TooMany Kind = "too_many"
	// Unavailable: a part that is needed can't be reached now; later is fine.
	Unavailable Kind = "unavailable"
	// NotReady: this node lacks what it needs first (keys, a first download).
	NotReady Kind = "not_ready"
	// Newer: the data was written by a newer usher than this one.
	Newer Kind = "newer"
	// Internal: a defect or a failing disk; the log has the cause.
	Internal Kind = "internal"
)

// Kinds lists every kind, in documentation order.
func Kinds() []Kind {
	return []Kind{BadInput, NotFound, Exists, Refused, Unauthorised, Forbidden, Expired,
		TooLarge, TooMany, Unavailable, NotReady, Newer, Internal}
}

// Error makes a Kind usable as a target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Known reports whether k is one of the kinds this build knows. What arrives
// from elsewhere with another kind is treated as Internal.
func (k Kind) Known() bool {
	for _, have := range Kinds() {
		if k == have {
			return true
		}
	}
	return false
}

// Temporary reports whether the same request may succeed later unchanged.
func (k Kind) Temporary() bool {
	return k == TooMany || k == Unavailable || k == NotReady
}

// HTTPStatus is the status code (RFC 9110 section 15) under which the kind is
// answered.
func (k Kind) HTTPStatus() int {
	switch k {
	case BadInput:
		return 400
	case NotFound:
		return 404
	case Exists, Refused:
		return 409
	case Unauthorised:
		return 401
	case Forbidden:
		return 403
	case Expired:
		return 410
	case TooLarge:
		return 413
	case TooMany:
		return 429
	case Unavailable, NotReady:
		return 503
	default:
		return 500
	}
}

// Error is an error with a kind, a message for a person, optionally the place
// in the input that is to blame, and a cause for the log.
type Error struct {
	Kind    Kind
	Message string // safe to show; says what was being done to what
	Where   string // "line 12, column email", "gates[2].zone", "" when it says nothing
	Cause   error  // for the log; may be nil
}

// New makes an error of the kind with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// At makes an error of the kind that blames a place in the input.
func At(kind Kind, where, format string, args ...any) *Error {
	return &Error{Kind: kind, Where: where, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of the kind with a message for a person over a cause for
// the log. A nil cause gives an error all the same.
func Wrap(kind Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// Error gives the whole story, cause included: it is for logs and terminals of
// the operator, not for answers. Use Message for those.
func (e *Error) Error() string {
	text := e.Message
	if e.Where != "" {
		text = e.Where + ": " + text
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Is makes errors.Is(err, Kind) true for the error's own kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// KindOf gives the kind of the outermost error in the chain that has one, and
// Internal for an error of no kind. The kind of nil is "".
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var k Kind
	if errors.As(err, &k) {
		return k
	}
	return Internal
}

// Message gives the text of err that is safe to show to whoever asked: the
// place and message of the outermost Error, or a general sentence where there
// is none, because a bare error's text may name paths and secrets.
func Message(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return "something failed inside usher; the log says more"
	}
	if e.Where != "" {
		return e.Where + ": " + e.Message
	}
	return e.Message
}
