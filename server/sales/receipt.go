package sales

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"usher/server/catalog"
	"usher/server/document"
	"usher/sync/fault"
)

// ReceiptPDF writes the order's receipt: what was bought, the taxes in it, and what
// went back. An order that isn't paid has none: fault.Refused; one that waits for
// its money gets an invoice.
func (s *Sales) ReceiptPDF(ctx context.Context, w io.Writer, o *Order) error {
	if o.Total == 0 || o.Unpaid() && o.State != Awaiting {
		return fault.New(fault.Refused, "order %s is %s: there is no receipt", o.Code, o.State.words())
	}
	e, err := s.Catalog.Event(ctx, o.Event)
	if err != nil {
		return err
	}
	shop, err := s.Catalog.Shop(ctx, o.Event)
	if fault.KindOf(err) == fault.NotFound {
		shop, err = &catalog.Shop{}, nil
	}
	if err != nil {
		return err
	}
	r := document.Receipt{
		Title: "Receipt", Number: o.Code, Date: e.Local(o.PaidAt.Unix()).Format("2 January 2006"), Total: words(o.Total, o.Currency),
		Event: e.Name + ", " + e.Local(e.Starts).Format("Monday 2 January 2006, 15:04") + place(e),
		Buyer: append([]string{o.Details.Name}, strings.Split(o.Details.Address, "\n")...),
	}
	r.Seller = append([]string{shop.Seller.Name}, strings.Split(shop.Seller.Address, "\n")...)
	if shop.Seller.TaxID != "" {
		r.Seller = append(r.Seller, "Tax number "+shop.Seller.TaxID)
	}
	for _, item := range o.Items {
		text := item.Name
		if len(item.Seats) > 0 {
			text += ", " + strings.Join(item.Seats, ", ")
		}
		r.Lines = append(r.Lines, o.receiptLine(text, item.Count, item.Price))
		if item.Fee > 0 {
			r.Lines = append(r.Lines, o.receiptLine("Fee, "+item.Name, item.Count, item.Fee))
		}
	}
	if o.Fee > 0 {
		r.Lines = append(r.Lines, o.receiptLine("Fee of the order", 1, o.Fee))
	}
	for _, t := range o.Taxes() {
		r.Taxes = append(r.Taxes, document.ReceiptTax{Rate: percent(t.Rate), Net: words(t.Net, o.Currency), Tax: words(t.Tax, o.Currency), Gross: words(t.Gross, o.Currency)})
	}
	r.Notes = o.receiptNotes(e)
	if o.State == Awaiting {
		r.Title, r.Date = "Invoice", e.Local(o.Changed.Unix()).Format("2 January 2006")
	}
	return document.ReceiptPDF(w, r, document.Options{Created: o.Changed, Author: shop.Seller.Name})
}

// Unpaid says whether no money that the order keeps has come.
func (o *Order) Unpaid() bool { return o.Paid == 0 }

func (o *Order) receiptLine(text string, count int, each int64) document.ReceiptLine {
	return document.ReceiptLine{
		Text: text, Count: strconv.Itoa(count), Each: words(each, o.Currency), Amount: words(int64(count)*each, o.Currency),
	}
}

// receiptNotes says how the order was paid, and what went back.
func (o *Order) receiptNotes(e *catalog.Event) (notes []string) {
	if o.State == Awaiting {
		return []string{fmt.Sprintf("To be paid by %s, with the reference %s.", e.Local(o.Until.Unix()).Format("2 January 2006"), o.Code)}
	}
	how := map[string]string{catalog.MethodCard: "by card", catalog.MethodInvoice: "by bank transfer", catalog.MethodBoxOffice: "at the box office", Bank: "by bank transfer", Cash: "in cash"}[o.Method]
	notes = append(notes, strings.TrimSpace(fmt.Sprintf("Paid %s on %s", how, e.Local(o.PaidAt.Unix()).Format("2 January 2006")))+".")
	if o.Refunded > 0 {
		notes = append(notes, fmt.Sprintf("Refunded: %s. Left: %s.", words(o.Refunded, o.Currency), words(o.Paid-o.Refunded, o.Currency)))
	}
	return notes
}

// place says where an event is, behind a comma.
func place(e *catalog.Event) string {
	if e.Venue == "" {
		return ""
	}
	return ", " + e.Venue
}

// percent says a tax rate in basis points.
func percent(rate int64) string {
	text := strconv.FormatFloat(float64(rate)/100, 'f', -1, 64)
	return text + " %"
}
