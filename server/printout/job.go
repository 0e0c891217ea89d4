package printout

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"usher/crypto/ticket"
	"usher/server/catalog"
	"usher/server/document"
	"usher/server/speech"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// job is one printing.
type job struct {
	*Printer
	order   Order
	event   *catalog.Event
	say     speech.Lang
	picture document.Picture
	out     *stage
	created time.Time

	total, void int

	mu       sync.Mutex // of done, and of calls of progress
	done     int
	progress Progress
}

// plan counts what there is to write and makes sure that nothing is in its way.
func (j *job) plan(ctx context.Context) error {
	err := j.each(ctx, func(t ticketing.Ticket) error {
		j.total++
		if !j.order.One {
			j.out.claim(fileName(t, j.order.Format))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if j.total == 0 {
		return fault.New(fault.NotFound, "event %s has no ticket to write (%d are void)", j.order.Event, j.void)
	}
	if j.order.One {
		for part := range j.parts() {
			j.out.claim(j.partName(part))
		}
	}
	return j.out.inTheWay()
}

// each calls do with every ticket of the order.
func (j *job) each(ctx context.Context, do func(ticketing.Ticket) error) error {
	if len(j.order.Tickets) > 0 {
		return j.named(ctx, do)
	}
	void := 0
	err := j.tickets.Each(ctx, j.order.Event, func(t ticketing.Ticket) error {
		if (t.State != ticketing.Valid || t.Bound()) && j.order.Format != CSV {
			void++
			return nil
		}
		return do(t)
	})
	j.void = void
	return err
}

// named is each for tickets that were named one by one. One that is named twice
// is written once.
func (j *job) named(ctx context.Context, do func(ticketing.Ticket) error) error {
	seen := make(map[ticket.ID]bool, len(j.order.Tickets))
	for _, name := range j.order.Tickets {
		t, err := j.tickets.Find(ctx, j.order.Event, name)
		if err != nil {
			return err
		}
		if t.State != ticketing.Valid && j.order.Format != CSV {
			return fault.New(fault.Refused, "ticket %s is %s (%s): a void ticket is not printed", t.ID.Short(), t.State, t.Why)
		}
		if t.Bound() && j.order.Format != CSV {
			return fault.New(fault.Refused, "ticket %s is shown by a phone and has no code to be printed; reissue it to have one", t.ID.Short())
		}
		if seen[t.ID] {
			continue
		}
		seen[t.ID] = true
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) write(ctx context.Context) error {
	switch {
	case !j.order.One:
		return j.writeEach(ctx)
	case j.order.Format == PDF:
		return j.writeBooks(ctx)
	case j.order.Format == CSV:
		return j.out.file(j.partName(0), func(w io.Writer) error { return j.writeCSV(ctx, w) })
	default:
		return j.out.file(j.partName(0), func(w io.Writer) error { return j.writeText(ctx, w) })
	}
}

// writeEach writes a file for each ticket, on all cores.
func (j *job) writeEach(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	tickets := make(chan ticketing.Ticket)
	group.Go(func() error {
		defer close(tickets)
		return j.each(ctx, func(t ticketing.Ticket) error {
			select {
			case tickets <- t:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for t := range tickets {
				if err := j.writeFile(t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (j *job) writeFile(t ticketing.Ticket) error {
	err := j.out.file(fileName(t, j.order.Format), func(w io.Writer) error { return j.draw(w, t) })
	if err != nil {
		return j.failed(t, err)
	}
	j.step()
	return nil
}

// draw writes one ticket in the order's format.
func (j *job) draw(w io.Writer, t ticketing.Ticket) error {
	sheet := j.sheet(t)
	switch j.order.Format {
	case PDF:
		return document.TicketPDF(w, sheet, j.options())
	case PNG:
		return document.PNG(w, sheet.Token, 0)
	case SVG:
		return document.SVG(w, sheet.Token, sheet.EventName+", ticket "+sheet.ShortCode)
	default:
		return document.Text(w, sheet, document.LightGround)
	}
}

func (j *job) options() document.Options {
	return document.Options{Paper: j.order.Paper, Created: j.created, Title: j.event.Name, Language: j.say.Code(), Picture: j.picture}
}

// failed says whose ticket could not be written, by what an organiser knows it by.
func (j *job) failed(t ticketing.Ticket, err error) error {
	return fault.Wrap(fault.KindOf(err), err, "ticket %s (%s) can't be written", t.ID.Short(), t.External)
}

func (j *job) step() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done++
	j.progress(j.done, j.total)
}

// maxStem bounds how much of an external id a file's name keeps, in bytes.
const maxStem = 60

// fileName gives the name of a ticket's file. What is not surely harmless in a
// name on every system becomes an underscore, and no name begins with a dot or a
// hyphen.
func fileName(t ticketing.Ticket, f Format) string {
	stem := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		default:
			return '_'
		}
	}, t.External)
	if len(stem) > maxStem {
		stem = stem[:maxStem]
	}
	if stem == "" || stem[0] == '.' || stem[0] == '-' {
		stem = "_" + stem
	}
	return fmt.Sprintf("%s-%s.%s", stem, t.ID.Short(), f)
}
