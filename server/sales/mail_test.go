package sales_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"time"

	"usher/server/catalog"
	"usher/server/payment"
	"usher/server/post"
	"usher/server/sales"
	"usher/server/shoptest"
	"usher/sync/fault"
)

// compose writes the letter of a kind about an order.
func (w *world) compose(t *testing.T, id, kind string) post.Letter {
	t.Helper()
	list, err := w.Post.About(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Kind == kind {
			l, err := w.Compose(t.Context(), m.Mail)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
	}
	t.Fatalf("no letter %s is queued", kind)
	return post.Letter{}
}

func wantLetter(t *testing.T, l post.Letter, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(l.Text, want) {
			t.Errorf("the letter lacks %q:\n%s", want, l.Text)
		}
		if plain := strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#34;", `"`, "&lt;", "<", "&gt;", ">").Replace(l.HTML); !strings.Contains(plain, want) {
			t.Errorf("the letter lacks %q:\n%s", want, l.HTML)
		}
	}
}

// The letter with tickets has them as a file, the receipt, and the way back to the
// order. A name can't write into it.
func TestLetterWithTickets(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, ga(2))
		details := ada
		details.Name = "Ada <b>Lovelace</b>"
		o, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &details})
		if err != nil {
			t.Fatal(err)
		}
		w.Bank.Ends(o.Ref(), "paid")
		w.Settles(t, o.Ref())
		o = w.OrderNow(t, o.ID)
		l := w.compose(t, o.ID, "tickets")
		link, err := w.Link(t.Context(), &o)
		if err != nil {
			t.Fatal(err)
		}
		wantLetter(t, l, "Dear Ada <b>Lovelace</b>,", o.Code, "2 × General admission", "€55.50", "https://shop.example/order/"+link, "Harbour Night begins on Tuesday, 4 August 2026 at 20:00, Pier 7.", "Pier Events")
		if strings.Contains(l.HTML, "<b>") {
			t.Error("a name writes into the letter")
		}
		if len(l.Files) != 2 || l.Files[0].Name != "tickets-"+o.Code+".pdf" || !bytes.HasPrefix(l.Files[0].Body, []byte("%PDF")) || !bytes.HasPrefix(l.Files[1].Body, []byte("%PDF")) {
			t.Errorf("%d files", len(l.Files))
		}
		got, err := w.Resend(t.Context(), o.ID, "grace@buyers.example", "organiser")
		if err != nil || got.Details.Email != "grace@buyers.example" || len(w.Mails(t, o.ID)) != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		w.refund(t, o, sales.Refund{Key: "a"})
		if _, err := w.Compose(t.Context(), post.Mail{Kind: "tickets", About: o.ID}); fault.KindOf(err) != fault.Expired {
			t.Errorf("tickets that are void are sent: %v", err)
		}
		wantLetter(t, w.compose(t, o.ID, "refund"), "€55.50 of your order for Harbour Night goes back to you: the act is ill.", "back to the card")
		_, err = w.Resend(t.Context(), o.ID, "", "organiser")
		shoptest.WantKind(t, "sending them again", err, fault.Refused)
	})
}

