package transfer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"usher/migrations/sqldb"
	"usher/server/catalog"
	"usher/server/post"
	"usher/server/speech"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// MailPrefix begins the kinds of the letters about transfers.
const MailPrefix = "transfer_"

// Kinds of letters.
const (
	mailLink      = MailPrefix + "link"      // to who gives: the link to hand on
	mailOffer     = MailPrefix + "offer"     // to who is named: the link
	mailOffered   = MailPrefix + "offered"   // to who gives: it went there
	mailYours     = MailPrefix + "yours"     // to who accepted: the tickets
	mailGiven     = MailPrefix + "given"     // to who gave
	mailTakenBack = MailPrefix + "back"      // to who took it back
	mailWithdrawn = MailPrefix + "withdrawn" // to who was named
	mailOver      = MailPrefix + "over"      // to who gave: nobody accepted
	mailLapsed    = MailPrefix + "lapsed"    // to who was named
)

// tell queues what both sides are written when an offer has come to a state.
func (x *Transfers) tell(ctx context.Context, tx *sqldb.Tx, o *Offer) error {
	type mail struct{ kind, to string }
	var mails []mail
	named := func(kind string) {
		if o.Named {
			mails = append(mails, mail{kind, o.To.Email})
		}
	}
	switch o.State {
	case Open:
		kind := mailLink
		if o.Named {
			kind = mailOffered
		}
		mails = append(mails, mail{kind, o.From.Email})
		named(mailOffer)
	case Accepted:
		mails = append(mails, mail{mailYours, o.To.Email}, mail{mailGiven, o.From.Email})
	case TakenBack:
		mails = append(mails, mail{mailTakenBack, o.From.Email})
		named(mailWithdrawn)
	case Expired:
		mails = append(mails, mail{mailOver, o.From.Email})
		named(mailLapsed)
	}
	for _, m := range mails {
		if err := x.Post.Queue(ctx, tx, post.Mail{ID: m.kind + "/" + o.ID, Kind: m.kind, About: "transfer/" + o.ID, Detail: o.ID, To: m.to}); err != nil {
			return err
		}
	}
	return nil
}

// letter is a letter in the making.
type letter struct {
	speech.Lang
	post.Sheet
	offer *Offer
	event *catalog.Event
	held  []ticketing.Ticket
}

// Compose writes the letters about transfers. It is a post.Composer.
func (x *Transfers) Compose(ctx context.Context, m post.Mail) (post.Letter, error) {
	o, err := x.Find(ctx, m.Detail)
	if err != nil {
		return post.Letter{}, err
	}
	e, err := x.Catalog.Event(ctx, o.Event)
	if err != nil {
		return post.Letter{}, err
	}
	l := &letter{Lang: speech.In(cmp.Or(o.Language, e.Language), e.Location), offer: &o, event: e}
	if m.Kind == mailYours {
		l.Lang = speech.In(cmp.Or(o.Reads, o.Language, e.Language), e.Location)
	}
	switch shop, err := x.Catalog.Shop(ctx, o.Event); {
	case err == nil:
		l.From, l.Contact = cmp.Or(shop.Seller.Name, e.Name), shop.Seller.Email
	case fault.KindOf(err) == fault.NotFound:
		l.From = e.Name
	default:
		return post.Letter{}, err
	}
	if l.held, err = x.Tickets.Of(ctx, o.Event, o.Tickets); err != nil {
		return post.Letter{}, err
	}
	l.Sheet.Language = l.Lang.Code()
	if err := x.say(ctx, l, m.Kind); err != nil {
		return post.Letter{}, err
	}
	l.facts()
	made, err := l.Letter()
	if err == nil && m.Kind == mailYours {
		made.Files, err = x.attached(ctx, l)
	}
	return made, err
}

