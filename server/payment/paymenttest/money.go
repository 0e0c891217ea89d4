package paymenttest

import (
	"net/url"
	"sync"
	"testing"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

func testStart(t *testing.T, r *Rig) {
	a := r.Attempt()
	s := r.start(t, a)
	u, err := url.Parse(s.URL)
	if err != nil || s.Ref == "" || u.Host == "" {
		t.Fatalf("started %+v", s)
	}
	want := payment.Payment{Ref: s.Ref, Order: a.Order, State: payment.Pending, Amount: a.Amount, Currency: a.Currency}
	got := r.look(t, s.Ref)
	got.At = time.Time{}
	if got != want {
		t.Errorf("it stands at %+v; want %+v", got, want)
	}
	if other := r.start(t, r.Attempt()); other.Ref == s.Ref {
		t.Error("two keys gave one payment")
	}
}

func testStartOnce(t *testing.T, r *Rig) {
	a := r.Attempt()
	first := r.start(t, a)
	for range 3 {
		if again := r.start(t, a); again != first {
			t.Errorf("started %+v, then %+v", first, again)
		}
	}
	for name, change := range map[string]func(*payment.Attempt){
		"amount":  func(a *payment.Attempt) { a.Amount += 100; a.Lines[1].Amount += 100 },
		"order":   func(a *payment.Attempt) { a.Order += "x" },
		"until":   func(a *payment.Attempt) { a.Until = a.Until.Add(time.Second) },
		"success": func(a *payment.Attempt) { a.Success += "x" },
		"line":    func(a *payment.Attempt) { a.Lines[0].Text += "x" },
	} {
		other := a
		other.Lines = append([]payment.Line(nil), a.Lines...)
		change(&other)
		if _, err := r.Provider.Start(t.Context(), other); fault.KindOf(err) != fault.Exists {
			t.Errorf("one key, another %s: %v; want %s", name, err, fault.Exists)
		}
	}
	if !r.Pay(first) {
		t.Fatal("the buyer can't pay")
	}
	if again := r.start(t, a); again.Ref != first.Ref {
		t.Errorf("after paying, the key gives %+v", again)
	}

	a = r.Attempt()
	refs := make([]string, 6)
	var all sync.WaitGroup
	for i := range refs {
		all.Go(func() {
			s, err := patiently(func() (payment.Started, error) { return r.Provider.Start(t.Context(), a) })
			if err != nil {
				t.Error(err)
			}
			refs[i] = s.Ref
		})
	}
	all.Wait()
	for _, ref := range refs {
		if ref != refs[0] {
			t.Errorf("at one time, one key gave %v", refs)
		}
	}
}

// patiently asks again while another request with the same key is at work.
func patiently[T any](ask func() (T, error)) (got T, err error) {
	for range 100 {
		if got, err = ask(); !fault.KindOf(err).Temporary() {
			break
		}
	}
	return got, err
}

func testStartLate(t *testing.T, r *Rig) {
	a := r.Attempt()
	s := r.start(t, a)
	r.Clock.Pass(2 * time.Hour)
	if again := r.start(t, a); again.Ref != s.Ref {
		t.Errorf("after its end the attempt gives %+v; want %+v", again, s)
	}
	late := r.Attempt()
	late.Until = r.Clock.Now().Add(-2 * time.Hour)
	_, err := r.Provider.Start(t.Context(), late)
	wantKind(t, err, fault.Expired)
}

func testStartBad(t *testing.T, r *Rig) {
	for name, spoil := range map[string]func(*payment.Attempt){
		"nothing":  func(a *payment.Attempt) { a.Amount, a.Lines = 0, []payment.Line{{Text: "x", Count: 1}} },
		"negative": func(a *payment.Attempt) { a.Amount, a.Lines[0].Amount = -4850, -2500 },
		"sum":      func(a *payment.Attempt) { a.Amount++ },
		"currency": func(a *payment.Attempt) { a.Currency = "XXY" },
		"no key":   func(a *payment.Attempt) { a.Key = "" },
		"address":  func(a *payment.Attempt) { a.Success = "javascript:alert(1)" },
		"far end":  func(a *payment.Attempt) { a.Until = r.Clock.Now().Add(100 * time.Hour) },
	} {
		a := r.Attempt()
		spoil(&a)
		if _, err := r.Provider.Start(t.Context(), a); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: %v; want %s", name, err, fault.BadInput)
		}
	}
}

func testLook(t *testing.T, r *Rig) {
	a, s := r.paid(t)
	got := r.look(t, s.Ref)
	if got.Fee <= 0 || got.Fee >= a.Amount {
		t.Errorf("the fee is %d", got.Fee)
	}
	if got.At != r.Clock.Now() {
		t.Errorf("paid at %v; want %v", got.At, r.Clock.Now())
	}
	want := payment.Payment{Ref: s.Ref, Order: a.Order, State: payment.Paid, Amount: 5150, Currency: "EUR", Fee: got.Fee, At: got.At}
	if got != want {
		t.Errorf("it stands at %+v; want %+v", got, want)
	}
	if r.Pay(s) {
		t.Error("the buyer paid twice")
	}
	if again := r.look(t, s.Ref); again != want {
		t.Errorf("after a second try it stands at %+v", again)
	}
}

