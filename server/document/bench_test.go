package document

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"
)

// beside measures ours against the bare library doing the same thing, in turns
// in one run so that a busy machine slows both alike, and reports the ratio.
func beside(b *testing.B, ours, bare func() error) {
	var spent [2]time.Duration
	for b.Loop() {
		for i, f := range []func() error{ours, bare} {
			start := time.Now()
			if err := f(); err != nil {
				b.Fatal(err)
			}
			spent[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(b.N)/spent[0].Seconds(), "ours/s")
	b.ReportMetric(float64(b.N)/spent[1].Seconds(), "bare/s")
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "×bare")
}

// A picture of a code, beside the QR library's own.
func BenchmarkPNG(b *testing.B) {
	text := token(216)
	beside(b, func() error {
		return PNG(io.Discard, text, 512)
	}, func() error {
		_, err := qrcode.Encode(text, qrcode.Medium, 512)
		return err
	})
}

// bareBook is the least a page of this kind takes with the PDF library: the same
// three fonts, eleven lines of text, and the code as one rectangle a run.
func bareBook(pages int) error {
	pdf := fpdf.New("P", "mm", "A6", "")
	f := faces()
	for _, face := range []*face{f.regular, f.bold, f.mono} {
		pdf.AddUTF8FontFromBytes(face.family, "", bytes.Clone(face.ttf))
	}
	for range pages {
		code, err := qrcode.New(token(216), qrcode.High)
		if err != nil {
			return err
		}
		pdf.AddPage()
		for line := range 11 {
			pdf.SetFont([]string{"regular", "bold", "mono"}[line%3], "", 10)
			pdf.Text(10, 10+float64(line)*5, "Harbour Nights 2026 Zoë Müller")
		}
		for y, row := range code.Bitmap() {
			for x := 0; x < len(row); x++ {
				start := x
				for x < len(row) && row[x] {
					x++
				}
				if x > start {
					pdf.Rect(float64(start), float64(y), float64(x-start), 1, "F")
				}
			}
		}
	}
	return pdf.Output(io.Discard)
}

// One file a ticket: nearly all of it is the library reading and cutting fonts.
func BenchmarkTicketPDF(b *testing.B) {
	beside(b, func() error {
		return TicketPDF(io.Discard, sample(), options(A6))
	}, func() error {
		return bareBook(1)
	})
}

// All tickets in one file, 500 a time.
func BenchmarkTicketsPDF(b *testing.B) {
	const pages = 500
	beside(b, func() error {
		return TicketsPDF(io.Discard, series(pages, nil), options(A6))
	}, func() error {
		return bareBook(pages)
	})
	b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "pages/s-both")
}

// BenchmarkBook10000 makes one file of 10,000 tickets and reports how much
// memory a page holds until the file is written.
func BenchmarkBook10000(b *testing.B) {
	const pages = 10_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		book, err := NewBook(options(A6))
		if err != nil {
			b.Fatal(err)
		}
		for ticket := range series(pages, nil) {
			if err := book.AddTicket(ticket); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		size, err := book.WriteTo(io.Discard)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/pages/1024, "KiB-held/page")
		b.ReportMetric(float64(size)/pages/1024, "KiB-written/page")
	}
	b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "pages/s")
}
