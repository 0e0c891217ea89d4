package document

import (
	"fmt"
	"iter"

	"github.com/skip2/go-qrcode"

	"usher/sync/fault"
)

const (
	// MaxCode is the longest text drawn as one code, in characters: more than an
	// enrolment card with the most roots and the longest address has. A token has
	// at most 700 (FORMAT.md section 1).
	MaxCode = 1500

	// maxPrint is the longest text whose modules on a quarter of A4 are half a
	// millimetre at level Print: what a 150 dpi scan shows with three pixels.
	maxPrint = 700

	// QuietZone is the width, in modules, of the empty border a reader needs on
	// every side of a code (ISO/IEC 18004:2015, section 6.3.8).
	QuietZone = 4
)

// Level is how much damage a code survives, named for where it is shown.
type Level int

const (
	// Screen restores about 15 % of a code (level M): less dense, for displays.
	Screen Level = iota
	// Print restores about 25 % of a code (level Q): for paper, which gets folded,
	// wet and scratched.
	Print
)

// recovery is the encoder's word for the level.
func (l Level) recovery() qrcode.RecoveryLevel {
	if l == Print {
		return qrcode.High
	}
	return qrcode.Medium
}

// Matrix is a QR code: a square of dark and light modules, quiet zone not
// included. The zero Matrix is empty.
type Matrix struct {
	side int
	dark []bool // row by row
}

// Side is the number of modules along an edge: 21 to 177.
func (m Matrix) Side() int { return m.side }

// Outer is the number of modules along an edge with the quiet zone on both ends.
func (m Matrix) Outer() int { return m.side + 2*QuietZone }

// Dark reports whether the module in column x of row y is dark, counted from the
// top left corner of the symbol. Everything outside the symbol is light.
func (m Matrix) Dark(x, y int) bool {
	if x < 0 || y < 0 || x >= m.side || y >= m.side {
		return false
	}
	return m.dark[y*m.side+x]
}

// Run is an unbroken horizontal stretch of dark modules.
type Run struct{ X, Y, Len int }

// Runs yields the dark modules as runs, top to bottom and left to right. Drawing
// runs instead of modules keeps vector output small and free of hairlines.
func (m Matrix) Runs() iter.Seq[Run] {
	return func(yield func(Run) bool) {
		for y := range m.side {
			row := m.dark[y*m.side : (y+1)*m.side]
			for x := 0; x < m.side; {
				start := x
				for x < m.side && row[x] {
					x++
				}
				if x > start && !yield(Run{X: start, Y: y, Len: x - start}) {
					return
				}
				if x == start {
					x++
				}
			}
		}
	}
}

// QR encodes text, printable ASCII of at most MaxCode characters, in the
// smallest version that holds it at the level. A token consists of the
// characters of QR's alphanumeric mode (ISO/IEC 18004:2015, table 5), so it gets
// that mode and 5.5 bits a character.
//
// This is the only place that knows which library encodes.
func QR(text string, level Level) (m Matrix, err error) {
	if err := checkCode(text); err != nil {
		return Matrix{}, err
	}
	// The library panics where it meets a state it calls a bug.
	defer func() {
		if p := recover(); p != nil {
			m, err = Matrix{}, fault.Wrap(fault.Internal, fmt.Errorf("qr encoder: %v", p), "the code could not be drawn")
		}
	}()
	code, err := qrcode.New(text, level.recovery())
	if err != nil {
		return Matrix{}, fault.Wrap(fault.BadInput, err, "the code could not be drawn")
	}
	code.DisableBorder = true
	rows := code.Bitmap()
	m = Matrix{side: len(rows), dark: make([]bool, 0, len(rows)*len(rows))}
	for _, row := range rows {
		m.dark = append(m.dark, row...)
	}
	return m, nil
}

// checkCode refuses what no code of ours contains, naming the first offence.
func checkCode(text string) error {
	if text == "" {
		return fault.New(fault.BadInput, "there is no code to draw: the text is empty")
	}
	if len(text) > MaxCode {
		return fault.New(fault.TooLarge, "the code has %d characters; at most %d can be drawn", len(text), MaxCode)
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return fault.At(fault.BadInput, fmt.Sprintf("character %d of the code", i+1), "byte %#02x can't be part of a code", text[i])
		}
	}
	return nil
}
