package document

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"

	"usher/sync/fault"
)

// Paper is the size of a page.
type Paper string

const (
	// A4 is one ticket a page with fold marks that halve it twice, or four
	// enrolment cards with cut marks.
	A4 Paper = "A4"
	// A6 is one ticket or card a page, 105 × 148 mm: a pocket, a phone's screen.
	A6 Paper = "A6"
)

// MaxPages is the most pages one file takes. A page waits in memory until the
// file is written, about 14 KiB each, and viewers don't love larger files either:
// an export of more tickets is split.
const MaxPages = 20_000

// Options are the facts about a PDF file as a whole. The zero value works.
type Options struct {
	Paper    Paper     // A4 when empty
	Created  time.Time // the file's creation date, to the second; 1 January 1970 when zero, for the clock is not read
	Title    string    // the name of the first ticket's or card's event when empty
	Author   string    // the organiser
	Language string    // of the texts, BCP 47 (RFC 5646), "en" when empty
	Picture  Picture   // of the event, on each ticket; none when zero

	// Progress, if set, is told after each page how many there are.
	Progress func(pages int)
}

// languageTag is the shape of a BCP 47 tag; nothing else may enter the file.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}$`)

// Book is a PDF file in the making. The PDF library keeps the content of every
// page until the file is written (BenchmarkBook10000 says how much that is), so
// the memory of a Book grows with its pages, up to MaxPages. A Book is not safe
// for concurrent use; different Books are.
type Book struct {
	pdf   *fpdf.Fpdf
	opt   Options
	pages int
	slot  int // next free place for a card on an A4 sheet
}

// NewBook starts an empty file.
func NewBook(opt Options) (*Book, error) {
	opt.Paper = cmp.Or(opt.Paper, A4)
	opt.Language = cmp.Or(opt.Language, "en")
	if opt.Created.IsZero() {
		opt.Created = time.Unix(0, 0)
	}
	if opt.Paper != A4 && opt.Paper != A6 {
		return nil, fault.New(fault.BadInput, "paper %.20q is not known: use %s or %s", opt.Paper, A4, A6)
	}
	if !languageTag.MatchString(opt.Language) {
		return nil, fault.New(fault.BadInput, "language %.40q is no BCP 47 tag such as en or de-CH", opt.Language)
	}
	pdf := fpdf.New("P", "mm", string(opt.Paper), "")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(opt.Created.UTC())
	pdf.SetModificationDate(opt.Created.UTC())
	pdf.SetLang(opt.Language)
	pdf.SetAuthor(metadata(opt.Author), false)
	pdf.SetProducer(metadata("usher"), false)
	f := faces()
	for _, face := range []*face{f.regular, f.bold, f.mono} {
		// The library writes into the font it is given, so each file gets a copy.
		pdf.AddUTF8FontFromBytes(face.family, "", bytes.Clone(face.ttf))
	}
	opt.Picture.register(pdf)
	return &Book{pdf: pdf, opt: opt}, pdf.Error()
}

// metadata encodes text for a PDF's information dictionary: UTF-16BE with a byte
// order mark (ISO 32000-1, section 7.9.2.2). The library's own encoder breaks on
// characters beyond the Basic Multilingual Plane.
func metadata(s string) string {
	if s = Clean(s); s == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString("\xFE\xFF")
	for _, unit := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(unit >> 8))
		b.WriteByte(byte(unit))
	}
	return b.String()
}

// Pages is the number of pages so far.
func (b *Book) Pages() int { return b.pages }

// AddTicket draws one ticket on a page of its own. After an error the book is as
// it was before.
func (b *Book) AddTicket(t Ticket) error {
	if t.code.Side() == 0 {
		if err := t.Encode(); err != nil {
			return err
		}
	}
	t = t.shown()
	if err := b.turn(t.EventName); err != nil {
		return err
	}
	if b.opt.Paper == A6 {
		ticketA6(panel{pdf: b.pdf, shown: b.opt.Picture}, t, t.code)
	} else {
		ticketA4(panel{pdf: b.pdf, shown: b.opt.Picture}, t, t.code)
	}
	return b.drawn("ticket")
}

// AddCard draws one enrolment card: on a page of its own on A6, four to a sheet
// on A4. After an error the book is as it was before.
func (b *Book) AddCard(c Card) error {
	level := Print
	if len(c.Text) > maxPrint {
		level = Screen // or its modules would be too small to print
	}
	m, err := QR(c.Text, level)
	if err != nil {
		return err
	}
	c = c.shown()
	at := panel{pdf: b.pdf}
	if b.opt.Paper == A4 && b.slot > 0 {
		at.x, at.y = float64(b.slot%2)*cardWidth, float64(b.slot/2)*cardHeight
	} else if err := b.turn(c.EventName); err != nil {
		return err
	} else if b.opt.Paper == A4 {
		cutMarks(at)
	}
	cardPanel(at, c, m)
	if b.opt.Paper == A4 {
		b.slot = (b.slot + 1) % 4
	}
	return b.drawn("card")
}

// turn starts a page; the first one names the file.
func (b *Book) turn(event string) error {
	if b.pages >= MaxPages {
		return fault.New(fault.TooLarge, "one PDF holds at most %d pages; export one file a ticket, or fewer tickets", MaxPages)
	}
	if b.pages == 0 {
		b.pdf.SetTitle(metadata(cmp.Or(b.opt.Title, event)), false)
	}
	b.pdf.AddPage()
	b.pages++
	b.slot = 0
	return nil
}

// drawn ends the drawing of one thing.
func (b *Book) drawn(what string) error {
	if err := b.pdf.Error(); err != nil {
		return fault.Wrap(fault.Internal, err, "%s on page %d could not be drawn", what, b.pages)
	}
	if b.opt.Progress != nil {
		b.opt.Progress(b.pages)
	}
	return nil
}

// WriteTo finishes the file and writes it. The book can't be used afterwards. A
// book without pages is an error: there is nothing to print.
func (b *Book) WriteTo(w io.Writer) (int64, error) {
	if b.pages == 0 {
		return 0, fault.New(fault.BadInput, "there is nothing to print: the file would have no page")
	}
	count := &counter{w: w}
	if err := b.pdf.Output(count); err != nil {
		return count.n, fmt.Errorf("write PDF of %d pages: %w", b.pages, err)
	}
	return count.n, nil
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// TicketPDF writes a file with one ticket.
func TicketPDF(w io.Writer, t Ticket, opt Options) error {
	return TicketsPDF(w, func(yield func(Ticket, error) bool) { yield(t, nil) }, opt)
}

// TicketsPDF writes one file with all tickets, a page each, in the order they
// come. An error from tickets, or a ticket that can't be drawn, ends it; nothing
// is written then.
func TicketsPDF(w io.Writer, tickets iter.Seq2[Ticket, error], opt Options) error {
	b, err := NewBook(opt)
	if err != nil {
		return err
	}
	for t, err := range tickets {
		if err != nil {
			return err
		}
		if err := b.AddTicket(t); err != nil {
			return mayNot("ticket", b.pages+1, err)
		}
	}
	_, err = b.WriteTo(w)
	return err
}

// CardsPDF writes one file with all cards.
func CardsPDF(w io.Writer, cards []Card, opt Options) error {
	b, err := NewBook(opt)
	if err != nil {
		return err
	}
	for n, c := range cards {
		if err := b.AddCard(c); err != nil {
			return mayNot("card", n+1, err)
		}
	}
	_, err = b.WriteTo(w)
	return err
}
