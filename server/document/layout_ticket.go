package document

// What the ticket says about itself, in print.
const (
	labelHolder = "HOLDER"
	labelTicket = "TICKET"
	labelSeat   = "SEAT"
	labelZone   = "ZONE"
	labelGate   = "GATE"
	labelCode   = "CODE, IF IT CAN'T BE SCANNED"
	labelWhen   = "WHEN"
	labelWhere  = "WHERE"
	labelDoor   = "AT THE DOOR"
	labelTerms  = "TERMS"
)

// doorSteps tell the holder what to do; each starts on a line of its own.
var doorSteps = []string{
	"Have this page or the same code on your phone ready before you reach the gate.",
	"Fold it along the marks so that the code lies flat, and keep it dry.",
	"The code admits once. Whoever shows it first is let in: don't post or share a picture of it.",
}

// ticketA6 is a ticket on 105 × 148 mm: the event on top, code and gate in the
// middle, the person and the typed code below.
func ticketA6(p panel, t Ticket, m Matrix) {
	const left, width, edge, side, footer = 7.0, 91.0, 62.0, 73.0, 142.0
	f := faces()
	p.bar(left, 7, width, 1.4, black)
	y := p.block(left, 10.2, width, t.EventName, style{f.bold, 17, 9, 2, black})
	y = p.block(left, y+0.6, width, t.When, style{f.bold, 9, 6, 1, black})
	y = p.block(left, y+0.2, width, t.Venue, style{f.regular, 8.5, 6, 1, grey})

	// The rest moves up where the event's name takes one line only.
	top := min(max(y+4, 30), 36)
	p.frame(left, top, edge)
	value := style{f.bold, 13, 7, 2, black}
	y = p.field(side, top+1, left+width-side, labelGate, t.Gate, value)
	y = p.field(side, y, left+width-side, labelZone, t.Zone, value)
	p.field(side, y, left+width-side, labelSeat, t.Seat, value)

	y = p.field(left, top+edge+3, width, labelHolder, t.HolderName, style{f.bold, 11.5, 8, 2, black})
	y = p.field(left, y-0.6, width, labelTicket, t.Product, style{f.regular, 10.5, 7, 1, black})

	p.rule(left, y-0.2, left+width, y-0.2, 0.25)
	y = p.field(left, y+1.6, width, labelCode, t.ShortCode, style{f.mono, 16, 9, 1, black})
	p.column(left, y-0.6, width, footer-1.2-y, t.Terms, style{face: f.regular, max: 6.5, min: 5, ink: grey})
	p.block(left, footer, width, t.Footer, style{f.regular, 5.5, 4.5, 1, grey})
	p.code(left, top, edge, m)
}

// ticketA4 is a ticket on 210 × 297 mm that folds twice to A6: the code alone on
// the front quarter, the facts beside it, advice and terms below.
func ticketA4(p panel, t Ticket, m Matrix) {
	foldMarks(p)
	factsQuarter(p, t)
	adviceQuarter(p)
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
	p.field(left, top+edge+5, edge, labelCode, t.ShortCode, style{f.mono, 18, 9, 1, black})
	p.code(left, top, edge, m)
}

// factsQuarter is what the holder looks at.
func factsQuarter(p panel, t Ticket) {
	const left, width, half = 114.0, 82.0, 40.0
	f := faces()
	p.bar(left, 14, width, 2, black)
	strong, plain := style{f.bold, 15, 8, 2, black}, style{f.regular, 11, 7, 2, black}
	y := p.block(left, 18.5, width, t.EventName, style{f.bold, 22, 10, 3, black}) + 5
	y = p.field(left, y, width, labelWhen, t.When, style{f.bold, 11, 7, 2, black})
	y = p.field(left, y, width, labelWhere, t.Venue, plain)
	p.rule(left, y+1, left+width, y+1, 0.25)
	y = p.field(left, y+4, width, labelHolder, t.HolderName, strong)
	y = p.field(left, y, width, labelTicket, t.Product, plain)
	next := p.field(left, y, half, labelGate, t.Gate, strong)
	next = max(next, p.field(left+half+2, y, half, labelZone, t.Zone, strong))
	p.field(left, next, width, labelSeat, t.Seat, strong)
}

// adviceQuarter says what to do with the sheet.
func adviceQuarter(p panel) {
	const left, width = 14.0, 82.0
	f := faces()
	y := p.block(left, 160, width, labelDoor, style{f.bold, 8, 8, 1, black}) + 2
	for _, step := range doorSteps {
		y = p.block(left, y, width, step, style{f.regular, 9, 9, 4, black}) + 2
	}
}

// termsQuarter is the small print.
func termsQuarter(p panel, t Ticket) {
	const left, width = 114.0, 82.0
	if t.Terms == "" {
		return
	}
	f := faces()
	y := p.block(left, 160, width, labelTerms, style{f.bold, 8, 8, 1, black}) + 2
	p.column(left, y, width, 280-y, t.Terms, style{face: f.regular, max: 9, min: 5, ink: grey})
}
