package paymenttest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// read takes a notice apart that must be good.
func (r *Rig) read(t testing.TB, d Delivery) payment.Notice {
	t.Helper()
	n, err := r.Provider.Read(d.Header, d.Body, r.Clock.Now())
	if err != nil {
		t.Fatalf("%v: %s", err, d.Body)
	}
	return n
}

// about keeps what leads to a payment of ours.
func (r *Rig) about(t testing.TB, s payment.Started, all []Delivery) (kinds map[payment.Kind]int) {
	t.Helper()
	kinds = map[payment.Kind]int{}
	for _, d := range all {
		n := r.read(t, d)
		if n.ID == "" || n.At.IsZero() {
			t.Errorf("notice %+v", n)
		}
		if n.Ref != "" && r.look(t, n.Ref).Ref == s.Ref {
			kinds[n.Kind]++
		}
	}
	return kinds
}

func testNotices(t *testing.T, r *Rig) {
	_, s := r.paid(t)
	if kinds := r.about(t, s, r.Notices()); kinds[payment.NoticePaid] != 1 {
		t.Errorf("of a payment came %v", kinds)
	}
	if _, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 7}); err != nil {
		t.Fatal(err)
	}
	if kinds := r.about(t, s, r.Notices()); kinds[payment.NoticeRefund] == 0 {
		t.Errorf("of a refund came %v", kinds)
	}

	disputed := r.start(t, r.Attempt())
	begins, ends := r.Dispute(disputed, false)
	begins()
	if kinds := r.about(t, disputed, r.Notices()); kinds[payment.NoticeDispute] != 1 || kinds[payment.NoticePaid] != 1 {
		t.Errorf("of a dispute came %v", kinds)
	}
	ends()
	if kinds := r.about(t, disputed, r.Notices()); kinds[payment.NoticeDispute] != 1 {
		t.Errorf("of a dispute's end came %v", kinds)
	}

	cancelled := r.start(t, r.Attempt())
	r.Decline(cancelled)
	if err := r.Provider.Cancel(t.Context(), cancelled.Ref); err != nil {
		t.Fatal(err)
	}
	if kinds := r.about(t, cancelled, r.Notices()); kinds[payment.NoticeCancelled] != 1 || kinds[payment.NoticePaid] != 0 || kinds[payment.NoticeDeclined] != 1 {
		t.Errorf("of a declined and cancelled payment came %v", kinds)
	}
}

func testNoticesShuffled(t *testing.T, r *Rig) {
	s := r.start(t, r.Attempt())
	r.Decline(s)
	if !r.Pay(s) {
		t.Fatal("the buyer can't pay")
	}
	if _, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 7}); err != nil {
		t.Fatal(err)
	}
	want := r.look(t, s.Ref)
	all := r.Notices()
	if len(all) < 3 {
		t.Fatalf("only %d notices came", len(all))
	}
	all = append(all, all...)
	ids := map[string]int{}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, d := range all {
		n := r.read(t, d)
		ids[n.ID]++
		if n.Ref == "" {
			continue
		}
		if got := r.look(t, n.Ref); got != want {
			t.Errorf("after a notice of %s it stands at %+v; want %+v", n.Kind, got, want)
		}
	}
	for id, times := range ids {
		if times != 2 {
			t.Errorf("notice %s that came twice was read %d times", id, times)
		}
	}
}

func testForged(t *testing.T, r *Rig) {
	r.paid(t)
	for _, d := range r.Notices() {
		r.read(t, d)
		changed := bytes.Replace(d.Body, []byte(`"id":"`), []byte(`"id":"x`), 1)
		if bytes.Equal(changed, d.Body) {
			t.Fatalf("no id in %s", d.Body)
		}
		_, err := r.Provider.Read(d.Header, changed, r.Clock.Now())
		wantKind(t, err, fault.Unauthorised)
		_, err = r.Provider.Read(r.Forge(d.Body, r.Clock.Now()), d.Body, r.Clock.Now())
		wantKind(t, err, fault.Unauthorised)
		_, err = r.Provider.Read(nil, d.Body, r.Clock.Now())
		wantKind(t, err, fault.Unauthorised)
		signed := d.Header.Get(r.Signature)
		for _, value := range []string{"", "t=1", "t=1,v1=", "v1=00", "t=x,v1=00", signed + "00", signed[:len(signed)-2], "t=9," + signed} {
			_, err := r.Provider.Read(http.Header{r.Signature: {value}}, d.Body, r.Clock.Now())
			wantKind(t, err, fault.Unauthorised)
		}
		huge := append(bytes.Clone(d.Body), bytes.Repeat([]byte(" "), payment.MaxNotice)...)
		_, err = r.Provider.Read(d.Header, huge, r.Clock.Now())
		wantKind(t, err, fault.TooLarge)
	}
}

func testReplayed(t *testing.T, r *Rig) {
	r.paid(t)
	sent := r.Clock.Now()
	all := r.Notices()
	if len(all) == 0 {
		t.Fatal("no notice came")
	}
	for _, d := range all {
		for _, c := range []struct {
			off  time.Duration
			good bool
		}{{0, true}, {299 * time.Second, true}, {302 * time.Second, false}, {24 * time.Hour, false}, {-299 * time.Second, true}, {-302 * time.Second, false}} {
			_, err := r.Provider.Read(d.Header, d.Body, sent.Add(c.off))
			switch {
			case c.good && err != nil:
				t.Errorf("%v after it was sent: %v", c.off, err)
			case !c.good:
				wantKind(t, err, fault.Expired)
			}
		}
	}
}

func testAway(t *testing.T, r *Rig) {
	a, s := r.paid(t)
	r.Wire.Cut.Store(true)
	_, err := r.Provider.Start(t.Context(), a)
	wantKind(t, err, fault.Unavailable)
	_, err = r.Provider.Look(t.Context(), s.Ref)
	wantKind(t, err, fault.Unavailable)
	wantKind(t, r.Provider.Cancel(t.Context(), s.Ref), fault.Unavailable)
	_, err = r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 1})
	wantKind(t, err, fault.Unavailable)
	r.Wire.Cut.Store(false)
	if p := r.look(t, s.Ref); p.State != payment.Paid || p.Refunded != 0 {
		t.Errorf("back again, it stands at %+v", p)
	}
}

// lost is more than any provider tries again by itself.
const lost = 9

func testLost(t *testing.T, r *Rig) {
	a := r.Attempt()
	r.Wire.Lose.Store(lost)
	_, err := r.Provider.Start(t.Context(), a)
	wantKind(t, err, fault.Unavailable)
	r.Wire.Lose.Store(0)
	s := r.start(t, a)
	if again := r.start(t, a); again != s {
		t.Errorf("after a lost answer, started %+v and %+v", s, again)
	}
	if !r.Pay(s) {
		t.Fatal("the buyer can't pay")
	}
	ask := payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 3000}
	r.Wire.Lose.Store(lost)
	_, err = r.Provider.Refund(t.Context(), ask)
	wantKind(t, err, fault.Unavailable)
	r.Wire.Lose.Store(0)
	if p := r.look(t, s.Ref); p.Refunded != 3000 {
		t.Errorf("with the answer lost, %d is refunded; want 3000", p.Refunded)
	}
	if _, err := r.Provider.Refund(t.Context(), ask); err != nil {
		t.Error(err)
	}
	if p := r.look(t, s.Ref); p.Refunded != 3000 {
		t.Errorf("asked again, %d is refunded; want 3000", p.Refunded)
	}
}
