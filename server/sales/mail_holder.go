package sales

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"usher/server/post"
	"usher/server/ticketing"
	"usher/sync/fault"
)

// mailHolders sends everybody their tickets whose address the buyer was asked for, each
// person one letter. The buyer has all of them in theirs.
func (a *act) mailHolders() {
	told := []string{strings.ToLower(a.Details.Email)}
	for n, p := range a.Places() {
		if !p.Emails || n >= len(a.Details.Holders) {
			continue
		}
		to := a.Details.Holders[n].Email
		if key := strings.ToLower(to); to != "" && !slices.Contains(told, key) {
			told = append(told, key)
			kind := mailTickets + toHolder
			a.mails = append(a.mails, post.Mail{ID: kind + "/" + a.ID + "/" + addressKey(to), Kind: kind, About: a.ID, To: to})
		}
	}
}

// maxAddressKey is up to how many bytes an address stands in a mail's id as it is.
const maxAddressKey = 100

// addressKey names an address in the id of a mail, in whatever case it is written. The id
// of a mail is short, and an address need not be: in small letters it may even be longer.
func addressKey(to string) string {
	key := strings.ToLower(to)
	if len(key) <= maxAddressKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}

// toHolder writes the letter with a holder's tickets.
func (s *Sales) toHolder(ctx context.Context, l *letter, to string) (post.Letter, error) {
	if err := l.ticketsFor(s.Public(ctx) + "/wallet"); err != nil {
		return post.Letter{}, err
	}
	made, err := l.made()
	if err == nil {
		made.Files, err = s.attachedFor(ctx, l.order, to)
	}
	return made, err
}

// ticketsFor says what a holder is told of their tickets. wallet is where they have them.
func (l *letter) ticketsFor(wallet string) error {
	o := l.order
	if !o.State.Good() {
		return fault.New(fault.Expired, "order %s is %s", o.Code, o.State.Words())
	}
	l.Apart = true
	l.Subject = l.T("mail.tickets_subject", "event", l.event.Name)
	l.Paragraphs = []string{l.T("mail.tickets_holder", "buyer", o.Details.Name, "event", l.event.Name), l.when(), l.T("mail.holder_wallet", "wallet", wallet)}
	if l.event.Policy.DownTo.Live() {
		l.Paragraphs = append(l.Paragraphs, l.T("order.live_only"))
	}
	return nil
}

// attachedFor makes the file of a holder's letter, with none but their own tickets.
func (s *Sales) attachedFor(ctx context.Context, o *Order, to string) ([]post.File, error) {
	var tickets bytes.Buffer
	err := s.ticketsPDF(ctx, &tickets, o, func(t ticketing.Ticket) bool { return strings.EqualFold(t.Email, to) })
	if fault.KindOf(err) == fault.Refused {
		return nil, nil // on phones
	}
	return []post.File{{Name: "tickets-" + o.Code + ".pdf", Type: "application/pdf", Body: tickets.Bytes()}}, err
}
