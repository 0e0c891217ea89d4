package resale

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/server/speech"
	"usher/sync/fault"
)

// MailKinds begins the kinds of letters that are written here.
const MailKinds = "resell_"

// Kinds of letters.
const (
	mailListed   = MailKinds + "listed"   // to the seller: it is for sale
	mailEnded    = MailKinds + "ended"    // to the seller: it isn't any more, and why
	mailSold     = MailKinds + "sold"     // to the seller: their code is void
	mailCredited = MailKinds + "credited" // to the seller: how they are paid
	mailPaid     = MailKinds + "paid"     // to the seller: by hand
	mailWaits    = MailKinds + "waits"    // to who waits: how to leave
	mailOffer    = MailKinds + "offer"    // to who waits: one is kept for them
	mailGone     = MailKinds + "gone"     // to who waits: it isn't any more, and not by their fault
)

// Paths of the links in letters.
const (
	OfferPath = "/resale/offer/"
	LeavePath = "/resale/leave/"
)

// tell has a letter about a listing sent to its seller, once of each kind.
func (r *Resale) tell(ctx context.Context, tx *sqldb.Tx, kind string, l *Listing) error {
	return r.toldBy(ctx, tx, l, post.Mail{ID: kind + "/" + l.ID, Kind: kind, Detail: l.ID})
}

// tellPaid tells a seller of what they were just paid by hand: once of each time.
func (r *Resale) tellPaid(ctx context.Context, tx *sqldb.Tx, l *Listing, amount int64, how string) error {
	return r.toldBy(ctx, tx, l, post.Mail{
		ID: fmt.Sprintf("%s/%s/%d", mailPaid, l.ID, l.Hand), Kind: mailPaid, Detail: fmt.Sprintf("%s %d %s", l.ID, amount, how),
	})
}

// toldBy has a letter sent to the seller of a listing.
func (r *Resale) toldBy(ctx context.Context, tx *sqldb.Tx, l *Listing, m post.Mail) error {
	if l.SellerEmail == "" {
		return nil // nobody to write to
	}
	m.About, m.To = l.SellerOrder, l.SellerEmail
	return r.Post.Queue(ctx, tx, m)
}

// Compose writes the letters about listings. It is a post.Composer.
func (r *Resale) Compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	if m.Kind == mailWaits {
		return r.waits(ctx, m)
	}
	id, rest, _ := strings.Cut(m.Detail, " ")
	l, err := r.Listing(ctx, id)
	if err != nil {
		return post.Letter{}, err
	}
	p, err := r.paper(ctx, l.Event, l.Language)
	if err != nil {
		return post.Letter{}, err
	}
	switch m.Kind {
	case mailOffer:
		return r.offer(ctx, p, &l, rest)
	case mailGone:
		return r.gone(ctx, p, &l, rest)
	}
	return r.toSeller(p, &l, m.Kind, rest)
}

// paper is what letters of an event share.
type paper struct {
	speech.Lang
	event *catalog.Event
	shop  *catalog.Shop
	base  string // the shop's address
}

func (r *Resale) paper(ctx context.Context, event, language string) (*paper, error) {
	e, err := r.Catalog.Event(ctx, event)
	if err != nil {
		return nil, err
	}
	shop, err := r.Catalog.Shop(ctx, event)
	if fault.KindOf(err) == fault.NotFound {
		shop, err = &catalog.Shop{Event: event, About: e}, nil // nothing is sold any more
	}
	return &paper{speech.In(cmp.Or(language, e.Language), e.Location), e, shop, r.Public(ctx)}, err
}

// sheet begins a letter.
func (p *paper) sheet(subject, name string, text ...string) post.Sheet {
	return post.Sheet{
		Language: p.Code(), Subject: subject, From: cmp.Or(p.shop.Seller.Name, p.event.Name), Contact: p.shop.Seller.Email,
		Hello: p.T("mail.hello", "name", cmp.Or(name, p.T("mail.guest"))), Text: text,
	}
}

// whyEnded are the messages that say why a listing ended.
var whyEnded = map[string]string{
	TakenBack: "resell.ended_taken_back", Entered: "resell.ended_entered", Changed: "resell.ended_changed", TimeOver: "resell.ended_over", Moved: "resell.ended_moved", AboveCap: "resell.ended_cap", Closed: "resell.ended_closed",
}

// what names a ticket in a letter.
func (l *Listing) what() string {
	if l.Seat != "" {
		return l.Name + ", " + l.Seat
	}
	return l.Name
}

