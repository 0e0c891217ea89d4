package sales

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/server/speech"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// Kinds of letters.
const (
	mailTickets   = "tickets"    // paid: here they are
	mailAwaiting  = "awaiting"   // how to pay
	mailRefund    = "refund"     // money of the order goes back
	mailReturned  = "returned"   // money that could not be accepted goes back
	mailCancelled = "cancelled"  // by the organiser
	mailLapsed    = "lapsed"     // the invoice was not paid
	mailGivenBack = "given_back" // by the buyer
	mailVoid      = "void"       // to a holder who is not the buyer
	mailCalledOff = "called_off" // the event doesn't take place
	mailMoved     = "moved"      // the event takes place at another time

	toHolder   = "_holder" // behind these two and the first: to somebody who has a ticket and no order
	aboutEvent = "event/"  // before the code of an event that a mail without an order is about
)

// refundDetail keeps with a letter what it says of money.
func refundDetail(amount int64, why string) string { return strconv.FormatInt(amount, 10) + " " + why }

func readRefundDetail(text string) (amount int64, why string) {
	number, why, _ := strings.Cut(text, " ")
	amount, _ = strconv.ParseInt(number, 10, 64) // written by refundDetail
	return amount, why
}

// keptDetail keeps with a letter what went back and what is kept.
func keptDetail(amount, kept int64) string { return refundDetail(amount, strconv.FormatInt(kept, 10)) }

// Compose writes the letters about orders. It is a post.Composer.
func (s *Sales) Compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	o, err := s.about(ctx, m.About)
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
	l := &letter{Lang: speech.In(cmp.Or(o.Details.Language, e.Language), e.Location), order: &o, event: e, shop: shop}
	if m.Kind == mailTickets+toHolder {
		return s.toHolder(ctx, l, m.To)
	}
	if o.ID != "" {
		if l.link, err = s.address(ctx, &o); err != nil {
			return post.Letter{}, err
		}
	}
	if m.Kind == mailMoved {
		if l.gone, err = s.soldOn(ctx, s.DB.Read(), &o); err != nil {
			return post.Letter{}, err
		}
	}
	if err := l.say(m); err != nil {
		return post.Letter{}, err
	}
	made, err := l.made()
	if err != nil || m.Kind != mailTickets && m.Kind != mailAwaiting {
		return made, err
	}
	made.Files, err = s.attached(ctx, &o)
	return made, err
}

// about gives the order that a mail is about; of one that is about an event, an order
// that says no more than that.
func (s *Sales) about(ctx context.Context, about string) (Order, error) {
	if event, is := strings.CutPrefix(about, aboutEvent); is {
		return Order{Event: event}, nil
	}
	return s.Order(ctx, about)
}

// attached makes the files of a letter: the tickets, where there are any, and the
// invoice or receipt of an order that costs something.
func (s *Sales) attached(ctx context.Context, o *Order) (files []post.File, err error) {
	if len(o.Tickets) > 0 {
		var tickets bytes.Buffer
		switch err := s.TicketsPDF(ctx, &tickets, o); {
		case err == nil:
			files = append(files, post.File{Name: "tickets-" + o.Code + ".pdf", Type: "application/pdf", Body: tickets.Bytes()})
		case fault.KindOf(err) != fault.Refused: // on phones; the letter leads there
			return nil, err
		}
	}
	if o.Total == 0 {
		return files, nil
	}
	var paper bytes.Buffer
	if err := s.ReceiptPDF(ctx, &paper, o); err != nil {
		return nil, err
	}
	name := "receipt-"
	if o.State == Awaiting {
		name = "invoice-"
	}
	return append(files, post.File{Name: name + o.Code + ".pdf", Type: "application/pdf", Body: paper.Bytes()}), nil
}

// TicketsPDF writes the order's good tickets that its people still have as one file: fault.Expired when there are
// none, fault.Refused when phones show all of them and there is no code to print.
func (s *Sales) TicketsPDF(ctx context.Context, w *bytes.Buffer, o *Order) error {
	return s.ticketsPDF(ctx, w, o, func(ticketing.Ticket) bool { return true })
}

