package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/clocktest"
	"usher/server/post"
)

const (
	ada    = "ada@example.org"
	asker  = "192.0.2.7"
	public = "https://tickets.example"
)

// world is accounts over a real database, in which ada has tickets and nobody else.
type world struct {
	*Accounts
	t     *testing.T
	clock *clocktest.Clock
}

func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := &world{t: t, clock: clocktest.At(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC))}
		w.Accounts = New(Config{
			DB: db, Rand: rand.Reader, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
			Post: post.New(post.Config{DB: db, From: netmail.Address{Address: "x@example.org"}, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)}),
			Secret: func(_ context.Context, label string) ([32]byte, error) {
				return sha256.Sum256([]byte("a key that rests sealed" + label)), nil
			},
			Known:  func(_ context.Context, email string) (bool, error) { return email == ada, nil },
			Letter: func(i Invitation) (post.Letter, error) { return post.Letter{Subject: i.Language, Text: i.Link}, nil },
			Public: func(context.Context) string { return public },
		})
		test(t, w)
	})
}

// mails lists what is queued, oldest first.
func (w *world) mails() []post.Queued {
	w.t.Helper()
	list, err := w.Post.About(w.t.Context(), "")
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// link asks for a link for ada and gives what it says, as her mail has it.
func (w *world) link() string {
	w.t.Helper()
	before := map[string]bool{}
	for _, m := range w.mails() {
		before[m.ID] = true
	}
	if err := w.Ask(w.t.Context(), ada, "de", asker); err != nil {
		w.t.Fatal(err)
	}
	for _, m := range w.mails() {
		if before[m.ID] {
			continue
		}
		letter, err := w.Compose(w.t.Context(), m.Mail)
		token, ours := strings.CutPrefix(letter.Text, public+Path)
		if err != nil || !ours || m.To != ada || letter.Subject != "de" {
			w.t.Fatalf("the mail to %s says %+v, %v", m.To, letter, err)
		}
		return token
	}
	w.t.Fatal("no mail was queued")
	return ""
}

// enter signs a browser in that had the session of a secret.
func (w *world) enter(prior string) (Session, string) {
	w.t.Helper()
	s, secret, err := w.Enter(w.t.Context(), w.link(), prior, "a browser")
	if err != nil {
		w.t.Fatal(err)
	}
	return s, secret
}
