package printout

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"usher/server/document"
	"usher/server/ticketing"
)

// parts is how many files "one file for all" comes to: a PDF takes only so many
// pages.
func (j *job) parts() int {
	if j.order.Format != PDF {
		return 1
	}
	return (j.total + document.MaxPages - 1) / document.MaxPages
}

// partName names the part of one file for all, counted from 0.
func (j *job) partName(part int) string {
	if j.parts() == 1 {
		return fmt.Sprintf("%s-tickets.%s", j.order.Event, j.order.Format)
	}
	return fmt.Sprintf("%s-tickets-%03d.%s", j.order.Event, part+1, j.order.Format)
}

// writeBooks writes one PDF, or as many as the pages need.
func (j *job) writeBooks(ctx context.Context) error {
	var book *document.Book
	part := 0
	end := func() error {
		if book == nil {
			return nil
		}
		err := j.out.file(j.partName(part), func(w io.Writer) error {
			_, err := book.WriteTo(w)
			return err
		})
		book, part = nil, part+1
		return err
	}
	err := inOrder(ctx, j, func(t ticketing.Ticket) (document.Ticket, error) {
		sheet := j.sheet(t)
		return sheet, sheet.Encode()
	}, func(t ticketing.Ticket, sheet document.Ticket) (err error) {
		if book == nil {
			if book, err = document.NewBook(j.options()); err != nil {
				return err
			}
		}
		if err := book.AddTicket(sheet); err != nil {
			return j.failed(t, err)
		}
		j.step()
		if book.Pages() == document.MaxPages {
			return end()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

// textRule stands between two tickets in one text file.
var textRule = "\n" + strings.Repeat("-", 72) + "\n\n"

func (j *job) writeText(ctx context.Context, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	err := inOrder(ctx, j, func(t ticketing.Ticket) ([]byte, error) {
		var text bytes.Buffer
		err := document.Text(&text, j.sheet(t), document.LightGround)
		return text.Bytes(), err
	}, func(_ ticketing.Ticket, text []byte) error {
		if j.done > 0 {
			if _, err := buffered.WriteString(textRule); err != nil {
				return err
			}
		}
		j.step()
		_, err := buffered.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return buffered.Flush()
}
