package payment

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"usher/sync/fault"
	"usher/sync/money"
)

// Limits of what a provider is asked: the narrowest of those we know.
const (
	MaxLines = 100  // of an attempt
	MaxText  = 250  // of a line's text, in bytes
	MaxKey   = 200  // of a key or an order, in bytes
	MaxURL   = 2048 // of an address, in bytes
	// MaxAmount keeps sums far from overflow. Providers have limits of their own,
	// by currency, and refuse what is over them.
	MaxAmount = 999_999_999_999
	// MaxUntil is how far ahead the end of an attempt may be.
	MaxUntil = 23 * time.Hour
)

// Attempt is one try to have an order paid.
type Attempt struct {
	Key      string // of this attempt, chosen by the caller
	Order    string // whose payment it is; comes back in Payment.Order
	Text     string // what is paid for, in a few words
	Email    string // of the buyer, to spare them the typing; may be empty
	Amount   int64  // minor units, more than 0; the sum of the lines
	Currency string // ISO 4217
	Success  string // where the buyer comes back to after paying
	Cancel   string // where the buyer comes back to without
	// Until is when the seller wants it over. A provider that can't end a payment
	// so soon ends it as soon as it can: be sure and Cancel.
	Until time.Time
	Lines []Line // what the buyer is shown; at least one
}

// Line is a part of what is paid for.
type Line struct {
	Text   string
	Count  int64
	Amount int64 // of one, minor units; 0 or more
}

// Sum is what all of the line costs.
func (l Line) Sum() int64 { return l.Count * l.Amount }

// Check says what is wrong with an attempt, as fault.BadInput that names the
// member. It doesn't look at the clock.
func (a Attempt) Check() error {
	for _, text := range []struct {
		name, value string
		max         int
	}{{"key", a.Key, MaxKey}, {"order", a.Order, MaxKey}, {"text", a.Text, MaxText}} {
		if err := checkText(text.name, text.value, text.max); err != nil {
			return err
		}
	}
	if a.Email != "" {
		if err := checkText("email", a.Email, MaxText); err != nil {
			return err
		}
	}
	if !money.Known(a.Currency) {
		return fault.At(fault.BadInput, "currency", "%.10q is no currency of ISO 4217", a.Currency)
	}
	if a.Amount <= 0 || a.Amount > MaxAmount {
		return fault.At(fault.BadInput, "amount", "%d is not between 1 and %d", a.Amount, MaxAmount)
	}
	if a.Until.IsZero() {
		return fault.At(fault.BadInput, "until", "an attempt has an end")
	}
	if err := checkURL("success", a.Success); err != nil {
		return err
	}
	if err := checkURL("cancel", a.Cancel); err != nil {
		return err
	}
	return a.checkLines()
}

// checkLines sees to it that what the buyer is shown is what they pay.
func (a Attempt) checkLines() error {
	if len(a.Lines) == 0 || len(a.Lines) > MaxLines {
		return fault.At(fault.BadInput, "lines", "%d of them, want 1 to %d", len(a.Lines), MaxLines)
	}
	var sum int64
	for _, l := range a.Lines {
		if err := checkText("lines", l.Text, MaxText); err != nil {
			return err
		}
		if l.Count <= 0 || l.Amount < 0 || l.Amount > 0 && l.Count > MaxAmount/l.Amount {
			return fault.At(fault.BadInput, "lines", "%d × %d is no amount", l.Count, l.Amount)
		}
		sum += l.Sum()
	}
	if sum != a.Amount {
		return fault.At(fault.BadInput, "lines", "they sum to %d, the amount is %d", sum, a.Amount)
	}
	return nil
}

// Check says what is wrong with a refund, as far as can be seen without the payment.
func (r Refund) Check() error {
	if err := checkText("key", r.Key, MaxKey); err != nil {
		return err
	}
	if r.Why != "" {
		if err := checkText("why", r.Why, MaxText); err != nil {
			return err
		}
	}
	if r.Amount <= 0 || r.Amount > MaxAmount {
		return fault.At(fault.BadInput, "amount", "%d is not between 1 and %d", r.Amount, MaxAmount)
	}
	if r.Again < 0 {
		return fault.At(fault.BadInput, "again", "%d is no number of times", r.Again)
	}
	return nil
}

// ClipText cuts a text to what fits a line, at the end of a letter.
func ClipText(text string) string {
	if len(text) <= MaxText {
		return text
	}
	cut := text[:MaxText-len("…")]
	for !utf8.ValidString(cut) {
		cut = cut[:len(cut)-1]
	}
	return cut + "…"
}

func checkText(name, text string, most int) error {
	switch {
	case text == "":
		return fault.At(fault.BadInput, name, "is empty")
	case len(text) > most:
		return fault.At(fault.BadInput, name, "has %d bytes, %d at most", len(text), most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
		return fault.At(fault.BadInput, name, "holds what is no text")
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func checkURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || len(text) > MaxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fault.At(fault.BadInput, name, "is no full address such as https://shop.example/order")
	}
	return nil
}