// toSeller tells a seller what became of their ticket. rest is what tellPaid says.
func (r *Resale) toSeller(p *paper, l *Listing, kind, rest string) (post.Letter, error) {
	money := func(n int64) string { return p.Money(n, l.Currency) }
	var s post.Sheet
	switch kind {
	case mailListed:
		s = p.sheet(p.T("resell.listed_subject", "event", p.event.Name), l.SellerName,
			p.T("resell.listed", "ticket", l.what(), "event", p.event.Name, "price", money(l.Price)), p.T("resell.listed_then"))
	case mailEnded:
		s = p.sheet(p.T("resell.ended_subject", "event", p.event.Name), l.SellerName, p.T("resell.ended", "ticket", l.what(), "event", p.event.Name), p.T(whyEnded[l.Why]))
	case mailSold:
		s = p.sheet(p.T("resell.sold_subject", "event", p.event.Name), l.SellerName,
			p.T("resell.sold", "ticket", l.what(), "event", p.event.Name), p.T("resell.sold_money", "net", money(l.Net())))
	case mailCredited:
		s = p.sheet(p.T("resell.credited_subject", "net", money(l.Net())), l.SellerName, p.T("resell.credited", "ticket", l.what(), "event", p.event.Name, "net", money(l.Net())))
		if l.Card > 0 {
			s.Text = append(s.Text, p.T("resell.credited_card", "amount", money(l.Card)))
		}
		if l.Hand > 0 {
			s.Text = append(s.Text, p.T("resell.credited_hand", "amount", money(l.Hand)))
		}
	case mailPaid:
		text, how, _ := strings.Cut(rest, " ")
		n, _ := strconv.ParseInt(text, 10, 64) // written by tellPaid
		s = p.sheet(p.T("resell.paid_subject", "amount", money(n)), l.SellerName, p.T("resell.paid", "amount", money(n), "how", how))
	default:
		return post.Letter{}, fault.New(fault.Internal, "there is no letter %.40q", kind)
	}
	if kind == mailListed || kind == mailSold {
		s.Rows = [][2]string{{p.T("resell.price"), money(l.Price)}}
		if l.Kept > 0 {
			s.Rows = append(s.Rows, [2]string{p.T("resell.kept"), money(-l.Kept)})
		}
		s.Rows = append(s.Rows, [2]string{p.T("resell.net"), money(l.Net())})
	}
	if kind != mailPaid && kind != mailCredited {
		s.Button, s.Link = p.T("page.wallet"), p.base+"/wallet"
	}
	return s.Letter()
}

// waits tells somebody that they wait, and how to leave.
func (r *Resale) waits(ctx context.Context, m post.Mail) (post.Letter, error) {
	w, err := r.waiter(ctx, r.DB.Read(), m.Detail)
	if err != nil || w.Remaining == 0 {
		return post.Letter{}, cmp.Or(err, error(fault.New(fault.Expired, "they don't wait any more")))
	}
	p, err := r.paper(ctx, w.Event, w.Language)
	if err != nil {
		return post.Letter{}, err
	}
	s := p.sheet(p.T("resell.waits_subject", "event", p.event.Name), "", p.T("resell.waits", "event", p.event.Name, "n", w.Wanted), p.T("resell.waits_then"))
	return r.leavable(ctx, p, &w, s)
}

// leavable puts the way off the waiting list under a letter.
func (r *Resale) leavable(ctx context.Context, p *paper, w *Waiter, s post.Sheet) (post.Letter, error) {
	token, err := r.leaveToken(ctx, w)
	if err != nil {
		return post.Letter{}, err
	}
	s.Button, s.Link = p.T("resell.leave"), p.base+LeavePath+w.ID+"."+token
	return s.Letter()
}

// gone tells somebody who waits that a ticket is not kept for them any more.
func (r *Resale) gone(ctx context.Context, p *paper, l *Listing, waiter string) (post.Letter, error) {
	w, err := r.waiter(ctx, r.DB.Read(), waiter)
	if err != nil {
		return post.Letter{}, err
	}
	p.Lang = speech.In(cmp.Or(w.Language, p.event.Language), p.event.Location)
	s := p.sheet(p.T("resell.gone_subject", "event", p.event.Name), "", p.T("resell.gone", "ticket", l.what(), "event", p.event.Name))
	if why := r.closed(p.event, p.shop); why != "" && why != Moved {
		return s.Letter() // nobody waits for anything any more
	}
	if w.Remaining == 0 {
		return post.Letter{}, fault.New(fault.Expired, "they don't wait any more")
	}
	s.Text = append(s.Text, p.T("resell.gone_then"), p.T("resell.waits_then"))
	return r.leavable(ctx, p, &w, s)
}

// offer tells somebody who waits that a ticket is kept for them.
func (r *Resale) offer(ctx context.Context, p *paper, l *Listing, rest string) (post.Letter, error) {
	waiter, ms, _ := strings.Cut(rest, " ")
	n, _ := strconv.ParseInt(ms, 10, 64) // written by keepFor
	until := time.UnixMilli(n).UTC()
	if l.State != Open || l.KeptFor != waiter || !l.KeptUntil.Equal(until) || !r.Now().Before(until) {
		return post.Letter{}, fault.New(fault.Expired, "the offer is over")
	}
	w, err := r.waiter(ctx, r.DB.Read(), waiter)
	if err != nil {
		return post.Letter{}, err
	}
	p.Lang = speech.In(cmp.Or(w.Language, p.event.Language), p.event.Location)
	token, err := r.offerToken(ctx, l.ID, waiter, until)
	if err != nil {
		return post.Letter{}, err
	}
	s := p.sheet(p.T("resell.offer_subject", "event", p.event.Name), "",
		p.T("resell.offer", "ticket", l.what(), "event", p.event.Name, "amount", p.Money(l.Total(), l.Currency), "moment", p.Moment(until.Unix())), p.T("resell.offer_then"))
	s.Button, s.Link = p.T("resell.offer_button"), p.base+OfferPath+l.ID+"."+token
	return s.Letter()
}
