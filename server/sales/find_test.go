package sales_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/server/sales"
)

// called makes an order of somebody.
func (w *world) called(t *testing.T, name, email string) sales.Order {
	t.Helper()
	w.Time.Pass(time.Second)
	o, err := w.Details(t.Context(), w.Begins(t, ga(1)).ID, sales.Details{Name: name, Email: email, Terms: true})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// finds gives the names of who is found, the newest first.
func (w *world) finds(t *testing.T, q sales.Search) (names []string) {
	t.Helper()
	list, err := w.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		names = append(names, o.Details.Name)
	}
	return names
}

// Orders are found by the beginnings of words, as people type them: in any case, with
// and without accents, in any order.
func TestFindByWords(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const ada, bo, other = "Ada Lovelace-King", "Bjørn Straße", "Ada Müller"
		w.called(t, ada, "Ada.L@Example.ORG")
		w.called(t, bo, "bo@example.org")
		w.called(t, other, "m@adamant.example")
		for text, want := range map[string][]string{
			"lovelace": {ada}, "LOVE": {ada}, "king": {ada}, "lovelace-king": {ada}, "king ada": {ada}, "a l": {ada}, "ada l": {ada}, "ada": {other, ada}, "ad": {other, ada},
			"bjorn": {bo}, "BJØRN": {bo}, "strasse": {bo}, "straße": {bo}, "bo": {bo}, "muller": {other}, "müller ada": {other}, "müller bjørn": nil,
			"ada.l@example.org": {ada}, "ADA.L@EXAMPLE.ORG": {ada}, "ada.l@": {ada}, "bo@example": {bo}, "m@adamant.example": {other}, "da": nil, "ovelace": nil,
			"@": nil, "-": nil, "%": nil, "_": nil, "*": nil, "' or 1=1": nil, strings.Repeat("a", 5000): nil, strings.Repeat("ada ", 500): {other, ada},
		} {
			if got := w.finds(t, sales.Search{Text: text}); !slices.Equal(got, want) {
				t.Errorf("%.40q finds %q, want %q", text, got, want)
			}
		}
		if got := w.finds(t, sales.Search{Text: "ada", Event: "NOWHERE"}); got != nil {
			t.Errorf("another event has %q", got)
		}
		if got := w.finds(t, sales.Search{Text: "ada", State: sales.Paid}); got != nil {
			t.Errorf("paid are %q", got)
		}
		if got := w.finds(t, sales.Search{Text: "ada", Event: event, State: sales.Open, Limit: 1}); !slices.Equal(got, []string{other}) {
			t.Errorf("one of event and state is %q", got)
		}
		for _, q := range []sales.Search{{}, {Event: event}, {State: sales.Open}, {Event: event, State: sales.Open}} {
			if got := w.finds(t, q); !slices.Equal(got, []string{other, bo, ada}) {
				t.Errorf("%+v finds %q", q, got)
			}
		}
	})
}

// Who was called otherwise before is found by what they are called now.
func TestFindAfterAChange(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		o := w.called(t, "Ada Byron", "byron@example.org")
		if _, err := w.Details(t.Context(), o.ID, sales.Details{Name: "Ada Lovelace", Email: "ada@example.org", Terms: true}); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"byron": 0, "byron@example.org": 0, "lovelace": 1, "ada": 1, "ada@example.org": 1} {
			if got := w.finds(t, sales.Search{Text: text}); len(got) != want {
				t.Errorf("%q finds %q", text, got)
			}
		}
		paid := w.Buys(t, ada, ga(1))
		if _, err := w.Resend(t.Context(), paid.ID, "elsewhere@example.org", "organiser"); err != nil {
			t.Fatal(err)
		}
		if got := w.finds(t, sales.Search{Text: "elsewhere@example.org"}); len(got) != 1 {
			t.Errorf("after another address: %q", got)
		}
	})
}

// A word that fits many finds the newest of them.
func TestFindAmongMany(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for i := range 12 {
			w.called(t, fmt.Sprintf("Ada %c", 'A'+i), "ada@example.org")
		}
		if got := w.finds(t, sales.Search{Text: "ada", Limit: 3}); !slices.Equal(got, []string{"Ada L", "Ada K", "Ada J"}) {
			t.Errorf("found are %q", got)
		}
	})
}
