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
	Say       PhoneWords
	// Link is that of the door page, a secret: whoever has it can let people in. It is
	// empty on a card that was not made at the gate, which alone has the door key.
	Link string
	// Fingerprint is what to compare, in pairs of hexadecimal digits, and Trust the page
	// that tells how to trust the gate; both empty where there is nothing to be told,
	// Trust also where nobody said where the gate is reached.
	Fingerprint string
	Trust       string
}

// PhoneWords is what stands on a phone's card, in the language of who gets it.
type PhoneWords struct {
	Title   string
	Gate    string // which it is
	Trust   string // what the first code is for
	Compare string // the fingerprint below
	Where   string // stands in for the first code, where there is none
	Open    string // what the second code is for
	Key     string // stands in for that one
	Note    string // what else has to be said; "": nothing
	Warning string
}

// phoneColumns is how many pairs of the fingerprint stand on a line.
const phoneColumns = 8

// shown is the card with every text clean.
func (c PhoneCard) shown() PhoneCard {
	for _, text := range []*string{
		&c.EventName, &c.Trust, &c.Fingerprint, &c.Say.Title, &c.Say.Gate, &c.Say.Trust, &c.Say.Compare,
		&c.Say.Where, &c.Say.Open, &c.Say.Key, &c.Say.Note, &c.Say.Warning,
	} {
		*text = Clean(*text)
	}
	return c
}

// phoneStep is something that the phone's holder does.
type phoneStep struct {
	title   string
	url     string // to open; "": see instead
	instead string
	compare bool // the fingerprint
}

// steps are what a phone's holder does, in order.
func (c PhoneCard) steps() (steps []phoneStep) {
	if c.Fingerprint != "" {
		steps = append(steps, phoneStep{c.Say.Trust, c.Trust, c.Say.Where, true})
	}
	return append(steps, phoneStep{c.Say.Open, c.Link, c.Say.Key, false})
}

// matrix is the step's code; empty where it has none.
func (s phoneStep) matrix() (Matrix, error) {
	if s.url == "" {
		return Matrix{}, nil
	}
	return QR(s.url, Screen)
}

// PhoneText writes a phone's card as lines of UTF-8, with the QR codes if blocks asks
// for them.
func PhoneText(w io.Writer, c PhoneCard, blocks Blocks) error {
	c = c.shown()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %s\n", c.Say.Title, c.Say.Gate, c.EventName)
	for i, step := range c.steps() {
		fmt.Fprintf(&b, "\n%d. %s\n", i+1, step.title)
		if step.url == "" {
			b.WriteString(step.instead + "\n")
		} else {
			m, err := step.matrix()
			if err != nil {
				return err
			}
			b.WriteString(step.url + "\n" + m.blocks(blocks))
		}
		if step.compare {
			fmt.Fprintf(&b, "\n%s\n%s", c.Say.Compare, inRows(strings.Fields(c.Fingerprint), phoneColumns))
		}
	}
	if c.Say.Note != "" {
		paragraph(&b, c.Say.Note)
	}
	paragraph(&b, c.Say.Warning)
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
		m, err := step.matrix()
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
	p.line(left+3, 12.6, c.Say.Title, f.bold, 12, 255)
	p.block(left, 17.5, width, c.EventName, style{f.bold, 11, 8, 1, black})
	p.block(left, 23, width, c.Say.Gate, style{f.bold, 11, 8, 1, black})
	y := 30.0
	for i, step := range c.steps() {
		below := p.block(side, y+1, left+width-side, step.title, style{f.bold, 9, 6, 2, black}) + 1
		if step.url == "" {
			p.block(left, y+1, edge-3, step.instead, style{f.regular, 9, 6, 8, black})
		} else {
			p.frame(left, y, edge)
			p.code(left, y, edge, codes[i])
		}
		if step.compare {
			if step.url != "" {
				below = p.block(side, below, left+width-side, step.url, style{f.mono, 7, 4.5, 2, black}) + 1
			}
			below = p.block(side, below, left+width-side, c.Say.Compare, style{f.regular, 7, 5, 3, grey})
			for line := range strings.Lines(inRows(strings.Fields(c.Fingerprint), phoneColumns)) {
				below = p.block(side, below+0.6, left+width-side, strings.TrimSpace(line), style{f.mono, 9, 6, 1, black})
			}
		}
		y += edge + 4
	}
	p.block(left, 125, width, c.Say.Note, style{f.bold, 7, 5, 3, black})
	p.block(left, 137, width, c.Say.Warning, style{f.regular, 6, 5, 2, grey})
}
