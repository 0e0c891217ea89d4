package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/sync/fault"
)

// scanDPI is the resolution of a cheap office scanner.
const scanDPI = 150

func options(paper Paper) Options {
	return Options{Paper: paper, Created: created, Author: "Harbour Events GmbH"}
}

// ticketPDF is the file of one ticket.
func ticketPDF(t *testing.T, ticket Ticket, opt Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := TicketPDF(&b, ticket, opt); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTicketPDFReadsBack(t *testing.T) {
	for _, paper := range []Paper{A4, A6} {
		for _, length := range []int{148, 216, 700} {
			t.Run(fmt.Sprintf("%s/%d", paper, length), func(t *testing.T) {
				ticket := sample()
				ticket.Token = token(length)
				wantCode(t, render(t, ticketPDF(t, ticket, options(paper)), scanDPI), ticket.Token)
			})
		}
	}
}

func TestCardsPDFReadBack(t *testing.T) {
	cards := slices.Repeat([]Card{sampleCard()}, 5)
	for _, paper := range []Paper{A4, A6} {
		var b bytes.Buffer
		if err := CardsPDF(&b, cards, options(paper)); err != nil {
			t.Fatal(err)
		}
		want := map[Paper]string{A4: "2", A6: "5"}[paper]
		if got := info(t, b.Bytes())["Pages"]; got != want {
			t.Errorf("%s: %s pages, want %s", paper, got, want)
		}
		// The fifth card stands alone on the last page of either.
		last := map[Paper]int{A4: 2, A6: 5}[paper]
		wantCode(t, renderPage(t, b.Bytes(), scanDPI, last), sampleCard().Text)
	}
}

// The longest card there is takes a denser code, and still survives print and
// scan.
func TestLongCardReadsBack(t *testing.T) {
	card := sampleCard()
	card.Text = "UE1:" + token(900)[4:]
	var b bytes.Buffer
	if err := CardsPDF(&b, []Card{card}, options(A6)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, render(t, b.Bytes(), scanDPI), card.Text)
}

// Without any option there is an A4 page in English, dated 1970.
func TestZeroOptions(t *testing.T) {
	pdf := ticketPDF(t, sample(), Options{})
	if size := info(t, pdf)["Page size"]; !strings.Contains(size, "A4") {
		t.Errorf("page size %s", size)
	}
	if !bytes.Contains(pdf, []byte("/Lang (en)")) || !bytes.Contains(pdf, []byte("(D:19700101000000)")) {
		t.Error("language or creation date is missing")
	}
}

// Whatever is in the texts, the page is drawn and its code can be read.
func TestTicketPDFSurvivesHostileTexts(t *testing.T) {
	for i, text := range hostile() {
		for _, paper := range []Paper{A4, A6} {
			ticket := Ticket{EventName: text, Venue: text, When: text, HolderName: text, Product: text, Seat: text,
				Zone: text, Gate: text, Terms: text, Footer: text, ShortCode: text, Token: token(216)}
			opt := options(paper)
			opt.Title, opt.Author = text, text
			t.Run(fmt.Sprintf("%d/%s", i, paper), func(t *testing.T) {
				wantCode(t, render(t, ticketPDF(t, ticket, opt), scanDPI), ticket.Token)
			})
		}
	}
}

// info is what pdfinfo says about a file; it also proves the file is whole.
func info(t *testing.T, pdf []byte) map[string]string {
	t.Helper()
	program, err := exec.LookPath("pdfinfo")
	if err != nil {
		t.Fatal("pdfinfo is missing: run `make deps` (it installs poppler-utils)")
	}
	run := exec.Command(program, "-enc", "UTF-8", "-")
	run.Stdin = bytes.NewReader(pdf)
	var complaints strings.Builder
	run.Stderr = &complaints
	out, err := run.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("pdfinfo: %v: %s", err, complaints.String())
	}
	facts := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(line, ":")
		facts[name] = strings.TrimSpace(value)
	}
	return facts
}

func TestMetadata(t *testing.T) {
	opt := options(A6)
	opt.Title, opt.Author, opt.Language = "Konzert (à 20 h) \\ 🎉", "Zoë Ω 李", "de-CH"
	pdf := ticketPDF(t, sample(), opt)
	facts := info(t, pdf)
	for name, want := range map[string]string{"Title": opt.Title, "Author": opt.Author, "Pages": "1",
		"Page size": "297.64 x 420.94 pts (A6)"} {
		if facts[name] != want {
			t.Errorf("%s is %q, want %q", name, facts[name], want)
		}
	}
	if !bytes.Contains(pdf, []byte("/Lang (de-CH)")) || !bytes.Contains(pdf, []byte("(D:20261124120000)")) {
		t.Error("language or creation date is missing")
	}
	if facts := info(t, ticketPDF(t, sample(), options(A4))); facts["Title"] != sample().EventName {
		t.Errorf("title is %q without one given", facts["Title"])
	}
}

