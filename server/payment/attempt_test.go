package payment

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"usher/sync/fault"
)

func attempt() Attempt {
	return Attempt{
		Key: "k1", Order: "o1", Text: "Two tickets", Email: "ada@example.org", Amount: 5150, Currency: "EUR",
		Success: "https://shop.example/order/a", Cancel: "http://127.0.0.1:8080/order/a", Until: time.Unix(1_800_000_000, 0),
		Lines: []Line{{"Day ticket", 2, 2500}, {"Fee", 1, 150}, {"Free programme", 1, 0}},
	}
}

func TestAttemptCheck(t *testing.T) {
	if err := attempt().Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(*Attempt)
		where string
	}{
		{"no key", func(a *Attempt) { a.Key = "" }, "key"},
		{"long key", func(a *Attempt) { a.Key = strings.Repeat("k", MaxKey+1) }, "key"},
		{"no order", func(a *Attempt) { a.Order = "" }, "order"},
		{"line break", func(a *Attempt) { a.Text = "a\nb" }, "text"},
		{"no UTF-8", func(a *Attempt) { a.Email = "\xff" }, "email"},
		{"lower case", func(a *Attempt) { a.Currency = "eur" }, "currency"},
		{"no currency", func(a *Attempt) { a.Currency = "" }, "currency"},
		{"nothing", func(a *Attempt) { a.Amount = 0 }, "amount"},
		{"negative", func(a *Attempt) { a.Amount = -5150 }, "amount"},
		{"too much", func(a *Attempt) { a.Amount = math.MaxInt64 }, "amount"},
		{"no end", func(a *Attempt) { a.Until = time.Time{} }, "until"},
		{"path alone", func(a *Attempt) { a.Success = "/order/a" }, "success"},
		{"script", func(a *Attempt) { a.Cancel = "javascript:alert(1)" }, "cancel"},
		{"no lines", func(a *Attempt) { a.Lines = nil }, "lines"},
		{"many lines", func(a *Attempt) { a.Lines = make([]Line, MaxLines+1) }, "lines"},
		{"another sum", func(a *Attempt) { a.Lines[0].Amount++ }, "lines"},
		{"none of it", func(a *Attempt) { a.Lines[0].Count = 0 }, "lines"},
		{"negative line", func(a *Attempt) { a.Lines[0].Amount = -1 }, "lines"},
		{"overflow", func(a *Attempt) { a.Lines[0] = Line{"x", math.MaxInt64, 3} }, "lines"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := attempt()
			c.spoil(&a)
			err := a.Check()
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.BadInput || f.Where != c.where {
				t.Errorf("%v; want bad input at %s", err, c.where)
			}
		})
	}
}

func TestRefundCheck(t *testing.T) {
	good := Refund{Key: "r1", Ref: "p", Amount: 1}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []Refund{{Ref: "p", Amount: 1}, {Key: "r", Ref: "p"}, {Key: "r", Ref: "p", Amount: -1}, {Key: "r", Ref: "p", Amount: 1, Why: "\x00"}} {
		if err := bad.Check(); !errors.Is(err, fault.BadInput) {
			t.Errorf("%+v: %v; want bad input", bad, err)
		}
	}
}

func TestClipText(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("a", MaxText)} {
		if got := ClipText(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for shift := range 4 {
		got := ClipText(strings.Repeat("a", shift) + strings.Repeat("🎟", MaxText))
		if len(got) > MaxText || !utf8.ValidString(got) || !strings.HasSuffix(got, "🎟…") {
			t.Errorf("%q has %d bytes", got, len(got))
		}
	}
}

func TestRefundable(t *testing.T) {
	for _, state := range []State{Pending, Failed, Cancelled} {
		if got := (Payment{State: state, Amount: 10}).Refundable(); got != 0 {
			t.Errorf("%s: %d", state, got)
		}
	}
	for dispute, want := range map[DisputeState]int64{NoDispute: 6, DisputeWon: 6, DisputeOpen: 0, DisputeLost: 0} {
		p := Payment{State: Paid, Amount: 10, Refunded: 4, Dispute: Dispute{State: dispute}}
		if got := p.Refundable(); got != want {
			t.Errorf("dispute %q: %d; want %d", dispute, got, want)
		}
	}
}