// ticketsPDF is TicketsPDF of some of them.
func (s *Sales) ticketsPDF(ctx context.Context, w *bytes.Buffer, o *Order, some func(ticketing.Ticket) bool) error {
	all, err := s.Held(ctx, o)
	if err != nil {
		return err
	}
	var good []ticketing.Ticket
	bound := 0
	for _, t := range all {
		switch {
		case !some(t):
		case t.State == ticketing.Valid && t.Bound():
			bound++
		case t.State == ticketing.Valid:
			good = append(good, t)
		}
	}
	if len(good) == 0 && bound > 0 {
		return fault.New(fault.Refused, "the tickets of order %s are shown by a phone, and there is no code to print", o.Code)
	}
	if len(good) == 0 {
		return fault.New(fault.Expired, "order %s has no ticket that is good", o.Code)
	}
	return s.Printer.Tickets(ctx, w, o.Event, good, o.Details.Language)
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
	return s.change(ctx, id, func(_ context.Context, _ *sqldb.Tx, a *act) error { return a.resend(email, who) })
}

// resend has the tickets sent to the order's address, or to another from now on.
func (a *act) resend(email, who string) error {
	if len(a.Tickets) == 0 || !a.State.Good() && a.State != Awaiting {
		return fault.New(fault.Refused, "order %s is %s and has no tickets to send", a.Code, a.State.Words())
	}
	was := a.Details
	if a.Details.Email = cmp.Or(email, a.Details.Email); a.Details.Email == "" {
		return fault.At(fault.BadInput, "email", "order %s has no address: say where its tickets go", a.Code)
	}
	a.index(was)
	a.note("sent again", who, "to %s", a.Details.Email)
	a.mail(mailTickets, fmt.Sprintf("/%d", a.rev), "")
	return nil
}

// letter is a letter in the making.
type letter struct {
	speech.Lang
	order *Order
	event *catalog.Event
	shop  *catalog.Shop
	link  string
	gone  []SoldOn // out of the order, where the letter is about that

	Subject    string
	Paragraphs []string
	Bank       [][2]string // where the money goes that the letter asks for
	Rows       [][2]string // what is bought, and for how much
	Button     string
	Apart      bool // it goes to somebody who may not know the order
}

// say finds the words of a letter.
func (l *letter) say(m post.Mail) error {
	o, name := l.order, l.event.Name
	switch m.Kind {
	case mailTickets:
		if len(o.Tickets) == 0 || !o.State.Good() && o.State != Awaiting {
			return fault.New(fault.Expired, "order %s is %s", o.Code, o.State.Words())
		}
		l.Subject = l.T("mail.tickets_subject", "event", name)
		l.Paragraphs = []string{l.T("mail.tickets"), l.when()}
		if l.event.Policy.DownTo.Live() {
			l.Paragraphs = append(l.Paragraphs, l.T("mail.live_only"))
		}
		l.Button = l.T("mail.see")
	case mailAwaiting:
		if o.State != Awaiting {
			return fault.New(fault.Expired, "order %s is %s", o.Code, o.State.Words())
		}
		l.Subject = l.T("mail.awaiting_subject", "code", o.Code, "event", name)
		l.Paragraphs = []string{l.howToPay(), l.T("mail.kept") + " " + l.when()}
		l.Button = l.T("mail.see")
	case mailRefund:
		amount, why := readRefundDetail(m.Detail)
		l.Subject = l.T("mail.refund_subject", "code", o.Code)
		said := l.T("mail.refund", "amount", l.Money(amount, o.Currency), "event", name, "why", why)
		if why == "" { // made at the provider, where nobody said
			said = l.T("mail.refund_plain", "amount", l.Money(amount, o.Currency), "event", name)
		}
		l.Paragraphs = []string{said, l.wayBack(), l.T("mail.refund_void")}
		l.Button = l.T("mail.see_left")
	case mailReturned:
		l.Subject = l.T("mail.returned_subject")
		l.Paragraphs = []string{l.T("mail.returned", "code", o.Code, "event", name, "why", l.T(m.Detail)), l.wayBack(), l.T("mail.returned_none")}
		l.Button = l.T("mail.see")
	case mailCancelled:
		amount, why := readRefundDetail(m.Detail)
		l.Subject = l.T("mail.cancelled_subject", "code", o.Code)
		l.Paragraphs = []string{l.T("mail.cancelled", "event", name, "why", why)}
		if amount > 0 {
			l.Paragraphs = append(l.Paragraphs, l.T("mail.cancelled_back", "amount", l.Money(amount, o.Currency))+" "+l.wayBack())
		}
	case mailLapsed:
		l.Subject = l.T("mail.lapsed_subject", "code", o.Code)
		l.Paragraphs = []string{l.T("mail.lapsed", "event", name, "day", l.Day(o.Until.Unix())), l.T("mail.lapsed_late")}
	case mailGivenBack:
		l.givenBack(m)
	case mailCalledOff, mailCalledOff + toHolder, mailMoved, mailMoved + toHolder:
		return l.fate(m)
	case mailVoid:
		l.Apart = true
		l.Subject = l.T("giveback.void_subject", "event", name)
		l.Paragraphs = []string{l.T("giveback.void", "event", name, "why", m.Detail), l.T("giveback.void_money")}
		return nil
	default:
		return fault.New(fault.Internal, "there is no letter %.40q", m.Kind)
	}
	l.rows()
	return nil
}

