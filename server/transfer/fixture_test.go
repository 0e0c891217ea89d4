package transfer

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/post"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	night  = "NIGHT"
	closed = "CLOSED" // gives nothing away
	named  = "NAMED"  // only to people
	handy  = "HANDY"  // many times, for half a day
)

var (
	start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC) // three days before the events
	ada   = ticketing.Holder{Name: "Ada Lovelace", Email: "ada@example.org"}
	bea   = ticketing.Holder{Name: "Bea Byron", Email: "bea@example.org"}
)

// policies are what the events allow.
var policies = map[string]string{night: "times = 2\nhours_before = 2\naccept_hours = 24", closed: "enabled = false", named: "named = true",
	handy: "times = 4\nhours_before = 2\naccept_hours = 12"}

// world is a shop whose tickets can be given away, over a real database.
type world struct {
	*Transfers
	*shoptest.Shop
	t testing.TB
	n int // tickets that were issued
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	var files []string
	for code, text := range policies {
		files = append(files, shoptest.Night(shoptest.Event, code)+"[shop.transfer]\n"+text)
	}
	w := worldOf(t, shoptest.Open(t, db, files...))
	w.Time.Set(start)
	return w
}

// worldOf is a shop with what gives its tickets away.
func worldOf(t testing.TB, s *shoptest.Shop) *world {
	return &world{t: t, Shop: s, Transfers: New(Config{
		DB: s.DB, Catalog: s.Catalog, Tickets: s.Tickets, Printer: s.Printer, Post: s.Post, Entered: s.Doors.Entered, Secret: s.Vault.Derive,
		SignIn: func(_ context.Context, email, language string) (string, error) {
			return shoptest.Public + "/wallet/enter/for-" + email, nil
		},
		Public: s.Public, Rand: rand.Reader, Now: s.Time.Now, Log: s.Log,
	})}
}

// beside is another server over the same database, by the same clock.
func (w *world) beside() *world {
	w.t.Helper()
	return worldOf(w.t, w.Shop.Beside(w.t, w.Shop.DB))
}

// issue issues tickets of an event to somebody.
func (w *world) issue(event string, to ticketing.Holder, count int) (list []ticketing.Ticket) {
	w.t.Helper()
	for range count {
		w.n++
		k, err := w.Tickets.Issue(w.t.Context(), event, ticketing.Attendee{External: fmt.Sprintf("T%06d", w.n), Name: to.Name, Email: to.Email, Product: 1, Admissions: 1})
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, k)
	}
	return list
}

func (w *world) of(k ticketing.Ticket) ticketing.Ticket {
	w.t.Helper()
	list, err := w.Tickets.Of(w.t.Context(), k.Event, []ticket.ID{k.ID})
	if err != nil {
		w.t.Fatal(err)
	}
	return list[0]
}

// asks is what ada wants, for whoever has the link.
func asks(list ...ticketing.Ticket) Asked {
	return Asked{Event: list[0].Event, Tickets: list, From: ada, Language: "en"}
}

// offer makes an offer, which has to work, and gives what its link says.
func (w *world) offer(a Asked) (Offer, string) {
	w.t.Helper()
	o, err := w.Offer(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	kind, to := mailLink, a.From.Email
	if o.Named {
		kind, to = mailOffer, o.To.Email
	}
	l := w.letter(kind, o.ID, to)
	token, ours := strings.CutPrefix(l.link, shoptest.Public+Path)
	if !ours {
		w.t.Fatalf("the mail leads to %q", l.link)
	}
	return o, token
}

// written is a letter that somebody gets.
type written struct {
	post.Letter
	link string
}

// letter gives the letter of a kind about an offer, which has to go to an address.
func (w *world) letter(kind, id, to string) written {
	w.t.Helper()
	all, err := w.Post.About(w.t.Context(), "transfer/"+id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		if m.Kind != kind {
			continue
		}
		l, err := w.Compose(w.t.Context(), m.Mail)
		if err != nil || m.To != to {
			w.t.Fatalf("the letter %s to %s: %v", kind, m.To, err)
		}
		link := ""
		for line := range strings.Lines(l.Text) {
			if strings.HasPrefix(line, "http") {
				link = strings.TrimSpace(line)
			}
		}
		return written{l, link}
	}
	w.t.Fatalf("there is no letter %s about %s", kind, id)
	return written{}
}

// mail gives the queued mail of a kind about an offer.
func (w *world) mail(id, kind string) post.Mail {
	return post.Mail{ID: kind + "/" + id, Kind: kind, About: "transfer/" + id, Detail: id}
}

// kinds lists the letters about an offer.
func (w *world) kinds(id string) (list []string) {
	w.t.Helper()
	all, err := w.Post.About(w.t.Context(), "transfer/"+id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		list = append(list, m.Kind+" "+m.To)
	}
	slices.Sort(list)
	return list
}

// refused wants an error of a kind that says where.
func refused(t testing.TB, what string, err error, kind fault.Kind, where string) {
	t.Helper()
	if f, is := err.(*fault.Error); !is || f.Kind != kind || f.Where != where {
		t.Errorf("%s: %v, want %s %s", what, err, kind, where)
	}
}

// opens says whether a code is good for a gate that knows all that the server said.
func (w *world) opens(code string, k ticketing.Ticket) bool {
	w.t.Helper()
	signed, err := w.Vault.Ring(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := ticket.Verify(code, &signed.Ring)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.ID == k.ID && got.Generation == w.of(k).Generation && w.of(k).State == ticketing.Valid
}
