package document

import (
	"strconv"

	"codeberg.org/go-pdf/fpdf"
)

// mm is the number of points in a millimetre. Layouts are written in
// millimetres, type sizes in points, as printers do.
const mm = 72 / 25.4

// ink is a grey from 0, black, to 255, white. Tickets are printed at home: one
// colour, no filled areas beyond a bar.
type ink uint8

const (
	black ink = 0
	grey  ink = 95  // labels and small print: 7 : 1 on white
	faint ink = 170 // rules, frames and marks
)

// panel is a part of a page with its own origin at its top left corner, so that
// the same layout can stand on a page of its own or several times on a sheet.
type panel struct {
	pdf  *fpdf.Fpdf
	x, y float64 // millimetres from the top left corner of the page

	shown Picture // of the event; its zero value: none
}

// line sets one line of drawable text with its baseline at y.
func (p panel) line(x, y float64, s string, f *face, size float64, i ink) {
	p.pdf.SetFont(f.family, "", size)
	p.pdf.SetTextColor(int(i), int(i), int(i))
	p.pdf.Text(p.x+x, p.y+y, s)
}

// block sets clean text from the top y downwards, as large as the style and the
// width allow, and gives the y below it. Empty text takes no room.
func (p panel) block(x, y, width float64, s string, st style) (below float64) {
	lines, size := fit(st.face.drawable(s), width*mm, st)
	return p.lines(x, y, lines, size, st)
}

// column sets clean text like block, on as many lines as there is room for at
// each size.
func (p panel) column(x, y, width, height float64, s string, st style) {
	text := st.face.drawable(s)
	for size := st.max; ; size -= shrink {
		st.lines = max(1, int(height*mm/(size*leading)))
		if size-shrink < st.min {
			st.max, st.min = size, size
			lines, _ := fit(text, width*mm, st)
			p.lines(x, y, lines, size, st)
			return
		}
		if lines := wrap(text, width*mm, size, st.face, st.lines+1); len(lines) <= st.lines {
			p.lines(x, y, lines, size, st)
			return
		}
	}
}

// lines sets lines one below the other and gives the y below the last.
func (p panel) lines(x, y float64, lines []string, size float64, st style) (below float64) {
	for n, text := range lines {
		baseline := y + (float64(n)*leading+0.95)*size/mm
		p.line(x, baseline, text, st.face, size, st.ink)
	}
	return y + float64(len(lines))*leading*size/mm
}

// field sets a small label and, under it, its value; nothing where there is no
// value. It gives the y below it.
func (p panel) field(x, y, width float64, label, value string, st style) (below float64) {
	if value == "" {
		return y
	}
	y = p.block(x, y, width, label, style{face: faces().regular, max: 6.5, min: 5, lines: 1, ink: grey})
	return p.block(x, y+0.3, width, value, st) + 2.6
}

// bar fills a rectangle.
func (p panel) bar(x, y, w, h float64, i ink) {
	p.pdf.SetFillColor(int(i), int(i), int(i))
	p.pdf.Rect(p.x+x, p.y+y, w, h, "F")
}

// rule draws a straight line of the given thickness in millimetres.
func (p panel) rule(x1, y1, x2, y2, thickness float64) {
	p.pdf.SetDrawColor(int(faint), int(faint), int(faint))
	p.pdf.SetLineWidth(thickness)
	p.pdf.Line(p.x+x1, p.y+y1, p.x+x2, p.y+y2)
}

// code draws the matrix with its quiet zone in a square of the given edge, as
// one filled path in units of a module. Filling all runs at once leaves no
// hairlines between rows, whatever the renderer. Layouts draw it last: it is by
// far the longest part of a page, and the library's buffer doubles for what
// comes after.
func (p panel) code(x, y, edge float64, m Matrix) {
	_, height := p.pdf.GetPageSize()
	module := edge * mm / float64(m.Outer())
	b := make([]byte, 0, 12*m.side*m.side/3)
	b = append(b, "q 0 g "...)
	for _, v := range []float64{module, 0, 0, -module,
		(p.x+x)*mm + QuietZone*module, (height-p.y-y)*mm - QuietZone*module} {
		b = append(strconv.AppendFloat(b, v, 'f', 4, 64), ' ')
	}
	b = append(b, "cm\n"...)
	for run := range m.Runs() {
		for _, v := range []int{run.X, run.Y, run.Len} {
			b = append(strconv.AppendInt(b, int64(v), 10), ' ')
		}
		b = append(b, "1 re\n"...)
	}
	b = append(b, "f Q"...)
	p.pdf.RawWriteStr(string(b))
}

// frame draws the thin border in which a code stands; the quiet zone is inside.
func (p panel) frame(x, y, edge float64) {
	p.pdf.SetDrawColor(int(faint), int(faint), int(faint))
	p.pdf.SetLineWidth(0.25)
	p.pdf.RoundedRect(p.x+x, p.y+y, edge, edge, 2, "1234", "D")
}