// fate tells of an event that was called off or moved.
func (l *letter) fate(m post.Mail) error {
	amount, why := readRefundDetail(m.Detail)
	e, s := l.event, l.event.Standing
	if s == nil || strings.HasPrefix(m.Kind, mailMoved) != (s.Fate == catalog.Moved) {
		return fault.New(fault.Expired, "event %s stands otherwise by now", e.Code)
	}
	l.Apart = strings.HasSuffix(m.Kind, toHolder)
	if s.Fate == catalog.Moved {
		l.Subject = l.T("off.moved_subject", "event", e.Name)
		said := "off.mail_moved"
		if l.order.State == Disputed {
			said = "off.mail_moved_only" // whether tickets stay good their bank decides
		}
		l.Paragraphs = []string{l.T(said, "event", e.Name, "day", l.Moment(s.From), "new", l.Moment(e.Starts), "why", why)}
		if slices.ContainsFunc(l.gone, func(g SoldOn) bool { return g.Held }) {
			l.Paragraphs = append(l.Paragraphs, l.T("off.mail_sold", "moment", l.Moment(e.Ends)))
		}
		if s.Choose != 0 && !l.Apart && l.order.State.Good() && len(l.gone) < len(l.order.Tickets) {
			l.Paragraphs = append(l.Paragraphs, l.T("off.mail_choose", "moment", l.Moment(s.Choose)))
		}
		l.Button = l.T("mail.see")
	} else {
		l.Subject = l.T("off.subject", "event", e.Name)
		l.Paragraphs = []string{l.T("off.mail", "event", e.Name, "day", l.Day(e.Starts), "why", why)}
		switch {
		case l.Apart:
			l.Paragraphs = append(l.Paragraphs, l.T("off.mail_holder"))
		case amount > 0:
			l.Paragraphs = append(l.Paragraphs, l.T("mail.cancelled_back", "amount", l.Money(amount, l.order.Currency))+" "+l.wayBack())
		}
	}
	if l.Apart {
		l.Button = ""
		return nil
	}
	l.rows()
	return nil
}

// givenBack tells the buyer what they gave back.
func (l *letter) givenBack(m post.Mail) {
	amount, rest := readRefundDetail(m.Detail)
	kept, _ := strconv.ParseInt(rest, 10, 64) // written by keptDetail
	name := l.event.Name
	l.Subject = l.T("giveback.mail_subject", "event", name)
	l.Paragraphs = []string{l.T("giveback.mail_nothing", "event", name)}
	if amount > 0 {
		l.Paragraphs = []string{l.T("giveback.mail", "event", name, "amount", l.Money(amount, l.order.Currency)), l.wayBack()}
	}
	if kept > 0 {
		l.Paragraphs = append(l.Paragraphs, l.T("giveback.mail_kept", "amount", l.Money(kept, l.order.Currency)))
	}
	l.Button = l.T("mail.see_left")
}

