package document

import "strings"

const (
	// cardWidth and cardHeight are a quarter of A4, in millimetres.
	cardWidth, cardHeight = 105.0, 148.5

	// cardColumns is how many groups of the typed form stand on a line.
	cardColumns = 4

	// cardWrite is before a line to write on: the card is older than the device's key.
	cardWrite = "For phones: fingerprint of the device's certificate, which it says once it is enrolled"

	cardWarning = "Good for one device, once. Whoever holds this card can enrol a gate: hand it over, use it, destroy it."
)

// cardPanel is an enrolment card on a quarter of A4, or on A6.
func cardPanel(p panel, c Card, m Matrix) {
	const left, width, edge, side = 7.0, 91.0, 60.0, 71.0
	f := faces()
	p.bar(left, 7, width, 8, black)
	p.line(left+3, 12.6, "ENROLMENT CARD", f.bold, 12, 255)
	p.block(left, 17.5, width, c.EventName, style{f.bold, 13, 8, 1, black})

	const top = 26.0
	p.frame(left, top, edge)
	value := style{f.bold, 13, 6.5, 3, black}
	y := p.field(side, top+1, left+width-side, englishWords.Gate, c.Gate, value)
	y = p.field(side, y, left+width-side, "ROLE", c.Role, value)
	p.field(side, y, left+width-side, "VALID UNTIL", c.Expires, style{f.bold, 10, 6.5, 3, black})

	y = p.field(left, top+edge+3, width, "SERVER", c.Server, style{f.mono, 8.5, 5, 2, black})
	if groups := c.groups(); len(groups) > 0 {
		y = p.field(left, y, width, "OR TYPE", "on the device, in any case, with or without spaces:", style{f.regular, 7, 7, 1, grey})
		y -= 1
		for line := range strings.Lines(inRows(groups, cardColumns)) {
			y = p.block(left, y, width, strings.TrimSpace(line), style{f.mono, 13, 8, 1, black})
		}
	}
	if y < 125 {
		p.block(left, 126.5, width, cardWrite, style{f.regular, 6, 5, 1, grey})
		p.rule(left, 134.5, left+width, 134.5, 0.1)
	}
	p.block(left, 137, width, cardWarning, style{f.regular, 6, 5, 2, grey})
	p.code(left, top, edge, m)
}

// cutMarks are the lines along which a sheet of four cards is cut.
func cutMarks(p panel) {
	p.rule(0, cardHeight, 2*cardWidth, cardHeight, 0.1)
	p.rule(cardWidth, 0, cardWidth, 2*cardHeight, 0.1)
}
