package sandbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/clocktest"
	"usher/server/payment"
	"usher/server/payment/paymenttest"
)

// bench is a sandbox with a shop and a buyer.
type bench struct {
	*Sandbox
	t     *testing.T
	clock *clocktest.Clock
	wire  *paymenttest.Wire
	shop  *shop
	hook  string
	p     payment.Provider
}

// shop takes notices, or doesn't.
type shop struct {
	mu     sync.Mutex
	status int // it answers with
	got    []paymenttest.Delivery
	hangs  chan struct{} // not nil: it doesn't answer before this is closed
}

func (s *shop) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	hangs, status := s.hangs, s.status
	if err == nil && status == http.StatusOK {
		s.got = append(s.got, paymenttest.Delivery{Header: r.Header, Body: body})
	}
	s.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	rw.WriteHeader(status)
}

// take gives what came since the last call.
func (s *shop) take() []paymenttest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

func (s *shop) answers(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// each runs a test on every engine, with a sandbox of its own.
func each(t *testing.T, test func(*testing.T, *bench)) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newBench(t, db)) })
}

func newBench(t *testing.T, db *sqldb.DB) *bench {
	t.Helper()
	b := &bench{t: t, clock: clocktest.At(paymenttest.Start), shop: &shop{status: http.StatusOK}}
	server := httptest.NewServer(b.shop)
	t.Cleanup(server.Close)
	b.hook = server.URL + "/hooks/sandbox"
	b.Sandbox = b.another(db)
	b.wire = &paymenttest.Wire{Next: direct{b.Handler()}}
	b.p = NewClient(ClientConfig{Key: b.apiKey, HookKey: b.hookKey, HTTP: &http.Client{Transport: b.wire}})
	return b
}

// another opens the sandbox as another process does.
func (b *bench) another(db *sqldb.DB) *Sandbox {
	b.t.Helper()
	s, err := Open(b.t.Context(), Config{DB: db, Now: b.clock.Now})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) rig() *paymenttest.Rig {
	return &paymenttest.Rig{
		Provider: b.p, Clock: b.clock, Wire: b.wire, Signature: SignatureHeader,
		Pay: func(s payment.Started) bool {
			pending := b.look(s.Ref).State == payment.Pending
			return b.press(s, "4242 4242 4242 4242") == success && pending
		},
		Decline: func(s payment.Started) { b.press(s, "4000 0000 0000 0002") },
		Dispute: func(s payment.Started, won bool) (begins, ends func()) {
			b.press(s, map[bool]string{true: "4000 0000 0000 0267", false: "4000 0000 0000 0259"}[won])
			return func() { b.clock.Pass(DisputedAfter) }, func() { b.clock.Pass(DecidedAfter) }
		},
		Notices: func() []paymenttest.Delivery { b.deliver(); return b.shop.take() },
		Forge: func(body []byte, at time.Time) http.Header {
			return http.Header{SignatureHeader: {sign("another key", body, at)}}
		},
	}
}

// press pays with a card and gives where the buyer is sent, "" when nowhere.
func (b *bench) press(s payment.Started, number string) string {
	return b.post(s.URL+"/card", url.Values{"card": {"4242424242424242"}, "number": {number}}).Header.Get("Location")
}

// success is where a buyer is sent who has paid.
const success = "https://shop.example/order/paid"

func (b *bench) post(to string, form url.Values) *http.Response {
	req := httptest.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

func (b *bench) get(to string) *http.Response {
	return b.do(httptest.NewRequest(http.MethodGet, to, nil))
}

func (b *bench) do(req *http.Request) *http.Response {
	out := httptest.NewRecorder()
	b.Handler().ServeHTTP(out, req)
	return out.Result()
}

// deliver sends all that is due.
func (b *bench) deliver() (sent int) {
	b.t.Helper()
	for {
		n, err := b.Deliver(b.t.Context(), b.hook)
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return sent
		}
		sent += n
	}
}

// attempt is an attempt to pay, with a key of its own.
func (b *bench) attempt() payment.Attempt { return b.rig().Attempt() }

func (b *bench) start() payment.Started {
	b.t.Helper()
	s, err := b.p.Start(b.t.Context(), b.attempt())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) look(ref string) payment.Payment {
	b.t.Helper()
	p, err := b.p.Look(context.Background(), ref)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// kinds are the notices that came, in order, as their kinds.
func (b *bench) kinds() (kinds []payment.Kind) {
	b.t.Helper()
	for _, d := range b.shop.take() {
		n, err := b.p.Read(d.Header, d.Body, b.clock.Now())
		if err != nil {
			b.t.Fatal(err)
		}
		kinds = append(kinds, n.Kind)
	}
	return kinds
}
