package scan

import (
	"errors"
	"strings"

	"usher/crypto/ticket"
	"usher/sync/fault"
)

// MaxText is the longest text taken as one code from a keyboard or a stream, in
// bytes: more than the largest QR code holds (7,089 digits, ISO/IEC 18004:2015,
// section 6.1).
const MaxText = 8192

// Wedge puts the keystrokes of a hand-held reader together to codes. Such a
// reader types like a keyboard: a code, then Enter or Tab. The zero Wedge is
// ready; it is not safe for concurrent use.
type Wedge struct {
	pending  []byte
	overlong bool // the code being typed is over the limit; the rest is dropped
}

// Feed takes keystrokes as they come, in pieces of any size, and gives the codes
// they complete, without the noise readers add (ticket.CleanInput) and without
// empty ones. A code ends at CR, LF or TAB. One of more than MaxText bytes is
// dropped whole and makes an error (fault.TooLarge) that comes with the codes
// around it.
func (w *Wedge) Feed(keys []byte) (codes []string, err error) {
	for _, key := range keys {
		switch {
		case key == '\r' || key == '\n' || key == '\t':
			code, e := w.end()
			err = errors.Join(err, e)
			if code != "" {
				codes = append(codes, code)
			}
		case w.overlong:
		case len(w.pending) == MaxText:
			w.overlong, w.pending = true, nil
		default:
			w.pending = append(w.pending, key)
		}
	}
	return codes, err
}

// end closes the code being typed.
func (w *Wedge) end() (string, error) {
	text, overlong := string(w.pending), w.overlong
	w.Reset()
	if overlong {
		return "", fault.New(fault.TooLarge, "the reader typed a code of more than %d characters; it was dropped", MaxText)
	}
	return cleaned(text), nil
}

// Pending is the number of keystrokes that wait for the end of their code. A
// caller resets a Wedge whose keystrokes wait for long: a person typed, or the
// end got lost.
func (w *Wedge) Pending() int { return len(w.pending) }

// Reset forgets the code being typed.
func (w *Wedge) Reset() { w.pending, w.overlong = w.pending[:0], false }

// cleaned is CleanInput, also without the control characters some readers frame a
// code with (STX, ETX, EOT and the like).
func cleaned(text string) string {
	framing := func(r rune) bool { return r < ' ' || r == 0x7F }
	return ticket.CleanInput(strings.TrimFunc(ticket.CleanInput(text), framing))
}
