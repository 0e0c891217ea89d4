package document

import (
	"io"
	"strings"

	"usher/sync/fault"
)

// Receipt says what was bought, for how much, and which taxes are in it. Amounts
// are in words: whoever calls has formatted them. Texts are cleaned before they
// are drawn.
type Receipt struct {
	Title  string   // "Receipt", "Invoice"
	Number string   // the order's code
	Date   string   // as people read it
	Event  string   // name, date and place of what was bought, one line
	Seller []string // name, address, tax number: a line each
	Buyer  []string // name, address: a line each
	Lines  []ReceiptLine
	Total  string
	Taxes  []ReceiptTax
	Notes  []string // how it was paid, what went back: a paragraph each
	Words  ReceiptWords
}

// ReceiptWords are what a receipt says in the reader's language.
type ReceiptWords struct {
	Number, Date                     string
	Item, Count, Each, Amount, Total string
	Taxes, Net, Tax, Gross           string
}

// ReceiptLine is one thing that was bought.
type ReceiptLine struct {
	Text, Count, Each, Amount string
}

// ReceiptTax is what a receipt contains at one rate.
type ReceiptTax struct {
	Rate, Net, Tax, Gross string
}

// maxReceiptLines is how many lines one page takes.
const maxReceiptLines = 60

// ReceiptPDF writes a file with one receipt, on A4.
func ReceiptPDF(w io.Writer, r Receipt, opt Options) error {
	opt.Paper = A4
	b, err := NewBook(opt)
	if err != nil {
		return err
	}
	if len(r.Lines) > maxReceiptLines {
		return fault.New(fault.TooLarge, "a receipt holds %d lines at most, this one has %d", maxReceiptLines, len(r.Lines))
	}
	r = r.shown()
	if err := b.turn(strings.TrimSpace(r.Title + " " + r.Number)); err != nil {
		return err
	}
	receiptPage(panel{pdf: b.pdf}, r)
	if err := b.drawn("receipt"); err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// shown is the receipt with every text clean.
func (r Receipt) shown() Receipt {
	clean := func(list []string) (cleaned []string) {
		for _, text := range list {
			if text = Clean(text); text != "" {
				cleaned = append(cleaned, text)
			}
		}
		return cleaned
	}
	r.Title, r.Number, r.Date, r.Event, r.Total = Clean(r.Title), Clean(r.Number), Clean(r.Date), Clean(r.Event), Clean(r.Total)
	r.Seller, r.Buyer, r.Notes = clean(r.Seller), clean(r.Buyer), clean(r.Notes)
	lines, rates := make([]ReceiptLine, len(r.Lines)), make([]ReceiptTax, len(r.Taxes))
	for i, l := range r.Lines {
		lines[i] = ReceiptLine{Clean(l.Text), Clean(l.Count), Clean(l.Each), Clean(l.Amount)}
	}
	for i, t := range r.Taxes {
		rates[i] = ReceiptTax{Clean(t.Rate), Clean(t.Net), Clean(t.Tax), Clean(t.Gross)}
	}
	r.Lines, r.Taxes = lines, rates
	return r
}

// Columns of a receipt, in millimetres from the left.
const (
	receiptLeft  = 20.0
	receiptRight = 190.0
	receiptCount = 118.0 // right edges
	receiptEach  = 152.0
)

// receiptPage draws a receipt on A4.
func receiptPage(p panel, r Receipt) {
	f := faces()
	small, body := style{f.regular, 9, 6, 1, black}, style{f.regular, 10, 6.5, 1, black}
	y := 20.0
	for i, text := range r.Seller {
		st := small
		if i == 0 {
			st = style{f.bold, 12, 8, 1, black}
		}
		y = p.block(receiptLeft, y, 110, text, st)
	}
	y = max(y+8, 45)
	for _, text := range r.Buyer {
		y = p.block(receiptLeft, y, 110, text, body)
	}
	side := p.field(140, 45, 50, r.Words.Number, r.Number, style{f.mono, 11, 7, 1, black})
	p.field(140, side, 50, r.Words.Date, r.Date, body)

	y = p.block(receiptLeft, max(y+10, 80), 170, r.Title, style{f.bold, 18, 12, 1, black})
	y = p.block(receiptLeft, y+1, 170, r.Event, style{f.regular, 10, 7, 2, grey})
	y = p.receiptLines(y+7, r)
	y = p.receiptTaxes(y+8, r)
	for _, note := range r.Notes {
		y = p.block(receiptLeft, y+2, 170, note, style{f.regular, 9, 7, 4, black})
	}
}

// receiptLines draws the table of what was bought.
func (p panel) receiptLines(y float64, r Receipt) (below float64) {
	f := faces()
	head := style{f.regular, 7, 7, 1, grey}
	row := style{f.regular, 10, 6, 1, black}
	step := 6.4
	if room := 150 / float64(len(r.Lines)+1); room < step {
		step, row.max = room, max(row.min, room*10/step)
	}
	p.block(receiptLeft, y, 60, r.Words.Item, head)
	p.right(receiptCount, y, r.Words.Count, head)
	p.right(receiptEach, y, r.Words.Each, head)
	p.right(receiptRight, y, r.Words.Amount, head)
	y += 4.5
	for _, l := range r.Lines {
		p.rule(receiptLeft, y, receiptRight, y, 0.2)
		p.block(receiptLeft, y+1, 84, l.Text, row)
		p.right(receiptCount, y+1, l.Count, row)
		p.right(receiptEach, y+1, l.Each, row)
		p.right(receiptRight, y+1, l.Amount, row)
		y += step
	}
	p.rule(receiptLeft, y, receiptRight, y, 0.5)
	total := style{f.bold, 12, 8, 1, black}
	p.block(receiptLeft, y+1.5, 60, r.Words.Total, total)
	p.right(receiptRight, y+1.5, r.Total, total)
	return y + 8
}

// receiptTaxes draws what is in the total at each rate.
func (p panel) receiptTaxes(y float64, r Receipt) (below float64) {
	if len(r.Taxes) == 0 {
		return y
	}
	f := faces()
	head, row := style{f.regular, 7, 7, 1, grey}, style{f.regular, 9, 6, 1, black}
	p.block(receiptLeft, y, 60, r.Words.Taxes, head)
	p.right(receiptCount, y, r.Words.Net, head)
	p.right(receiptEach, y, r.Words.Tax, head)
	p.right(receiptRight, y, r.Words.Gross, head)
	y += 4.5
	for _, t := range r.Taxes {
		p.block(receiptLeft, y, 60, t.Rate, row)
		p.right(receiptCount, y, t.Net, row)
		p.right(receiptEach, y, t.Tax, row)
		p.right(receiptRight, y, t.Gross, row)
		y += 5
	}
	return y + 4
}

// right sets one line that ends at x.
func (p panel) right(x, y float64, s string, st style) {
	text := st.face.drawable(s)
	width := st.face.width(text, st.max) / mm
	p.line(x-width, y+0.95*st.max/mm, text, st.face, st.max, st.ink)
}
