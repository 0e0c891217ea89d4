package staff

import (
	"crypto/subtle"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"

	"usher/sync/fault"
)

// Limits of a PIN, in digits.
const (
	MinPIN  = 6
	MaxPIN  = 12
	MadePIN = 8 // of one that is drawn
)

// Cost is what argon2id (RFC 9106) spends on a PIN.
type Cost struct {
	Time    uint32 // passes
	KiB     uint32 // memory
	Threads uint8  // lanes
}

// DefaultCost is the second choice that RFC 9106 recommends (section 4), for
// machines that have no 2 GiB to spare: about a quarter of a second of one core.
var DefaultCost = Cost{Time: 3, KiB: 64 << 10, Threads: 4}

// Limits of what a device spends on a PIN because a record says so.
const (
	maxTime    = 10
	maxKiB     = 256 << 10
	maxThreads = 16
)

// Sizes that RFC 9106 recommends, in bytes.
const (
	saltSize = 16
	tagSize  = 32
)

// PIN is what is kept of a person's PIN.
type PIN struct {
	Salt    []byte `cbor:"1,keyasint"`
	Time    uint32 `cbor:"2,keyasint"`
	KiB     uint32 `cbor:"3,keyasint"`
	Threads uint8  `cbor:"4,keyasint"`
	Tag     []byte `cbor:"5,keyasint"`
}

// String shows nothing of the PIN.
func (p *PIN) String() string { return "a PIN that is not shown" }

func (p *PIN) check() error {
	switch {
	case len(p.Salt) != saltSize || len(p.Tag) != tagSize:
		return fault.At(fault.BadInput, "pin", "a salt of %d and a tag of %d bytes, want %d and %d", len(p.Salt), len(p.Tag), saltSize, tagSize)
	case p.Time < 1 || p.Time > maxTime:
		return fault.At(fault.BadInput, "pin", "argon2id with %d passes, want 1 to %d", p.Time, maxTime)
	case p.Threads < 1 || p.Threads > maxThreads:
		return fault.At(fault.BadInput, "pin", "argon2id with %d lanes, want 1 to %d", p.Threads, maxThreads)
	case p.KiB < 8*uint32(p.Threads) || p.KiB > maxKiB:
		return fault.At(fault.BadInput, "pin", "argon2id with %d KiB, want %d to %d", p.KiB, 8*uint32(p.Threads), maxKiB)
	}
	return nil
}

// NewPIN makes what is kept of a PIN. The salt is drawn from rand. A PIN that is
// none, or that anybody would try first, is refused with fault.BadInput.
func NewPIN(rand io.Reader, digits string, cost Cost) (*PIN, error) {
	if err := CheckPIN(digits); err != nil {
		return nil, err
	}
	p := &PIN{Salt: make([]byte, saltSize), Time: cost.Time, KiB: cost.KiB, Threads: cost.Threads}
	if _, err := io.ReadFull(rand, p.Salt); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't draw the salt of a PIN")
	}
	p.Tag = p.stretch(digits)
	return p, p.check()
}

// Matches says whether digits are the PIN. It takes the time and the memory that
// the PIN was made with.
func (p *PIN) Matches(digits string) bool {
	if p == nil || p.check() != nil {
		return false
	}
	return subtle.ConstantTimeCompare(p.stretch(digits), p.Tag) == 1
}

func (p *PIN) stretch(digits string) []byte {
	return argon2.IDKey([]byte(digits), p.Salt, p.Time, p.KiB, p.Threads, tagSize)
}

// DrawPIN draws a PIN of MadePIN digits that nobody would try first.
func DrawPIN(rand io.Reader) (string, error) {
	const even = 250 // bytes from here on would favour some digits
	var digits strings.Builder
	var b [1]byte
	for draws := 0; draws < 10_000; draws++ {
		if _, err := io.ReadFull(rand, b[:]); err != nil {
			return "", fault.Wrap(fault.Internal, err, "can't draw a PIN")
		}
		if b[0] >= even {
			continue
		}
		digits.WriteByte('0' + b[0]%10)
		if digits.Len() < MadePIN {
			continue
		}
		if pin := digits.String(); CheckPIN(pin) == nil {
			return pin, nil
		}
		digits.Reset()
	}
	return "", fault.New(fault.Internal, "every PIN that was drawn is a weak one: the source of randomness is broken")
}

// CheckPIN refuses what is no PIN, and PINs that anybody would try first.
func CheckPIN(digits string) error {
	if n := len(digits); n < MinPIN || n > MaxPIN {
		return fault.At(fault.BadInput, "pin", "%d characters, want %d to %d digits", n, MinPIN, MaxPIN)
	}
	if at := strings.IndexFunc(digits, func(c rune) bool { return c < '0' || c > '9' }); at >= 0 {
		return fault.At(fault.BadInput, "pin", "character %d is no digit, want %d to %d digits", at+1, MinPIN, MaxPIN)
	}
	if why := weak(digits); why != "" {
		return fault.At(fault.BadInput, "pin", "%s; take one that nobody would try first", why)
	}
	return nil
}

// fewDigits is how many different digits a PIN needs at least.
const fewDigits = 3

// pads are the ways across a keypad, and what people take besides.
var pads = []string{"147258369", "369258147", "159753", "753159", "159357", "357159", "112233", "332211", "102030", "121314", "142536", "010203"}

// weak says why a PIN is one that anybody would try first, "" if it isn't.
func weak(digits string) string {
	seen := map[rune]bool{}
	for _, c := range digits {
		seen[c] = true
	}
	if len(seen) < fewDigits {
		return fmt.Sprintf("it has only %d different digits", len(seen))
	}
	if step := stepOf(digits); step == 1 || step == 9 {
		return "it counts up or down"
	}
	for n := 1; n <= len(digits)/2; n++ {
		if len(digits)%n == 0 && strings.Repeat(digits[:n], len(digits)/n) == digits {
			return "it repeats itself"
		}
	}
	if half := digits[:len(digits)/2]; mirrored(digits) && stepOf(half) == 1 {
		return "it counts up and down"
	}
	for _, pad := range pads {
		if strings.HasPrefix(pad, digits) || strings.HasPrefix(digits, pad) {
			return "it is a way across the keypad"
		}
	}
	return ""
}

// stepOf is what each digit adds to the one before, modulo ten; 0 where they differ.
func stepOf(digits string) int {
	step := 0
	for i := 1; i < len(digits); i++ {
		by := (int(digits[i]) - int(digits[i-1]) + 10) % 10
		if i > 1 && by != step {
			return 0
		}
		step = by
	}
	return step
}

func mirrored(digits string) bool {
	for i := range len(digits) / 2 {
		if digits[i] != digits[len(digits)-1-i] {
			return false
		}
	}
	return true
}