func TestLettersAboutInvoices(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.awaiting(t, catalog.MethodInvoice)
		wantLetter(t, w.compose(t, o.ID, "awaiting"), "Please transfer €55.50 by Wednesday, 15 July 2026 with the reference "+o.Code+" to Pier Events.")
		var invoice bytes.Buffer
		if err := w.ReceiptPDF(t.Context(), &invoice, &o); err != nil || !bytes.HasPrefix(invoice.Bytes(), []byte("%PDF")) {
			t.Errorf("the invoice: %v", err)
		}
		box := w.awaiting(t, catalog.MethodBoxOffice)
		wantLetter(t, w.compose(t, box.ID, "awaiting"), "Please pay €55.50 at the box office by Tuesday, 4 August 2026, and name your order "+box.Code)
		w.Time.Pass(14 * 24 * time.Hour)
		w.expire(t)
		wantLetter(t, w.compose(t, o.ID, "lapsed"), "was to be paid by Wednesday, 15 July 2026")
		if _, err := w.Compose(t.Context(), post.Mail{Kind: "awaiting", About: o.ID}); fault.KindOf(err) != fault.Expired {
			t.Errorf("an invoice that lapsed is sent: %v", err)
		}
		if _, err := w.Cancel(t.Context(), box.ID, "the hall is flooded", "organiser"); err != nil {
			t.Fatal(err)
		}
		wantLetter(t, w.compose(t, box.ID, "cancelled"), "was cancelled: the hall is flooded.")
		o2 := w.Begins(t, ga(1))
		if err := w.ReceiptPDF(t.Context(), &invoice, &o2); fault.KindOf(err) != fault.Refused {
			t.Errorf("a receipt of an order that isn't paid: %v", err)
		}
	})
}

// An event in German has German letters and papers, with the account that an invoice
// is paid to; the paper is in the mail.
func TestLettersInGerman(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(strings.Replace(file, `time_zone =`, "language = \"de\"\ntime_zone =", 1), "[[pool]]", `[shop.bank]
iban = "DE89 3704 0044 0532 0130 00"

[[pool]]`, 1))
		o := w.awaiting(t, catalog.MethodInvoice)
		l := w.compose(t, o.ID, "awaiting")
		wantLetter(t, l, "Guten Tag Ada Lovelace,", "Bitte überweisen Sie 55,50\u00a0€ bis Mittwoch, 15. Juli 2026", "Kontoinhaber", "Pier Events", "DE89 3704 0044 0532 0130 00",
			"Verwendungszweck", o.Code, "Harbour Night beginnt am Dienstag, 4. August 2026 um 20:00 Uhr, Pier 7.")
		if l.Language != "de" || len(l.Files) != 1 || l.Files[0].Name != "invoice-"+o.Code+".pdf" || !bytes.HasPrefix(l.Files[0].Body, []byte("%PDF")) {
			t.Errorf("the letter in %q has %d files", l.Language, len(l.Files))
		}
		box := w.awaiting(t, catalog.MethodBoxOffice)
		if l := w.compose(t, box.ID, "awaiting"); strings.Contains(l.Text, "IBAN") {
			t.Errorf("who pays at the box office is told the account:\n%s", l.Text)
		}
		for _, kind := range []string{"refund", "cancelled", "returned", "lapsed"} {
			detail := map[string]string{"refund": "100 x", "cancelled": "100 x", "returned": "mail.why_gone"}[kind]
			l, err := w.Compose(t.Context(), post.Mail{Kind: kind, About: o.ID, Detail: detail})
			if err != nil || strings.Contains(l.Text, "mail.") || strings.Contains(l.Text, "your order") {
				t.Errorf("%s: %v\n%s", kind, err, l.Text)
			}
		}
	})
}

// An order's history tells all of it, in its order.
func TestStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Buys(t, ada, ga(2))
		w.refund(t, o, sales.Refund{Key: "a", Tickets: o.Tickets[:1]})
		story, err := w.Story(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, h := range story {
			kinds = append(kinds, h.Kind)
		}
		if got := strings.Join(kinds, ", "); got != "begun, details, started, paid, issued, refund, given back, mail waiting, mail waiting" {
			t.Errorf("it tells %s", got)
		}
		for name, want := range map[string]int{o.Code: 1, strings.ToLower(o.Code): 1, ada.Email: 1, "lovelace": 1, "nobody": 0, "": 1} {
			list, err := w.Find(t.Context(), sales.Search{Text: name})
			if err != nil || len(list) != want {
				t.Errorf("%q finds %d orders, %v", name, len(list), err)
			}
		}
		if list, err := w.Find(t.Context(), sales.Search{Event: "NOWHERE", State: sales.Paid}); err != nil || len(list) != 0 {
			t.Errorf("another event has %d orders, %v", len(list), err)
		}
	})
}

