package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/post"
)

var start = time.Date(2026, 7, 11, 18, 0, 0, 0, time.UTC)

func now() time.Time { return start }

// listening gives an inbox that takes mail.
func listening(t *testing.T, cfg Config) *Inbox {
	t.Helper()
	cfg.Now = now
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	b, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil && !strings.Contains(err.Error(), "closed") { // a test may have closed it
			t.Error(err)
		}
	})
	return b
}

func pagesOf(b *Inbox) http.Handler {
	mux := http.NewServeMux()
	b.Register(mux, slog.New(slog.DiscardHandler))
	return mux
}

// filled gives the pages of an inbox that an outbox has sent mails to.
func filled(t *testing.T, db *sqldb.DB, letter post.Letter, ids ...string) http.Handler {
	t.Helper()
	b := listening(t, Config{DB: db})
	transport, err := post.ParseSMTP("smtp+insecure://" + b.Address())
	if err != nil {
		t.Fatal(err)
	}
	p := post.New(post.Config{
		DB: db, Transport: transport, From: netmail.Address{Name: "Händel Hall", Address: "tickets@hall.example"}, Now: now, Log: slog.New(slog.DiscardHandler),
		Compose: func(context.Context, post.Mail) (post.Letter, error) { return letter, nil },
	})
	for _, id := range ids {
		if err := db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			return p.Queue(ctx, tx, post.Mail{ID: id, Kind: "k", To: "ada@buyers.example"})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return pagesOf(b)
}

// idOf is what a mail of filled has in its address.
func idOf(mail string) string {
	sum := sha256.Sum256([]byte("usher-mail-v1/" + mail))
	return identity(&message{id: "<" + hex.EncodeToString(sum[:16]) + "@hall.example>"}, nil, []string{"ada@buyers.example"})
}

func get(h http.Handler, path string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What was sent is shown as a mail program shows it, with its file.
func TestMailIsShown(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		pdf := "%PDF-1.7\n\x00\xff" + strings.Repeat("long enough to be folded ", 20)
		h := filled(t, db, post.Letter{
			Subject: "Ihre Tickets für <Händel>", Text: "Grüße <b>\n.\nBis bald", HTML: `<p style="color:red">Grüße</p><script>alert(1)</script>`,
			Files: []post.File{{Name: "tickets für zwei.pdf", Type: "application/pdf", Body: []byte(pdf)}},
		}, "one", "two")
		one, two := idOf("one"), idOf("two")
		for path, wants := range map[string][]string{
			"/inbox/":                   {"Ihre Tickets für &lt;Händel&gt;", "ada@buyers.example", "1 file<", `href="/inbox/` + two + `"`},
			"/inbox/" + one:             {"Händel Hall", "Grüße &lt;b&gt;\n.\nBis bald", "tickets für zwei.pdf", `src="/inbox/` + one + `/letter"`},
			"/inbox/" + one + "/letter": {`<p style="color:red">Grüße</p>`},
		} {
			answer := get(h, path)
			text := body(t, answer)
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, answer.Status)
			}
			for _, want := range wants {
				if !strings.Contains(text, want) {
					t.Errorf("%s lacks %q:\n%s", path, want, text)
				}
			}
			if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") {
				t.Errorf("%s has the policy %q", path, csp)
			}
		}
		answer := get(h, "/inbox/"+one+"/files/0")
		if got := body(t, answer); got != pdf || answer.Header.Get("Content-Type") != "application/pdf" {
			t.Errorf("the file has %d bytes of type %s, want %d", len(got), answer.Header.Get("Content-Type"), len(pdf))
		}
		if csp := get(h, "/inbox/"+one+"/letter").Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "allow-scripts") {
			t.Errorf("the letter may run: %q", csp)
		}
		if source := get(h, "/inbox/"+one+"/source"); !strings.HasPrefix(source.Header.Get("Content-Type"), "text/plain") || !strings.Contains(body(t, source), "Auto-Submitted: auto-generated\r\n") {
			t.Error("what was sent can't be looked at")
		}
	})
}

func TestNoMail(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		h := filled(t, db, post.Letter{})
		if text := body(t, get(h, "/inbox/")); !strings.Contains(text, "No mail has arrived yet") {
			t.Error(text)
		}
		for _, path := range []string{"/inbox/1", "/inbox/x", "/inbox/99999999999999999999", "/inbox/1/files/0", "/inbox/1/letter", "/inbox/1/source"} {
			if answer := get(h, path); answer.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
	})
}

func TestTextAlone(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		h := filled(t, db, post.Letter{Subject: "S", Text: "plain words"}, "one")
		if text := body(t, get(h, "/inbox/"+idOf("one"))); !strings.Contains(text, "<pre>plain words\n</pre>") || strings.Contains(text, "iframe") {
			t.Error(text)
		}
	})
}

// An inbox is for this machine, unless it is told otherwise; each has a port of its own,
// and what the one takes the other shows.
func TestWhereItListens(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		a, b := listening(t, Config{DB: db}), listening(t, Config{DB: db})
		for _, box := range []*Inbox{a, b} {
			if host, _, err := net.SplitHostPort(box.Address()); err != nil || !net.ParseIP(host).IsLoopback() {
				t.Errorf("it listens at %s", box.Address())
			}
		}
		dial(t, a).bring(t, "250", plain("<1@x>"), "ada@x.example")
		if text := body(t, get(pagesOf(b), "/inbox/")); !strings.Contains(text, "ada@x.example") {
			t.Error("the other inbox doesn't show it")
		}
		if _, err := Open(Config{DB: db, Listen: a.Address(), Now: now, Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), a.Address()) {
			t.Errorf("an address that is taken: %v", err)
		}
	})
}
