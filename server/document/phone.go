package document

import (
	"fmt"
	"io"
	"strings"
)

// PhoneCard is what lets a phone open a gate's door page: where the page is, and by
// what the phone's holder knows that it is the gate's.
type PhoneCard struct {
	EventName string
	Gate      string
	Link      string // of the door page; a secret: whoever has it can let people in
	// Trust is the page that tells how to trust the gate, and Fingerprint what to
	// compare there; both empty where there is nothing to be told.
	Trust       string
	Fingerprint string // pairs of hexadecimal digits
}

const (
	phoneCompare = "Before the phone trusts the certificate, compare what it shows as SHA-256:"
	phoneWarning = "Whoever has this card can let people in at the gate: hand it over like a key, and destroy it after the event."

	// phoneColumns is how many pairs of the fingerprint stand on a line.
	phoneColumns = 8
)

// shown is the card with every text clean.
func (c PhoneCard) shown() PhoneCard {
	c.EventName, c.Gate, c.Trust, c.Fingerprint = Clean(c.EventName), Clean(c.Gate), Clean(c.Trust), Clean(c.Fingerprint)
	return c
}

// steps are what a phone opens, in order.
func (c PhoneCard) steps() (steps [][2]string) {
	if c.Trust != "" {
		steps = append(steps, [2]string{"FIRST, ONCE A PHONE: TRUST THE GATE", c.Trust})
	}
	return append(steps, [2]string{"OPEN THE DOOR PAGE", c.Link})
}

// PhoneText writes a phone's card as lines of UTF-8, with the QR codes if blocks asks
// for them.
func PhoneText(w io.Writer, c PhoneCard, blocks Blocks) error {
	c = c.shown()
	var b strings.Builder
	fmt.Fprintf(&b, "Phone card: gate %s, %s\n", c.Gate, c.EventName)
	for i, step := range c.steps() {
		m, err := QR(step[1], Screen)
		if err != nil {
			return err
		}
		title := step[0][:1] + strings.ToLower(step[0][1:])
		fmt.Fprintf(&b, "\n%d. %s\n%s\n", i+1, title, step[1])
		b.WriteString(m.blocks(blocks))
		if step[1] == c.Trust {
			fmt.Fprintf(&b, "\n%s\n%s", phoneCompare, inRows(strings.Fields(c.Fingerprint), phoneColumns))
		}
	}
	paragraph(&b, phoneWarning)
	return writeText(w, b.String())
}

// PhonePDF writes a file with one phone's card, on A6.
func PhonePDF(w io.Writer, c PhoneCard, opt Options) error {
	opt.Paper = A6
	b, err := NewBook(opt)
	if err != nil {
		return err
	}
	var codes []Matrix
	for _, step := range c.steps() {
		m, err := QR(step[1], Screen)
		if err != nil {
			return err
		}
		codes = append(codes, m)
	}
	c = c.shown()
	if err := b.turn(c.EventName); err != nil {
		return err
	}
	phonePanel(panel{pdf: b.pdf}, c, codes)
	if err := b.drawn("phone's card"); err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// phonePanel is a phone's card on A6: the codes one below the other, and beside the
// first what to compare.
func phonePanel(p panel, c PhoneCard, codes []Matrix) {
	const left, width, edge, side = 7.0, 91.0, 44.0, 55.0
	f := faces()
	p.bar(left, 7, width, 8, black)
	p.line(left+3, 12.6, "PHONE CARD", f.bold, 12, 255)
	p.block(left, 17.5, width, c.EventName, style{f.bold, 11, 8, 1, black})
	p.block(left, 23, width, "Gate "+c.Gate, style{f.bold, 11, 8, 1, black})
	y := 30.0
	for i, step := range c.steps() {
		p.frame(left, y, edge)
		p.block(side, y+1, left+width-side, step[0], style{f.bold, 9, 6, 2, black})
		if step[1] == c.Trust {
			below := p.block(side, y+10, left+width-side, step[1], style{f.mono, 7, 4.5, 2, black})
			below = p.block(side, below+1, left+width-side, phoneCompare, style{f.regular, 7, 5, 3, grey})
			for line := range strings.Lines(inRows(strings.Fields(c.Fingerprint), phoneColumns)) {
				below = p.block(side, below+0.6, left+width-side, strings.TrimSpace(line), style{f.mono, 9, 6, 1, black})
			}
		}
		p.code(left, y, edge, codes[i])
		y += edge + 4
	}
	p.block(left, 137, width, phoneWarning, style{f.regular, 6, 5, 2, grey})
}