// say finds the words of a letter. One about an offer that is open no more has nothing
// to say.
func (x *Transfers) say(ctx context.Context, l *letter, kind string) (err error) {
	o, event := l.offer, l.event.Name
	if (kind == mailLink || kind == mailOffer || kind == mailOffered) && o.State != Open {
		return fault.New(fault.Expired, "the offer is %s", o.State)
	}
	from, to, until := post.Name(cmp.Or(o.From.Name, o.From.Email)), post.Name(cmp.Or(o.To.Name, o.To.Email)), l.Moment(o.Until.Unix())
	n, form := len(o.Tickets), Form(len(o.Tickets))
	l.Hello = l.T("mail.hello", "name", cmp.Or(o.From.Name, l.T("mail.guest")))
	say := func(subject string, paragraphs ...string) { l.Subject, l.Text = subject, paragraphs }
	wallet := x.Public(ctx) + "/wallet"
	switch kind {
	case mailLink:
		say(l.T("handover.link_subject", "event", event), l.T("handover.link."+form, "n", n, "event", event), l.T("handover.link_how", "until", until), l.T("handover.good_until"))
		l.Button = l.T("handover.link_button")
		l.Link, err = x.address(ctx, o.ID)
		l.Notes = []string{l.T("handover.link_secret")}
	case mailOffer:
		l.Hello = l.T("mail.hello", "name", to)
		say(l.T("handover.offer_subject", "from", from, "event", event), l.T("handover.offer."+form, "n", n, "from", from, "event", event), l.T("handover.offer_how", "until", until))
		l.Button = l.T("handover.offer_button")
		l.Link, err = x.address(ctx, o.ID)
		l.Notes = []string{l.T("handover.offer_other")}
	case mailOffered:
		say(l.T("handover.offered_subject", "to", to, "event", event), l.T("handover.offered."+form, "n", n, "to", to, "email", o.To.Email, "event", event), l.T("handover.offered_how", "until", until), l.T("handover.good_until"))
		l.Button, l.Link = l.T("handover.wallet"), wallet
	case mailYours:
		l.Hello = l.T("mail.hello", "name", to)
		say(l.T("handover.yours_subject", "event", event), l.T("handover.yours."+form, "n", n, "from", from, "event", event), l.T("handover.yours_phone"))
		l.Button = l.T("handover.yours_button")
		l.Link, err = x.SignIn(ctx, o.To.Email, l.Lang.Code())
		l.Notes = []string{l.T("handover.yours_later", "wallet", wallet)}
	case mailGiven:
		say(l.T("handover.given_subject", "to", to, "event", event), l.T("handover.given."+form, "n", n, "to", to, "event", event), l.T("handover.given_void"))
	case mailTakenBack:
		say(l.T("handover.back_subject", "event", event), l.T("handover.back."+form, "n", n, "event", event))
	case mailWithdrawn:
		l.Hello = l.T("mail.hello", "name", to)
		say(l.T("handover.withdrawn_subject", "event", event), l.T("handover.withdrawn."+form, "n", n, "from", from, "event", event))
	case mailOver:
		say(l.T("handover.over_subject", "event", event), l.T("handover.over."+form, "n", n, "event", event))
	case mailLapsed:
		l.Hello = l.T("mail.hello", "name", to)
		say(l.T("handover.lapsed_subject", "event", event), l.T("handover.lapsed."+form, "n", n, "from", from, "event", event))
	default:
		return fault.New(fault.Internal, "there is no letter %.40q", kind)
	}
	return err
}

// Form is how messages call so many tickets: it, or them.
func Form(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// facts lists what the offer is of.
func (l *letter) facts() {
	row := func(name, text string) {
		if text != "" {
			l.Facts = append(l.Facts, [2]string{name, text})
		}
	}
	row(l.T("handover.when"), l.Day(l.event.Starts)+", "+l.Clock(l.event.Starts))
	row(l.T("handover.where"), l.event.Venue)
	for _, text := range Describe(l.Lang, l.event, l.held) {
		row(l.T("handover.ticket"), text)
	}
}

// Describe says of tickets what they are, each in a few words.
func Describe(l speech.Lang, e *catalog.Event, tickets []ticketing.Ticket) []string {
	list := make([]string, len(tickets))
	for i, t := range tickets {
		product, known := e.ProductByNumber(t.Product)
		if !known {
			product.Name = fmt.Sprint(t.Product)
		}
		parts := []string{product.Name}
		if t.Seat != "" {
			parts = append(parts, l.T("order.seat", "seat", t.Seat))
		}
		list[i] = strings.Join(parts, ", ")
	}
	return list
}

// attached makes the file of tickets that somebody got: those that they have still, on
// no phone. Where only live ones are let in there is nothing to print.
func (x *Transfers) attached(ctx context.Context, l *letter) ([]post.File, error) {
	o := l.offer
	hands, err := x.Tickets.Passages(ctx, o.Event, o.Tickets...)
	if err != nil {
		return nil, err
	}
	good := slices.DeleteFunc(slices.Clone(l.held), func(t ticketing.Ticket) bool {
		chain := hands[t.ID]
		return t.State != ticketing.Valid || t.Bound() || len(chain) == 0 || chain[len(chain)-1].Ref != o.ID
	})
	if len(good) == 0 || l.event.Policy.DownTo.Live() {
		return nil, nil
	}
	var paper bytes.Buffer
	if err := x.Printer.Tickets(ctx, &paper, o.Event, good, l.Lang.Code()); err != nil {
		return nil, err
	}
	return []post.File{{Name: "tickets-" + o.Event + ".pdf", Type: "application/pdf", Body: paper.Bytes()}}, nil
}
