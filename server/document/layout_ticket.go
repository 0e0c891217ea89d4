package document

// pictureA6 is how wide the event's picture is on A6, in millimetres.
const pictureA6 = 26.0

// ticketA6 is a ticket on 105 × 148 mm: the event on top, code and gate in the
// middle, the person and the typed code below.
func ticketA6(p panel, t Ticket, m Matrix) {
	const left, width, edge, side, footer = 7.0, 91.0, 62.0, 73.0, 142.0
	f := faces()
	p.bar(left, 7, width, 1.4, black)
	head := width
	if taken := p.picture(left+width-pictureA6, 10.6, pictureA6, 18, true); taken > 0 {
		head -= taken + 3
	}
	y := p.block(left, 10.2, head, t.EventName, style{f.bold, 17, 9, 2, black})
	y = p.block(left, y+0.6, head, t.When, style{f.bold, 9, 6, 1, black})
	y = p.block(left, y+0.2, head, t.Venue, style{f.regular, 8.5, 6, 1, grey})

	// The rest moves up where the event's name takes one line only.
	top := min(max(y+4, 30), 36)
	p.frame(left, top, edge)
	value := style{f.bold, 13, 7, 2, black}
	y = p.field(side, top+1, left+width-side, t.Words.Gate, t.Gate, value)
	y = p.field(side, y, left+width-side, t.Words.Zone, t.Zone, value)
	p.field(side, y, left+width-side, t.Words.Seat, t.Seat, value)

	y = p.field(left, top+edge+3, width, t.Words.Holder, t.HolderName, style{f.bold, 11.5, 8, 2, black})
	y = p.field(left, y-0.6, width, t.Words.Ticket, t.Product, style{f.regular, 10.5, 7, 1, black})

	p.rule(left, y-0.2, left+width, y-0.2, 0.25)
	y = p.field(left, y+1.6, width, t.Words.Code, t.ShortCode, style{f.mono, 16, 9, 1, black})
	p.column(left, y-0.6, width, footer-1.2-y, t.Terms, style{face: f.regular, max: 6.5, min: 5, ink: grey})
	p.block(left, footer, width, t.Footer, style{f.regular, 5.5, 4.5, 1, grey})
	p.code(left, top, edge, m)
}

// ticketA4 is a ticket on 210 × 297 mm that folds twice to A6: the code alone on
// the front quarter, the facts beside it, advice and terms below.
func ticketA4(p panel, t Ticket, m Matrix) {
	foldMarks(p)
	factsQuarter(p, t)
	adviceQuarter(p, t)
	termsQuarter(p, t)
	p.rule(14, 283, 196, 283, 0.25)
	p.block(14, 284.5, 182, t.Footer, style{faces().regular, 7, 5, 1, grey})
	codeQuarter(p, t, m)
}

// foldMarks are short strokes at the edges where the sheet halves.
func foldMarks(p panel) {
	const stroke = 5.0
	p.rule(0, 148.5, stroke, 148.5, 0.2)
	p.rule(210-stroke, 148.5, 210, 148.5, 0.2)
	p.rule(105, 0, 105, stroke, 0.2)
	p.rule(105, 297-stroke, 105, 297, 0.2)
}

// codeQuarter is what the gate looks at.
func codeQuarter(p panel, t Ticket, m Matrix) {
	const left, edge, top = 14.0, 82.0, 34.0
	f := faces()
	p.bar(left, 14, edge, 2, black)
	p.block(left, 18.5, edge, t.EventName, style{f.bold, 16, 8, 2, black})
	p.frame(left, top, edge)
	p.field(left, top+edge+5, edge, t.Words.Code, t.ShortCode, style{f.mono, 18, 9, 1, black})
	p.code(left, top, edge, m)
}

// factsQuarter is what the holder looks at.
func factsQuarter(p panel, t Ticket) {
	const left, width, half = 114.0, 82.0, 40.0
	f := faces()
	p.bar(left, 14, width, 2, black)
	strong, plain := style{f.bold, 15, 8, 2, black}, style{f.regular, 11, 7, 2, black}
	y := p.block(left, 18.5, width, t.EventName, style{f.bold, 22, 10, 3, black}) + 5
	y = p.field(left, y, width, t.Words.When, t.When, style{f.bold, 11, 7, 2, black})
	y = p.field(left, y, width, t.Words.Where, t.Venue, plain)
	p.rule(left, y+1, left+width, y+1, 0.25)
	y = p.field(left, y+4, width, t.Words.Holder, t.HolderName, strong)
	y = p.field(left, y, width, t.Words.Ticket, t.Product, plain)
	next := p.field(left, y, half, t.Words.Gate, t.Gate, strong)
	next = max(next, p.field(left+half+2, y, half, t.Words.Zone, t.Zone, strong))
	p.field(left, next, width, t.Words.Seat, t.Seat, strong)
}

// adviceQuarter says what to do with the sheet, and has the event's picture below, far
// from the code.
func adviceQuarter(p panel, t Ticket) {
	const left, width = 14.0, 82.0
	f := faces()
	y := p.block(left, 160, width, t.Words.Door, style{f.bold, 8, 8, 1, black}) + 2
	for _, step := range t.Words.Steps {
		y = p.block(left, y, width, step, style{f.regular, 9, 9, 4, black}) + 2
	}
	p.picture(left, y+4, width, 279-y-4, false)
}

// termsQuarter is the small print.
func termsQuarter(p panel, t Ticket) {
	const left, width = 114.0, 82.0
	if t.Terms == "" {
		return
	}
	f := faces()
	y := p.block(left, 160, width, t.Words.Terms, style{f.bold, 8, 8, 1, black}) + 2
	p.column(left, y, width, 280-y, t.Terms, style{face: f.regular, max: 9, min: 5, ink: grey})
}
