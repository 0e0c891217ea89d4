package sandbox

import (
	"errors"
	"slices"
	"testing"
	"time"

	"usher/server/payment"
)

// number finds a card by its name, and its number as a person copies it.
func number(t *testing.T, name string) string {
	t.Helper()
	for _, c := range cards {
		if c.Name == name {
			return c.Pretty()
		}
	}
	t.Fatalf("no card %s", name)
	return ""
}

// What each card does: what the shop sees and is told as time goes by.
func TestCards(t *testing.T) {
	type step struct {
		wait   time.Duration
		state  payment.State
		kinds  []payment.Kind
		cancel error // what Cancel would say; nil is not tried
	}
	for _, c := range []struct {
		card  string
		goes  bool // the buyer is sent back to the shop at once
		steps []step
	}{
		{"Works", true, []step{{0, payment.Paid, []payment.Kind{payment.NoticePaid}, payment.ErrPaid}}},
		{"Declined", false, []step{{0, payment.Pending, []payment.Kind{payment.NoticeDeclined}, nil}}},
		{"No money", false, []step{{0, payment.Pending, []payment.Kind{payment.NoticeDeclined}, nil}}},
		{"3-D Secure", false, []step{{0, payment.Pending, nil, nil}}},
		{"Slow", false, []step{
			{0, payment.Pending, nil, payment.ErrBusy},
			{SlowFor - time.Millisecond, payment.Pending, nil, payment.ErrBusy},
			{time.Millisecond, payment.Paid, []payment.Kind{payment.NoticePaid}, payment.ErrPaid},
		}},
		{"Slow, then fails", false, []step{
			{0, payment.Pending, nil, payment.ErrBusy},
			{SlowFor, payment.Failed, []payment.Kind{payment.NoticeFailed}, nil},
		}},
		{"Never answers", false, []step{
			{0, payment.Pending, nil, nil},
			{9 * time.Minute, payment.Pending, nil, nil},
			{time.Minute, payment.Cancelled, nil, nil},
		}},
		{"No notice", false, []step{{0, payment.Paid, nil, payment.ErrPaid}, {time.Hour, payment.Paid, nil, nil}}},
		{"Notice twice", true, []step{
			{0, payment.Paid, []payment.Kind{payment.NoticePaid, payment.NoticePaid}, nil},
			{AgainAfter, payment.Paid, []payment.Kind{payment.NoticePaid}, nil},
		}},
		{"Notices out of order", true, []step{
			{0, payment.Paid, []payment.Kind{payment.NoticePaid}, nil},
			{OvertakenBy, payment.Paid, []payment.Kind{payment.NoticeDeclined}, nil},
			{OvertakenBy, payment.Paid, []payment.Kind{payment.NoticeCancelled}, nil},
		}},
		{"Too late", false, []step{
			{0, payment.Pending, nil, payment.ErrBusy},
			{10 * time.Minute, payment.Pending, nil, payment.ErrBusy},
			{LateBy, payment.Paid, []payment.Kind{payment.NoticePaid}, payment.ErrPaid},
		}},
	} {
		t.Run(c.card, func(t *testing.T) {
			each(t, func(t *testing.T, b *bench) {
				s := b.start()
				if to := b.press(s, number(t, c.card)); (to == success) != c.goes {
					t.Errorf("the buyer is sent to %q", to)
				}
				for i, step := range c.steps {
					b.clock.Pass(step.wait)
					if got := b.look(s.Ref).State; got != step.state {
						t.Errorf("step %d: it is %s; want %s", i, got, step.state)
					}
					b.deliver()
					if got := b.kinds(); !slices.Equal(got, step.kinds) {
						t.Errorf("step %d: told %v; want %v", i, got, step.kinds)
					}
					if step.cancel == nil {
						continue
					}
					if err := b.p.Cancel(t.Context(), s.Ref); !errors.Is(err, step.cancel) {
						t.Errorf("step %d: cancel says %v; want %v", i, err, step.cancel)
					}
				}
			})
		})
	}
}

// Every notice of a card that repeats one has the id of the first.
func TestNoticeTwiceIsOneEvent(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.press(b.start(), number(t, "Notice twice"))
		b.deliver()
		b.clock.Pass(AgainAfter)
		b.deliver()
		ids := map[string]int{}
		for _, d := range b.shop.take() {
			n, err := b.p.Read(d.Header, d.Body, b.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			ids[n.ID]++
		}
		if len(ids) != 1 {
			t.Errorf("events %v; want one, three times", ids)
		}
	})
}

// What went back before is no matter of a dispute, and what goes back after one that the
// buyer lost doesn't change what it was about.
func TestDisputeAfterRefunds(t *testing.T) {
	const amount = 5150
	for name, c := range map[string]struct {
		card   string
		before int64
		open   payment.Dispute
		end    payment.Dispute
	}{
		"part, lost": {"Disputed, lost", 1150, payment.Dispute{State: payment.DisputeOpen, Amount: 4000}, payment.Dispute{State: payment.DisputeLost, Amount: 4000}},
		"part, won":  {"Disputed, won", 1150, payment.Dispute{State: payment.DisputeOpen, Amount: 4000}, payment.Dispute{State: payment.DisputeWon, Amount: 4000}},
		"all of it":  {"Disputed, lost", amount, payment.Dispute{}, payment.Dispute{}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b *bench) {
				s := b.start()
				b.press(s, number(t, c.card))
				if _, err := b.p.Refund(t.Context(), payment.Refund{Key: "before", Ref: s.Ref, Amount: c.before}); err != nil {
					t.Fatal(err)
				}
				b.clock.Pass(DisputedAfter)
				d := b.look(s.Ref).Dispute
				d.Until = time.Time{}
				if d != c.open {
					t.Errorf("the dispute is %+v, want %+v", d, c.open)
				}
				b.clock.Pass(DecidedAfter)
				if d := b.look(s.Ref).Dispute; d != c.end {
					t.Errorf("its end is %+v, want %+v", d, c.end)
				}
				if c.end.State != payment.DisputeWon {
					return
				}
				if _, err := b.p.Refund(t.Context(), payment.Refund{Key: "after", Ref: s.Ref, Amount: 100}); err != nil {
					t.Fatal(err)
				}
				if p := b.look(s.Ref); p.Dispute != c.end || p.Refunded != c.before+100 {
					t.Errorf("after another refund it is %+v", p)
				}
			})
		})
	}
}

func TestCardNumbers(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cards() {
		sum := 0
		for i, digit := range c.Number {
			d := int(digit - '0')
			if (len(c.Number)-i)%2 == 0 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		if len(c.Number) != 16 || sum%10 != 0 || seen[c.Number] || c.Name == "" || c.Text == "" {
			t.Errorf("card %+v", c)
		}
		seen[c.Number] = true
		if got, ok := findCard(" " + c.Pretty() + " "); !ok || got.Name != c.Name {
			t.Errorf("%s isn't found", c.Pretty())
		}
	}
	for _, typed := range []string{"", "4242", "5555555555554444", "4242 4242 4242 4242 0"} {
		if c, ok := findCard(typed); ok {
			t.Errorf("%q is taken for %s", typed, c.Name)
		}
	}
}