func testUnknown(t *testing.T, r *Rig) {
	for _, ref := range []string{"nobody", "", "..", "../refunds", "a/b", "a?b=c", "%00", "' or 1=1 --", "cs_test_gone", "pi_gone"} {
		_, err := r.Provider.Look(t.Context(), ref)
		wantKind(t, err, fault.NotFound)
		wantKind(t, r.Provider.Cancel(t.Context(), ref), fault.NotFound)
		_, err = r.Provider.Refund(t.Context(), payment.Refund{Key: "k", Ref: ref, Amount: 1})
		wantKind(t, err, fault.NotFound)
	}
}

func testDecline(t *testing.T, r *Rig) {
	s := r.start(t, r.Attempt())
	r.Decline(s)
	r.wantState(t, s, payment.Pending)
	r.Decline(s)
	r.wantState(t, s, payment.Pending)
	if !r.Pay(s) {
		t.Fatal("after a declined card the buyer can't pay")
	}
	r.wantState(t, s, payment.Paid)
}

func testCancel(t *testing.T, r *Rig) {
	s := r.start(t, r.Attempt())
	for range 2 {
		if err := r.Provider.Cancel(t.Context(), s.Ref); err != nil {
			t.Fatal(err)
		}
		r.wantState(t, s, payment.Cancelled)
	}
	if r.Pay(s) {
		t.Error("a cancelled payment was paid")
	}
	r.wantState(t, s, payment.Cancelled)
	_, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 1})
	wantKind(t, err, fault.Refused)

	_, paid := r.paid(t)
	if err := r.Provider.Cancel(t.Context(), paid.Ref); err != payment.ErrPaid {
		t.Errorf("cancelling a paid payment: %v; want ErrPaid", err)
	}
	r.wantState(t, paid, payment.Paid)
}

func testCancelRace(t *testing.T, r *Rig) {
	for range 25 {
		s := r.start(t, r.Attempt())
		var paid bool
		var err error
		var both sync.WaitGroup
		both.Go(func() { paid = r.Pay(s) })
		both.Go(func() { err = r.Provider.Cancel(t.Context(), s.Ref) })
		both.Wait()
		switch got := r.look(t, s.Ref).State; {
		case paid && err == payment.ErrPaid && got == payment.Paid:
		case !paid && err == nil && got == payment.Cancelled:
		default:
			t.Errorf("paid: %t, cancel: %v, state: %s", paid, err, got)
		}
	}
}

func testRunsOut(t *testing.T, r *Rig) {
	s := r.start(t, r.Attempt())
	r.Clock.Pass(2 * time.Hour)
	r.wantState(t, s, payment.Cancelled)
	if r.Pay(s) {
		t.Error("it was paid after its end")
	}
	if err := r.Provider.Cancel(t.Context(), s.Ref); err != nil {
		t.Error(err)
	}
}

func testRefund(t *testing.T, r *Rig) {
	_, s := r.paid(t)
	for i, c := range []struct{ amount, after int64 }{{150, 150}, {2500, 2650}, {2500, 5150}} {
		got, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref + string(rune('a'+i)), Ref: s.Ref, Amount: c.amount, Why: "the rain"})
		if err != nil || got.Amount != c.amount || got.Ref == "" {
			t.Fatalf("refunded %+v, %v", got, err)
		}
		p := r.look(t, s.Ref)
		if p.Refunded != c.after || p.State != payment.Paid || p.Refundable() != 5150-c.after {
			t.Errorf("it stands at %+v; want %d refunded", p, c.after)
		}
	}
	_, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref + "more", Ref: s.Ref, Amount: 1})
	wantKind(t, err, fault.Refused)

	pending := r.start(t, r.Attempt())
	_, err = r.Provider.Refund(t.Context(), payment.Refund{Key: pending.Ref, Ref: pending.Ref, Amount: 1})
	wantKind(t, err, fault.Refused)
	for _, bad := range []payment.Refund{{Key: "k", Ref: s.Ref}, {Key: "k", Ref: s.Ref, Amount: -1}, {Ref: s.Ref, Amount: 1}} {
		_, err := r.Provider.Refund(t.Context(), bad)
		wantKind(t, err, fault.BadInput)
	}
}