// The same input gives the same bytes, also beside others at work.
func TestPDFIsDeterministic(t *testing.T) {
	want := ticketPDF(t, sample(), options(A4))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ticket := sample()
			var b bytes.Buffer
			if err := TicketPDF(&b, ticket, options(A4)); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Errorf("another file of %d bytes, %v", b.Len(), err)
			}
			ticket.HolderName = "Ærøskøbing Ψ Щ"
			if err := TicketPDF(io.Discard, ticket, options(A6)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestBookRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		opt  Options
		says string
	}{
		"other paper": {Options{Created: created, Paper: "A3"}, `paper "A3"`},
		"no language": {Options{Paper: A4, Created: created, Language: "de) /Evil ("}, "BCP 47"},
	} {
		if _, err := NewBook(tc.opt); !errors.Is(err, fault.BadInput) || !strings.Contains(fault.Message(err), tc.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := CardsPDF(io.Discard, nil, options(A4)); !errors.Is(err, fault.BadInput) {
		t.Errorf("no cards: got %v", err)
	}
	if err := TicketPDF(failing{}, sample(), options(A6)); !errors.Is(err, errFull) {
		t.Errorf("full disk: got %v", err)
	}
}

// series yields n tickets with tokens of their own, and then err if not nil.
func series(n int, err error) iter.Seq2[Ticket, error] {
	return func(yield func(Ticket, error) bool) {
		for i := range n {
			ticket := sample()
			ticket.Token = token(200 + i%20)
			ticket.HolderName = fmt.Sprintf("Guest %d", i)
			if !yield(ticket, nil) {
				return
			}
		}
		if err != nil {
			yield(Ticket{}, err)
		}
	}
}

func TestTicketsPDFStopsWithoutOutput(t *testing.T) {
	errGone := errors.New("the guest list is gone")
	bad := func(yield func(Ticket, error) bool) {
		_ = yield(sample(), nil) && yield(Ticket{EventName: "no token"}, nil)
	}
	var b bytes.Buffer
	if err := TicketsPDF(&b, series(2, errGone), options(A6)); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
	if err := TicketsPDF(&b, bad, options(A6)); !errors.Is(err, fault.BadInput) || !strings.Contains(err.Error(), "ticket 2") {
		t.Errorf("got %v", err)
	}
	if b.Len() != 0 {
		t.Errorf("%d bytes were written beside the errors", b.Len())
	}
}

func TestTicketsPDF(t *testing.T) {
	const n = 60
	opt, told := options(A6), 0
	opt.Progress = func(pages int) { told = pages }
	var b bytes.Buffer
	if err := TicketsPDF(&b, series(n, nil), opt); err != nil {
		t.Fatal(err)
	}
	if got := info(t, b.Bytes())["Pages"]; got != fmt.Sprint(n) || told != n {
		t.Errorf("%s pages, progress told %d, want %d", got, told, n)
	}
	for _, page := range []int{1, 37, n} {
		wantCode(t, renderPage(t, b.Bytes(), scanDPI, page), token(200+(page-1)%20))
	}
}

// A book takes so many pages and no more; the one too many changes nothing.
func TestBookIsBounded(t *testing.T) {
	b, err := NewBook(options(A6))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddTicket(sample()); err != nil {
		t.Fatal(err)
	}
	b.pages = MaxPages
	if err := b.AddTicket(sample()); !errors.Is(err, fault.TooLarge) {
		t.Errorf("got %v", err)
	}
	if err := b.AddTicket(Ticket{}); !errors.Is(err, fault.BadInput) || b.Pages() != MaxPages {
		t.Errorf("got %v and %d pages", err, b.Pages())
	}
}

func TestStartsStandsInForWhen(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	got := Ticket{Starts: time.Date(2026, 12, 12, 19, 30, 0, 0, zone)}.shown()
	if want := "Saturday 12 December 2026, 19:30"; got.When != want {
		t.Errorf("got %q, want %q", got.When, want)
	}
}

// FuzzTicket draws any texts: whatever they are, there is a whole file.
func FuzzTicket(f *testing.F) {
	for i, text := range hostile() {
		f.Add(text, hostile()[(i+5)%len(hostile())], i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, one, other string, big bool) {
		ticket := sample()
		ticket.EventName, ticket.HolderName, ticket.Seat, ticket.ShortCode = one, other, one, other
		ticket.Terms, ticket.Venue = one+other, other
		opt := options(A6)
		if big {
			opt.Paper = A4
		}
		opt.Title, opt.Author = one, other
		pdf := ticketPDF(t, ticket, opt)
		if !bytes.HasPrefix(pdf, []byte("%PDF-1.")) || !bytes.HasSuffix(pdf, []byte("%%EOF\n")) {
			t.Fatalf("%d bytes are no whole file", len(pdf))
		}
	})
}