// Tax is that of the sum at a rate, and what a refund takes out of it is what the
// rest no longer has.
func TestTaxes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 3}, {Offer: "seat", Count: 2}}})
		parts := o.Taxes()
		if len(parts) != 2 || parts[0].Rate != 700 || parts[0].Gross != 8100 || parts[0].Tax != 530 || parts[1].Gross != 10148 || parts[1].Tax != 1620 || o.Fees() != 750 {
			t.Errorf("%+v", parts)
		}
		if parts[0].Net+parts[0].Tax+parts[1].Net+parts[1].Tax != o.Total {
			t.Error("the parts don't sum up")
		}
	})
}

// Whose address the buyer was asked for gets their own tickets, once, and no link to the
// order; the buyer gets all, and nobody a second letter when it is heard again.
func TestLettersToHolders(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "names = true", "names = true\nemails = true", 1))
		o := w.Begins(t, sales.Cart{Event: event, Wanted: []sales.Wanted{{Offer: "ga", Count: 1}, {Offer: "seat", Count: 4}}})
		details := ada
		details.Holders = []sales.Holder{{Email: "unasked@people.example"}}
		for _, to := range []string{"bea@people.example", "BEA@people.example", ada.Email, "cy@people.example"} {
			details.Holders = append(details.Holders, sales.Holder{Name: "Somebody", Email: to, Answers: map[string]string{"meal": "fish"}})
		}
		o, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &details})
		if err != nil {
			t.Fatal(err)
		}
		w.Bank.Ends(o.Ref(), payment.Paid)
		for range 2 {
			w.Settles(t, o.Ref())
		}
		list, err := w.Post.About(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		sent := map[string]int{} // pages of tickets by address
		for _, m := range list {
			l, err := w.Compose(t.Context(), m.Mail)
			if err != nil || len(l.Files) == 0 || sent[m.To] > 0 {
				t.Fatalf("the letter to %s has %d files, %v", m.To, len(l.Files), err)
			}
			sent[m.To] = bytes.Count(l.Files[0].Body, []byte("/Type /Page\n"))
			if m.To == ada.Email {
				continue
			}
			wantLetter(t, l, "Ada Lovelace has bought tickets", shoptest.Public+"/wallet")
			if len(l.Files) != 1 || strings.Contains(l.Text, "/order/") || strings.Contains(l.HTML, "/order/") {
				t.Errorf("the letter to %s gives more away: %s", m.To, l.Text)
			}
		}
		if want := map[string]int{ada.Email: 5, "bea@people.example": 2, "cy@people.example": 1}; !maps.Equal(sent, want) {
			t.Errorf("tickets were sent to %v, want %v", sent, want)
		}
	})
}

// An address of any length that may be given gets its tickets: over its letter nobody's
// payment goes unrecorded.
func TestLettersToLongAddresses(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.Apply(t, strings.Replace(file, "names = true", "names = true\nemails = true", 1))
		o := w.Begins(t, shoptest.Cart("seat", 2))
		details := ada
		const at = "@people.example"
		for _, to := range []string{strings.Repeat("b", 254-len(at)) + at, strings.Repeat("Ⱥ", (254-len(at))/2) + at} { // which is longer in small letters
			details.Holders = append(details.Holders, sales.Holder{Name: "Somebody", Email: to, Answers: map[string]string{"meal": "fish"}})
		}
		o, _, err := w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &details})
		if err != nil {
			t.Fatal(err)
		}
		w.Bank.Ends(o.Ref(), payment.Paid)
		w.Settles(t, o.Ref())
		if list, err := w.Post.About(t.Context(), o.ID); err != nil || len(list) != 3 {
			t.Errorf("there are %d letters, %v", len(list), err)
		}
	})
}