func testRefundOnce(t *testing.T, r *Rig) {
	_, s := r.paid(t)
	ask := payment.Refund{Key: "refund of " + s.Ref, Ref: s.Ref, Amount: 1000, Why: "the rain"}
	first, err := r.Provider.Refund(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	for _, later := range []time.Duration{0, time.Minute, 30 * 24 * time.Hour} {
		r.Clock.Pass(later)
		again, err := r.Provider.Refund(t.Context(), ask)
		if err != nil || again != first {
			t.Errorf("refunded %+v, then %+v, %v", first, again, err)
		}
	}
	other := ask
	other.Amount = 999
	_, err = r.Provider.Refund(t.Context(), other)
	wantKind(t, err, fault.Exists)
	if p := r.look(t, s.Ref); p.Refunded != 1000 {
		t.Errorf("%d is refunded; want 1000", p.Refunded)
	}
}

func testRefundTooMuch(t *testing.T, r *Rig) {
	_, s := r.paid(t)
	_, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref + "1", Ref: s.Ref, Amount: 5151})
	wantKind(t, err, fault.Refused)
	if _, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref + "2", Ref: s.Ref, Amount: 5000}); err != nil {
		t.Fatal(err)
	}
	_, err = r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref + "3", Ref: s.Ref, Amount: 151})
	wantKind(t, err, fault.Refused)
	if p := r.look(t, s.Ref); p.Refunded != 5000 {
		t.Errorf("%d is refunded; want 5000", p.Refunded)
	}
}

// testRefundAgain: a refusal is kept with its key, and another try has another one.
func testRefundAgain(t *testing.T, r *Rig) {
	s := r.start(t, r.Attempt())
	begins, ends := r.Dispute(s, true)
	begins()
	ask := payment.Refund{Key: "refund of " + s.Ref, Ref: s.Ref, Amount: 1000, Why: "the rain"}
	_, err := r.Provider.Refund(t.Context(), ask)
	wantKind(t, err, fault.Refused)
	ends()
	_, err = r.Provider.Refund(t.Context(), ask)
	wantKind(t, err, fault.Refused)
	first := payment.Refunded{}
	for _, again := range []int{1, 1, 0, 2, 1} {
		r.Clock.Pass(time.Minute)
		ask.Again = again
		got, err := r.Provider.Refund(t.Context(), ask)
		if first.Ref == "" {
			first = got
		}
		if err != nil || got != first || got.Amount != 1000 {
			t.Errorf("try %d: refunded %+v, %v; at first %+v", again, got, err, first)
		}
	}
	other := ask
	other.Again, other.Amount = 3, 999
	_, err = r.Provider.Refund(t.Context(), other)
	wantKind(t, err, fault.Exists)
	if p := r.look(t, s.Ref); p.Refunded != 1000 {
		t.Errorf("%d is refunded; want 1000", p.Refunded)
	}
}

func testRefundRace(t *testing.T, r *Rig) {
	_, s := r.paid(t)
	done := make([]int64, 12)
	var all sync.WaitGroup
	for i := range done {
		all.Go(func() {
			// Four keys, each asked for three times; there is money for two of them.
			ask := payment.Refund{Key: s.Ref + string(rune('a'+i%4)), Ref: s.Ref, Amount: 2000}
			got, err := patiently(func() (payment.Refunded, error) { return r.Provider.Refund(t.Context(), ask) })
			if err != nil && fault.KindOf(err) != fault.Refused {
				t.Error(err)
			}
			done[i] = got.Amount
		})
	}
	all.Wait()
	var sum int64
	for key := range 4 {
		if done[key] != done[key+4] || done[key] != done[key+8] {
			t.Errorf("one key was answered in several ways: %v", done)
		}
		sum += done[key]
	}
	if p := r.look(t, s.Ref); p.Refunded != 4000 || sum != 4000 {
		t.Errorf("%d is refunded, %d was said to be; want 4000", p.Refunded, sum)
	}
}

func testDispute(t *testing.T, r *Rig) {
	for _, won := range []bool{true, false} {
		s := r.start(t, r.Attempt())
		begins, ends := r.Dispute(s, won)
		if d := r.look(t, s.Ref).Dispute; d != (payment.Dispute{}) {
			t.Errorf("before it began the dispute is %+v", d)
		}
		begins()
		p := r.look(t, s.Ref)
		if p.State != payment.Paid || p.Dispute.State != payment.DisputeOpen || p.Dispute.Amount != 5150 || !p.Dispute.Until.After(r.Clock.Now()) {
			t.Errorf("a disputed payment stands at %+v", p)
		}
		_, err := r.Provider.Refund(t.Context(), payment.Refund{Key: s.Ref, Ref: s.Ref, Amount: 1})
		wantKind(t, err, fault.Refused)
		ends()
		want := payment.DisputeLost
		if won {
			want = payment.DisputeWon
		}
		if p := r.look(t, s.Ref); p.Dispute != (payment.Dispute{State: want, Amount: 5150}) || p.State != payment.Paid {
			t.Errorf("after the dispute it stands at %+v; want %s", p, want)
		}
	}
}
