package sales

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Kinds of letters.
const (
	mailTickets   = "tickets"   // paid: here they are
	mailAwaiting  = "awaiting"  // how to pay
	mailRefund    = "refund"    // money of the order goes back
	mailReturned  = "returned"  // money that could not be accepted goes back
	mailCancelled = "cancelled" // by the organiser
	mailLapsed    = "lapsed"    // the invoice was not paid
)

// refundDetail keeps with a letter what it says of money.
func refundDetail(amount int64, why string) string { return strconv.FormatInt(amount, 10) + " " + why }

func readRefundDetail(text string) (amount int64, why string) {
	number, why, _ := strings.Cut(text, " ")
	amount, _ = strconv.ParseInt(number, 10, 64) // written by refundDetail
	return amount, why
}

// Compose writes the letters about orders. It is a post.Composer.
func (s *Sales) Compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	o, err := s.Order(ctx, m.About)
	if err != nil {
		return post.Letter{}, err
	}
	e, err := s.Catalog.Event(ctx, o.Event)
	if err != nil {
		return post.Letter{}, err
	}
	shop, err := s.Catalog.Shop(ctx, o.Event)
	if fault.KindOf(err) == fault.NotFound {
		shop, err = &catalog.Shop{Event: o.Event, About: e}, nil // nothing is sold any more
	}
	if err != nil {
		return post.Letter{}, err
	}
	l := &letter{order: &o, event: e, shop: shop}
	if l.link, err = s.address(ctx, &o); err != nil {
		return post.Letter{}, err
	}
	if err := l.say(m); err != nil {
		return post.Letter{}, err
	}
	made, err := l.made()
	if err != nil || m.Kind != mailTickets && (m.Kind != mailAwaiting || len(o.Tickets) == 0) {
		return made, err
	}
	made.Files, err = s.attached(ctx, &o)
	return made, err
}

// attached makes the files of a letter with tickets.
func (s *Sales) attached(ctx context.Context, o *Order) ([]post.File, error) {
	var tickets, receipt bytes.Buffer
	if err := s.TicketsPDF(ctx, &tickets, o); err != nil {
		return nil, err
	}
	files := []post.File{{Name: "tickets-" + o.Code + ".pdf", Type: "application/pdf", Body: tickets.Bytes()}}
	if o.Total == 0 {
		return files, nil
	}
	if err := s.ReceiptPDF(ctx, &receipt, o); err != nil {
		return nil, err
	}
	return append(files, post.File{Name: "receipt-" + o.Code + ".pdf", Type: "application/pdf", Body: receipt.Bytes()}), nil
}

// TicketsPDF writes the order's good tickets as one file; fault.Expired when there
// are none.
func (s *Sales) TicketsPDF(ctx context.Context, w *bytes.Buffer, o *Order) error {
	all, err := s.Tickets.Of(ctx, o.Event, o.Tickets)
	if err != nil {
		return err
	}
	var good []ticketing.Ticket
	for _, t := range all {
		if t.State == ticketing.Valid {
			good = append(good, t)
		}
	}
	if len(good) == 0 {
		return fault.New(fault.Expired, "order %s has no ticket that is good", o.Code)
	}
	return s.Printer.Tickets(ctx, w, o.Event, good)
}

// Resend sends the tickets of an order once more; to its address, or to another
// that is the order's from now on.
func (s *Sales) Resend(ctx context.Context, id, email, who string) (Order, error) {
	email = strings.TrimSpace(email)
	if email != "" {
		if err := checkEmail("email", email); err != nil {
			return Order{}, err
		}
	}
	return s.change(ctx, id, func(_ context.Context, _ *sqldb.Tx, a *act) error {
		if len(a.Tickets) == 0 || !a.State.Good() && a.State != Awaiting {
			return fault.New(fault.Refused, "order %s is %s and has no tickets to send", a.Code, a.State.words())
		}
		if a.Details.Email = cmp.Or(email, a.Details.Email); a.Details.Email == "" {
			return fault.At(fault.BadInput, "email", "order %s has no address: say where its tickets go", a.Code)
		}
		a.note("sent again", who, "to %s", a.Details.Email)
		a.mail(mailTickets, fmt.Sprintf("/%d", a.rev), "")
		return nil
	})
}

// letter is a letter in the making.
type letter struct {
	order *Order
	event *catalog.Event
	shop  *catalog.Shop
	link  string

	Subject    string
	Paragraphs []string
	Rows       [][2]string // what is bought, and for how much
	Button     string
}

