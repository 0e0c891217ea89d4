package journal

import (
	"fmt"
	"unicode/utf8"

	"usher/sync/fault"
)

// TicketID is a ticket's id (cti), the same 8 bytes as crypto/ticket's ID.
type TicketID = [8]byte

// Content is implemented by the content types of this package: each belongs to
// one kind.
type Content interface {
	kind() Kind
	check() error
}

// Read decodes the content of r as C. A record of another kind, a content that
// is not in its one accepted encoding, or one that breaks its own rules is
// refused with fault.BadInput. A closed map with a member that this build does
// not know is refused as well: the caller decides what not understanding means.
func Read[C any, P interface {
	*C
	Content
}](r *Record) (*C, error) {
	c := new(C)
	if want := P(c).kind(); r.Kind != want {
		return nil, fault.New(fault.BadInput, "record %d of %s is a %s record, not a %s record", r.Seq, r.Chain, r.Kind, want)
	}
	if own, ok := r.written.(P); ok {
		*c = *own
	} else if err := Decode(r.Content, c); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "record %d of %s: its %s content can't be read", r.Seq, r.Chain, r.Kind)
	}
	if err := P(c).check(); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "record %d of %s: its %s content breaks a rule", r.Seq, r.Chain, r.Kind)
	}
	return c, nil
}

// atMost refuses text over n bytes, and bytes that are no text; place names it.
func atMost(place, text string, n int) error {
	if len(text) > n {
		return fmt.Errorf("%s: %d bytes, limit %d", place, len(text), n)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s: not UTF-8", place)
	}
	return nil
}

// firstError gives the first error that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
