package printout

import (
	"context"
	"encoding/csv"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"usher/server/ticketing"
	"usher/sync/money"
)

// csvHead names the columns: those of an attendee list first, as it names them.
var csvHead = []string{"external_id", "name", "email", "product", "seat", "zone", "valid_from", "valid_until", "admissions",
	"order", "note", "paid", "due", "currency",
	"ticket", "short_code", "generation", "state", "why", "changed_at", "token"}

// writeCSV lists the tickets (RFC 4180, UTF-8), void ones too.
func (j *job) writeCSV(ctx context.Context, w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(csvHead); err != nil {
		return err
	}
	err := j.each(ctx, func(t ticketing.Ticket) error {
		if err := out.Write(j.csvRow(t)); err != nil {
			return err
		}
		j.step()
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (j *job) csvRow(t ticketing.Ticket) []string {
	return []string{
		Harmless(t.External), Harmless(t.Name), Harmless(t.Email), j.productCode(t.Product), Harmless(t.Seat), j.zoneCodes(t.Zones),
		j.instant(t.NotBefore), j.instant(t.Expires), strconv.Itoa(int(max(t.Admissions, 1))),
		Harmless(t.Order), Harmless(t.Note), paid(t), due(t), t.Currency,
		t.ID.String(), t.ID.Short(), strconv.Itoa(int(t.Generation)), string(t.State), Harmless(t.Why),
		t.Changed.In(j.event.Location).Format(time.RFC3339), t.Token,
	}
}

func paid(t ticketing.Ticket) string {
	if t.Unpaid {
		return "no"
	}
	return "yes"
}

// due is what is to be paid; nothing where no amount was said.
func due(t ticketing.Ticket) string {
	if t.Due == 0 {
		return ""
	}
	return money.Decimal(t.Due, t.Currency)
}

func (j *job) instant(unix int64) string {
	if unix == 0 {
		return ""
	}
	return j.event.Local(unix).Format(time.RFC3339)
}

func (j *job) productCode(number uint32) string {
	if p, ok := j.event.ProductByNumber(number); ok {
		return p.Code
	}
	for _, part := range j.event.Retired {
		if part.Kind == "product" && part.Number == int64(number) {
			return part.Code
		}
	}
	return strconv.FormatUint(uint64(number), 10)
}

func (j *job) zoneCodes(mask uint32) string {
	var codes []string
	for _, z := range j.event.ZonesOf(mask) {
		codes = append(codes, z.Code)
	}
	return strings.Join(codes, " ")
}

// plainNumber is what a spreadsheet may read as a number without harm.
var plainNumber = regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?$`)

// Harmless keeps a spreadsheet from running what stands in a cell: text that
// begins like a formula gets the apostrophe that makes it text again.
func Harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) || plainNumber.MatchString(cell) {
		return cell
	}
	return "'" + cell
}
