// Package printout writes the tickets of an event to files: one file a ticket or
// one for all, as PDF, PNG, SVG, text or CSV.
//
// # What it promises
//
// All or nothing. Files are made in a hidden folder inside the folder they go to,
// and moved into place when every one of them is whole. An error, a full disk or
// an interrupt on the way leaves the folder as it was. A process that is killed
// outright may leave its hidden folder, whose name begins with ".usher-part-";
// nothing of it is ever taken for a ticket, and it may be deleted.
//
// No file that is there is overwritten unless that was asked for, and the check
// is made for all files before the first is drawn.
//
// Whoever has a ticket's file gets in on it, so folders and files are made for
// their owner only.
//
// # Names
//
// A ticket's file is called after the organiser's external id, of which only
// ASCII letters, digits, dots, hyphens and underscores are kept, and the ticket's
// short code, which makes the name unique: "A-1017-2W5G-T0QR-7XKPM8.pdf". One file
// for all is called after the event.
package printout

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/server/catalog"
	"usher/server/document"
	"usher/server/speech"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	PDF  Format = "pdf"
	PNG  Format = "png"
	SVG  Format = "svg"
	Text Format = "txt"
	CSV  Format = "csv"
)

// Formats lists the formats.
func Formats() []Format { return []Format{PDF, PNG, SVG, Text, CSV} }

// Order says what to write.
type Order struct {
	Event   string
	Format  Format
	Paper   document.Paper // of a PDF; "" is A4
	One     bool           // one file for all tickets: PDF and text; a CSV always is one
	Dir     string         // folder to write to; made where there is none
	Force   bool           // overwrite files that are there
	Tickets []string       // as ticketing.Office.Find takes them; none: all of the event
}

// Report says what was written.
type Report struct {
	Event   string   `json:"event"`
	Format  Format   `json:"format"`
	Dir     string   `json:"dir"`
	Tickets int      `json:"tickets"`
	Void    int      `json:"void_left_out"` // revoked tickets, which are not printed
	Files   []string `json:"files"`
}

// Progress is told how many tickets of how many are drawn. It must be quick; it
// is called from one goroutine at a time.
type Progress func(done, total int)

// Printer writes tickets to files.
type Printer struct {
	tickets *ticketing.Office
	catalog *catalog.Catalog
	now     func() time.Time

	mu       sync.Mutex                  // of all below
	pictures map[string]document.Picture // made ready, by their hash
}

// New makes a printer.
func New(tickets *ticketing.Office, c *catalog.Catalog, now func() time.Time) *Printer {
	return &Printer{tickets: tickets, catalog: c, now: now, pictures: map[string]document.Picture{}}
}

// Print writes the tickets. Tickets of the event that are void are left out and
// counted, except from a CSV, which lists them with their state; one that is
// named and void is refused. fault.Exists names a file that is in the way.
func (p *Printer) Print(ctx context.Context, o Order, progress Progress) (r Report, err error) {
	if o, err = o.checked(); err != nil {
		return r, err
	}
	event, err := p.catalog.Event(ctx, o.Event)
	if err != nil {
		return r, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	out, err := openStage(o.Dir, o.Force)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	j := &job{Printer: p, order: o, event: event, say: speech.In(event.Language, event.Location), out: out, created: p.now(), progress: progress}
	if o.Format == PDF {
		j.picture = p.pictureOf(ctx, event.Code)
	}
	if err := j.plan(ctx); err != nil {
		return r, err
	}
	if err := j.write(ctx); err != nil {
		return r, err
	}
	files, err := out.publish()
	return Report{Event: o.Event, Format: o.Format, Dir: o.Dir, Tickets: j.total, Void: j.void, Files: files}, err
}

// checked refuses what can't be written, and fills in what was left out.
func (o Order) checked() (Order, error) {
	if o.Paper == "" {
		o.Paper = document.A4
	}
	switch {
	case o.Dir == "":
		return o, fault.New(fault.BadInput, "say which folder the files go to")
	case o.Paper != document.A4 && o.Paper != document.A6:
		return o, fault.New(fault.BadInput, "paper %.20q is not known: use %s or %s", o.Paper, document.A4, document.A6)
	}
	switch o.Format {
	case PDF, Text:
	case CSV:
		o.One = true
	case PNG, SVG:
		if o.One {
			return o, fault.New(fault.BadInput, "a %s file holds one ticket: leave out the wish for one file, or choose pdf or txt", o.Format)
		}
	default:
		return o, fault.New(fault.BadInput, "format %.20q is not known: use pdf, png, svg, txt or csv", o.Format)
	}
	return o, nil
}
