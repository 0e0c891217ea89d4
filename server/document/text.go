package document

import (
	"fmt"
	"io"
	"strings"
)

// Blocks says whether a text form also holds its QR code, drawn with half-block
// characters (U+2580, U+2584, U+2588), and on what ground it will be seen: most
// readers don't read a code whose colours are swapped.
type Blocks int

const (
	// NoBlocks leaves the code out.
	NoBlocks Blocks = iota
	// DarkGround is for light text on dark: what is light in the code is inked.
	DarkGround
	// LightGround is for dark text on light, such as a text file on white.
	LightGround
)

// labelWidth is the width of the column of labels in a text form, in characters.
const labelWidth = 9

// Text writes a ticket as lines of UTF-8 for mail, archives and terminals: what
// is printed on it, the short code, the token on a line of its own, and the QR
// code if blocks asks for it.
func Text(w io.Writer, t Ticket, blocks Blocks) error {
	m, err := QR(t.Token, Screen)
	if err != nil {
		return err
	}
	t = t.shown()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", t.EventName, strings.Repeat("=", min(len([]rune(t.EventName)), 72)))
	rows(&b, "When", t.When, "Where", t.Venue, "Holder", t.HolderName, "Ticket", t.Product,
		"Seat", t.Seat, "Zone", t.Zone, "Gate", t.Gate, "Code", t.ShortCode)
	fmt.Fprintf(&b, "\n%s\n", t.Token)
	b.WriteString(m.blocks(blocks))
	paragraph(&b, t.Terms)
	paragraph(&b, t.Footer)
	return writeText(w, b.String())
}

// CardText writes an enrolment card as lines of UTF-8, with the typed form in
// groups and, if blocks asks for it, the QR code.
func CardText(w io.Writer, c Card, blocks Blocks) error {
	m, err := QR(c.Text, Screen)
	if err != nil {
		return err
	}
	c = c.shown()
	var b strings.Builder
	fmt.Fprintf(&b, "Enrolment card: %s\n\n", c.EventName)
	rows(&b, "Gate", c.Gate, "Role", c.Role, "Until", c.Expires, "Server", c.Server)
	fmt.Fprintf(&b, "\n%s\n", c.Text)
	if groups := c.groups(); len(groups) > 0 {
		fmt.Fprintf(&b, "\nor type:\n%s", inRows(groups, cardColumns))
	}
	b.WriteString(m.blocks(blocks))
	paragraph(&b, cardWarning)
	return writeText(w, b.String())
}

// rows writes label and value pairs, one a line, leaving out what is empty.
func rows(b *strings.Builder, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(b, "%-*s%s\n", labelWidth, pairs[i], pairs[i+1])
		}
	}
}

// paragraph writes s after an empty line, unless it is empty.
func paragraph(b *strings.Builder, s string) {
	if s != "" {
		b.WriteString("\n" + s + "\n")
	}
}

// inRows lays groups out in lines of so many columns.
func inRows(groups []string, columns int) string {
	var b strings.Builder
	for i, group := range groups {
		end := " "
		if (i+1)%columns == 0 || i == len(groups)-1 {
			end = "\n"
		}
		b.WriteString(group + end)
	}
	return b.String()
}

// writeText writes a finished text form.
func writeText(w io.Writer, s string) error {
	if _, err := io.WriteString(w, s); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// blocks draws the matrix with its quiet zone, two rows of modules a line, after
// an empty line. On dark ground the light modules are the inked ones.
func (m Matrix) blocks(on Blocks) string {
	if on == NoBlocks {
		return ""
	}
	var b strings.Builder
	b.WriteByte('\n')
	for y := -QuietZone; y < m.side+QuietZone; y += 2 {
		for x := -QuietZone; x < m.side+QuietZone; x++ {
			upper := m.Dark(x, y) != (on == DarkGround)
			lower := m.Dark(x, y+1) != (on == DarkGround)
			b.WriteString(halfBlock(upper, lower))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// halfBlock is the character that inks the upper half, the lower half, both or
// neither of a cell.
func halfBlock(upper, lower bool) string {
	switch {
	case upper && lower:
		return "█"
	case upper:
		return "▀"
	case lower:
		return "▄"
	default:
		return " "
	}
}
