package sales

import (
	"cmp"
	"context"
	"io"
	"strconv"
	"strings"

	"usher/server/catalog"
	"usher/server/document"
	"usher/server/speech"
	"usher/sync/fault"
)

// ReceiptPDF writes the order's receipt: what was bought, the taxes in it, and what
// went back. An order that isn't paid has none: fault.Refused; one that waits for
// its money gets an invoice.
func (s *Sales) ReceiptPDF(ctx context.Context, w io.Writer, o *Order) error {
	if o.Total == 0 || o.Unpaid() && o.State != Awaiting {
		return fault.New(fault.Refused, "order %s is %s: there is no receipt", o.Code, o.State.Words())
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
	l := speech.In(cmp.Or(o.Details.Language, e.Language), e.Location)
	r := document.Receipt{
		Title: l.T("receipt.title"), Number: o.Code, Date: l.Date(o.PaidAt.Unix()), Total: l.Money(o.Total, o.Currency),
		Event: e.Name + ", " + l.T("receipt.at", "day", l.Day(e.Starts), "clock", l.Clock(e.Starts)) + place(e),
		Buyer: append([]string{o.Details.Name}, strings.Split(o.Details.Address, "\n")...), Words: receiptWords(l),
	}
	r.Seller = append([]string{shop.Seller.Name}, strings.Split(shop.Seller.Address, "\n")...)
	if shop.Seller.TaxID != "" {
		r.Seller = append(r.Seller, l.T("receipt.tax_id", "number", shop.Seller.TaxID))
	}
	r.Lines = receiptLines(l, o)
	for _, t := range o.Taxes() {
		r.Taxes = append(r.Taxes, document.ReceiptTax{Rate: percent(t.Rate), Net: l.Money(t.Net, o.Currency), Tax: l.Money(t.Tax, o.Currency), Gross: l.Money(t.Gross, o.Currency)})
	}
	r.Notes = receiptNotes(l, o, shop)
	if o.State == Awaiting {
		r.Title, r.Date = l.T("receipt.invoice"), l.Date(o.Changed.Unix())
	}
	return document.ReceiptPDF(w, r, document.Options{Created: o.Changed, Author: shop.Seller.Name})
}

// receiptWords are what a receipt says beside what it is of.
func receiptWords(l speech.Lang) document.ReceiptWords {
	return document.ReceiptWords{
		Number: l.T("receipt.number"), Date: l.T("receipt.date"), Item: l.T("receipt.item"), Count: l.T("receipt.count"),
		Each: l.T("receipt.each"), Amount: l.T("receipt.amount"), Total: l.T("receipt.total"), Taxes: l.T("receipt.taxes"),
		Net: l.T("receipt.net"), Tax: l.T("receipt.tax"), Gross: l.T("receipt.gross"),
	}
}

// receiptLines lists what was bought, each fee by itself.
func receiptLines(l speech.Lang, o *Order) (lines []document.ReceiptLine) {
	line := func(text string, count int, each int64) {
		lines = append(lines, document.ReceiptLine{
			Text: text, Count: strconv.Itoa(count), Each: l.Money(each, o.Currency), Amount: l.Money(int64(count)*each, o.Currency),
		})
	}
	for _, item := range o.Items {
		text := item.Name
		if len(item.Seats) > 0 {
			text += ", " + strings.Join(item.Seats, ", ")
		}
		line(text, item.Count, item.Price)
		if item.Fee > 0 {
			line(l.T("receipt.fee", "item", item.Name), item.Count, item.Fee)
		}
	}
	if o.Fee > 0 {
		line(l.T("receipt.order_fee"), 1, o.Fee)
	}
	return lines
}

// Unpaid says whether no money that the order keeps has come.
func (o *Order) Unpaid() bool { return o.Paid == 0 }

// paidBy are the messages that say how an order was paid.
var paidBy = map[string]string{
	catalog.MethodCard: "receipt.paid_card", catalog.MethodInvoice: "receipt.paid_bank", Bank: "receipt.paid_bank",
	catalog.MethodBoxOffice: "receipt.paid_box_office", Cash: "receipt.paid_cash",
}

// receiptNotes says how the order was paid or is to be, and what went back.
func receiptNotes(l speech.Lang, o *Order, shop *catalog.Shop) (notes []string) {
	if o.State == Awaiting {
		notes = append(notes, l.T("receipt.due", "day", l.Date(o.Until.Unix()), "code", o.Code))
		if o.Method == catalog.MethodInvoice {
			for _, row := range Transfer(l, o, shop) {
				notes = append(notes, row[0]+": "+strings.ReplaceAll(row[1], "\n", ", "))
			}
		}
		return notes
	}
	notes = append(notes, l.T(cmp.Or(paidBy[o.Method], "receipt.paid"), "day", l.Date(o.PaidAt.Unix())))
	if o.Refunded > 0 {
		notes = append(notes, l.T("receipt.back", "amount", l.Money(o.Refunded, o.Currency), "left", l.Money(o.Paid-o.Refunded, o.Currency)))
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