// say finds the words of a letter.
func (l *letter) say(m post.Mail) error {
	o, name := l.order, l.event.Name
	switch m.Kind {
	case mailTickets:
		if len(o.Tickets) == 0 || !o.State.Good() && o.State != Awaiting {
			return fault.New(fault.Expired, "order %s is %s", o.Code, o.State.words())
		}
		l.Subject = "Your tickets: " + name
		l.Paragraphs = []string{
			"thank you for your order. Your tickets are in the attached file; print it, or show it on your phone.",
			l.when(),
		}
		l.Button = "See your order"
	case mailAwaiting:
		if o.State != Awaiting {
			return fault.New(fault.Expired, "order %s is %s", o.Code, o.State.words())
		}
		l.Subject = "Your order " + o.Code + ": " + name
		l.Paragraphs = []string{l.howToPay(), "Your places are kept until then. " + l.when()}
		l.Button = "See your order"
	case mailRefund:
		amount, why := readRefundDetail(m.Detail)
		l.Subject = "A refund of your order " + o.Code
		l.Paragraphs = []string{fmt.Sprintf("%s of your order for %s goes back to you: %s.", words(amount, o.Currency), name, why), l.wayBack(),
			"Tickets that were refunded are void and let nobody in."}
		l.Button = "See what is left of your order"
	case mailReturned:
		l.Subject = "Your payment goes back to you"
		l.Paragraphs = []string{fmt.Sprintf("your payment for order %s (%s) came, and could not be accepted: %s.", o.Code, name, m.Detail), l.wayBack(),
			"No ticket was issued for it."}
		l.Button = "See your order"
	case mailCancelled:
		amount, why := readRefundDetail(m.Detail)
		l.Subject = "Your order " + o.Code + " was cancelled"
		l.Paragraphs = []string{fmt.Sprintf("your order for %s was cancelled: %s. Its tickets are void.", name, why)}
		if amount > 0 {
			l.Paragraphs = append(l.Paragraphs, words(amount, o.Currency)+" goes back to you. "+l.wayBack())
		}
	case mailLapsed:
		l.Subject = "Your order " + o.Code + " is over"
		l.Paragraphs = []string{fmt.Sprintf("your order for %s was to be paid by %s. No payment came, so the places went back to the sale.", name, l.day(o.Until)),
			"If you paid in the last days, you need do nothing: the payment is matched to your order when it comes."}
	default:
		return fault.New(fault.Internal, "there is no letter %.40q", m.Kind)
	}
	l.rows()
	return nil
}

// howToPay says how an order is paid that waits for its money.
func (l *letter) howToPay() string {
	o := l.order
	amount, by := words(o.Total, o.Currency), l.day(o.Until)
	if o.Method == catalog.MethodBoxOffice {
		return fmt.Sprintf("thank you for your order. Please pay %s at the box office by %s, and name your order %s.", amount, by, o.Code)
	}
	text := fmt.Sprintf("thank you for your order. Please transfer %s by %s with the reference %s to %s.", amount, by, o.Code, cmp.Or(l.shop.Seller.Name, "the organiser"))
	if l.shop.Seller.Address != "" {
		text += " " + strings.ReplaceAll(l.shop.Seller.Address, "\n", ", ") + "."
	}
	return text
}

// wayBack says how money goes back.
func (l *letter) wayBack() string {
	if l.order.Method == catalog.MethodCard {
		return "The money goes back to the card it came from; banks take up to ten days to show it."
	}
	return "The organiser gives it back the way it came."
}

// when says when and where the event is.
func (l *letter) when() string {
	text := l.event.Name + " begins on " + l.event.Local(l.event.Starts).Format("Monday 2 January 2006 at 15:04")
	if l.event.Venue != "" {
		text += ", " + l.event.Venue
	}
	return text + "."
}

func (l *letter) day(at time.Time) string {
	return at.In(l.event.Location).Format("Monday 2 January 2006")
}

// rows lists what is bought.
func (l *letter) rows() {
	o := l.order
	for _, item := range o.Items {
		l.Rows = append(l.Rows, [2]string{item.words(), words(int64(item.Count)*(item.Price+item.Fee), o.Currency)})
	}
	if o.Fee > 0 {
		l.Rows = append(l.Rows, [2]string{"Fee", words(o.Fee, o.Currency)})
	}
	l.Rows = append(l.Rows, [2]string{"Total", words(o.Total, o.Currency)})
}

// words says an item to a person.
func (i *Item) words() string {
	text := fmt.Sprintf("%d × %s", i.Count, i.Name)
	if len(i.Seats) > 0 {
		text += " (" + strings.Join(i.Seats, ", ") + ")"
	}
	return text
}

// made writes the letter out.
func (l *letter) made() (post.Letter, error) {
	var text, html bytes.Buffer
	if err := letterText.Execute(&text, l); err != nil {
		return post.Letter{}, fault.Wrap(fault.Internal, err, "a letter can't be written")
	}
	if err := letterHTML.Execute(&html, l); err != nil {
		return post.Letter{}, fault.Wrap(fault.Internal, err, "a letter can't be written")
	}
	return post.Letter{Subject: l.Subject, Text: text.String(), HTML: html.String(), Language: "en"}, nil
}