// howToPay says how an order is paid that waits for its money.
func (l *letter) howToPay() string {
	o := l.order
	amount, by := l.Money(o.Total, o.Currency), l.Day(o.Until.Unix())
	if o.Method == catalog.MethodBoxOffice {
		return l.T("mail.box_office", "amount", amount, "day", by, "code", o.Code)
	}
	l.Bank = Transfer(l.Lang, o, l.shop)
	return l.T("mail.invoice", "amount", amount, "day", by, "code", o.Code, "seller", l.Seller())
}

// Transfer lists what a buyer types to pay an invoice from their bank: names and
// what stands beside them. It is empty where the organiser has said no account.
func Transfer(l speech.Lang, o *Order, shop *catalog.Shop) (rows [][2]string) {
	b := &shop.Bank
	if !b.Known() {
		return nil
	}
	for _, row := range [][2]string{
		{"bank.holder", b.Holder}, {"bank.iban", b.Shown()}, {"bank.bic", b.BIC}, {"bank.name", b.Name}, {"bank.account", b.Account},
		{"bank.amount", l.Money(o.Total, o.Currency)}, {"bank.reference", o.Code}, {"bank.until", l.Day(o.Until.Unix())},
	} {
		if row[1] != "" {
			rows = append(rows, [2]string{l.T(row[0]), row[1]})
		}
	}
	return rows
}

// wayBack says how money goes back.
func (l *letter) wayBack() string {
	if l.order.Method == catalog.MethodCard {
		return l.T("mail.back_card")
	}
	return l.T("mail.back_other")
}

// when says when and where the event is.
func (l *letter) when() string {
	e := l.event
	day, clock := l.Day(e.Starts), l.Clock(e.Starts)
	if e.Venue == "" {
		return l.T("mail.starts", "event", e.Name, "day", day, "clock", clock)
	}
	return l.T("mail.starts_at", "event", e.Name, "day", day, "clock", clock, "venue", e.Venue)
}

// rows lists what is bought.
func (l *letter) rows() {
	o := l.order
	for _, item := range o.Items {
		l.Rows = append(l.Rows, [2]string{item.words(), l.Money(int64(item.Count)*(item.Price+item.Fee), o.Currency)})
	}
	if o.Fee > 0 {
		l.Rows = append(l.Rows, [2]string{l.T("mail.fee"), l.Money(o.Fee, o.Currency)})
	}
	l.Rows = append(l.Rows, [2]string{l.T("mail.total"), l.Money(o.Total, o.Currency)})
}

// words says an item to a person.
func (i *Item) words() string {
	text := fmt.Sprintf("%d × %s", i.Count, i.Name)
	if len(i.Seats) > 0 {
		text += " (" + strings.Join(i.Seats, ", ") + ")"
	}
	return text
}

// made lays the letter out.
func (l *letter) made() (post.Letter, error) {
	if l.Apart {
		return post.Sheet{
			Language: l.Lang.Code(), Subject: l.Subject, From: l.Seller(), Contact: l.shop.Seller.Email,
			Hello: l.T("mail.hello", "name", l.T("mail.guest")), Text: l.Paragraphs,
		}.Letter()
	}
	return post.Sheet{
		Language: l.Lang.Code(), Subject: l.Subject, From: l.Seller(), Contact: l.shop.Seller.Email,
		Hello: l.T("mail.hello", "name", cmp.Or(l.order.Details.Name, l.T("mail.guest"))), Text: l.Paragraphs, Facts: l.Bank,
		Button: cmp.Or(l.Button, l.T("mail.see")), Link: l.link, Title: l.T("mail.order", "code", l.order.Code), Rows: l.Rows,
		Notes: []string{l.T("mail.secret")},
	}.Letter()
}

// Seller is who signs.
func (l *letter) Seller() string { return cmp.Or(l.shop.Seller.Name, l.event.Name) }
