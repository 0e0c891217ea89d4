package sales_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/historytest"
	"usher/server/payment"
	"usher/server/sales"
	"usher/sync/fault"
)

// What somebody does about one order.
const (
	bankPays   = "the bank pays"
	settle     = "settle"
	callOff    = "call off"
	leave      = "leave"
	cancel     = "cancel"
	expire     = "expire"
	giveBack   = "refund"
	read       = "read"
	buying     = sales.State("buying") // open or paying
	goesBack   = sales.State("goes back")
	notAllowed = "refused"
)

// standing is how one order and its one payment stand: what the model remembers.
type standing struct {
	order    sales.State
	bank     payment.State
	heard    bool // that it was paid
	refunded bool // by a refund of all of it
}

// settlement is the model of one order that is being paid: each act happens at one
// instant between its call and its answer, and a payment counts once, whoever brings
// the word and however often.
var settlement = porcupine.Model{
	Init: func() any { return standing{order: buying, bank: payment.Pending} },
	Step: func(state, input, output any) (bool, any) {
		s, out := state.(standing), output.(string)
		return s.step(input.(string), out)
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v → %v", input, output) },
}

// step gives whether an answer is right, and how it stands then.
func (s standing) step(act, answer string) (bool, any) {
	switch act {
	case bankPays:
		if s.bank == payment.Pending {
			s.bank = payment.Paid
		}
		return answer == string(s.bank), s
	case callOff:
		if s.bank == payment.Pending {
			s.bank = payment.Cancelled
		}
		return true, s
	case settle:
		if s.bank == payment.Paid && !s.heard {
			s.heard = true
			s.order = map[sales.State]sales.State{buying: sales.Paid, sales.Left: sales.Paid, sales.Expired: sales.Paid, sales.Cancelled: goesBack}[s.order]
		}
		return s.order != "", s
	case leave:
		if s.order == buying {
			s.order = sales.Left
		}
		return (answer == "") == (s.order == sales.Left || s.order == sales.Expired), s
	case expire:
		if s.order == buying {
			s.order = sales.Expired
		}
		return true, s
	case cancel:
		if s.order == buying || s.order == sales.Paid {
			s.order = sales.Cancelled
		}
		return (answer == "") == (s.order == sales.Cancelled), s
	case giveBack:
		if s.order == sales.Paid {
			s.order, s.refunded = sales.Refunded, true
		}
		return (answer == "") == s.refunded, s
	}
	return answer == string(s.order), s
}

// history is of one order.
type history = historytest.History[string, string]

// refused gives the answer of an act: "" or that it was refused. What is neither fails
// the test.
func refused(t *testing.T, err error) string {
	if err != nil && !errors.Is(err, fault.Refused) {
		t.Error(err)
	}
	if err != nil {
		return notAllowed
	}
	return ""
}

// acts are what is done about an order, by anybody at any server, side by side.
func (w *world) act(t *testing.T, h *history, client int, what, id, ref string) {
	ctx := t.Context()
	switch what {
	case bankPays:
		h.Do(client, func() string { w.Bank.Ends(ref, payment.Paid); return string(w.Bank.Get(ref).State) }, bankPays)
	case "hook":
		h.Do(client, func() string {
			return refused(t, w.Hook(ctx, "test", http.Header{"Signature": {"good"}}, []byte(ref)))
		}, settle)
	case "page":
		h.Do(client, func() string { _, err := w.Refresh(ctx, id); return refused(t, err) }, settle)
	case leave:
		h.Do(client, func() string { _, err := w.Leave(ctx, id); return refused(t, err) }, callOff, settle, leave)
	case cancel:
		h.Do(client, func() string { _, err := w.Cancel(ctx, id, "because", "organiser"); return refused(t, err) }, callOff, settle, cancel)
	case expire:
		h.Do(client, func() string { _, _, err := w.Expire(ctx); return refused(t, err) }, callOff, settle, expire)
	case giveBack:
		h.Do(client, func() string {
			_, err := w.Refund(ctx, id, sales.Refund{Key: "r", Why: "because", Who: "organiser"})
			return refused(t, err)
		}, giveBack)
	case read:
		h.Do(client, func() string {
			o, err := w.Order(ctx, id)
			if err != nil {
				t.Error(err)
			}
			return string(seen(o.State))
		}, read)
	}
}

// seen is a state as the model knows it.
func seen(s sales.State) sales.State {
	switch s {
	case sales.Open, sales.Paying:
		return buying
	case sales.Refunding:
		return goesBack
	}
	return s
}

// begun begins one order and its payment at two servers at once, as two tabs do: both
// get the same.
func begun(t *testing.T, servers []*world, key string) sales.Order {
	t.Helper()
	cart := ga(1)
	cart.Key = key
	orders, urls := make([]sales.Order, len(servers)), make([]string, len(servers))
	var tabs sync.WaitGroup
	for i, w := range servers {
		tabs.Go(func() {
			o, err := w.Begin(t.Context(), cart)
			if err != nil {
				t.Error(err)
				return
			}
			orders[i], urls[i], err = w.Pay(t.Context(), o.ID, sales.Payment{Method: catalog.MethodCard, Details: &ada})
			if err != nil && !errors.Is(err, fault.Unavailable) { // it is being paid in the other one
				t.Error(err)
			}
		})
	}
	tabs.Wait()
	urls = slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(urls, func(u string) bool { return u == "" }))))
	o, err := servers[0].Order(t.Context(), orders[0].ID)
	if err != nil || orders[0].ID != orders[1].ID || len(urls) != 1 || urls[0] != "https://bank.example/"+o.Ref() || o.State != sales.Paying {
		t.Fatalf("two tabs of one order get %v, and %s, %v", urls, o.State, err)
	}
	return o
}

// I8 as a buyer would see it in court: the buyer, the bank's notices and the organiser
// act on one order at two servers at once, in any order, at the end of its time and
// before. Every answer is one that it could have had, had they come one after the other,
// and each payment is an order's or went back.
func TestOneOrderAtTwoServers(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		servers := []*world{w, {w.Beside(t, w.DB)}}
		r := rand.New(rand.NewPCG(1, 2))
		often := []string{bankPays, "hook", "hook", "page", "page", read, read, leave, cancel, giveBack, expire}
		for round := range 30 {
			o := begun(t, servers, fmt.Sprint("round ", round))
			ref := o.Ref()
			if r.IntN(2) == 0 {
				w.Time.Pass(11 * time.Minute)
			}
			h := historytest.Begin[string, string]()
			var all sync.WaitGroup
			for client := range 5 {
				plan := make([]string, 4)
				for i := range plan {
					plan[i] = often[r.IntN(len(often))]
					if plan[i] == expire && !o.Over(w.Time.Now()) {
						plan[i] = bankPays
					}
				}
				all.Go(func() {
					for _, what := range plan {
						servers[client%2].act(t, h, client, what, o.ID, ref)
					}
				})
			}
			all.Wait()
			h.Check(t, settlement)
			w.accounted(t, o.ID, ref)
		}
		w.Sound(t)
	})
}

// accounted wants that what the bank has of a payment is what the order says.
func (w *world) accounted(t *testing.T, id, ref string) {
	t.Helper()
	w.Time.Pass(2 * time.Minute)
	if err := w.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, p := w.OrderNow(t, id), w.Bank.Get(ref)
	kept := p.Amount - p.Refunded
	if p.State != payment.Paid {
		kept = 0
	}
	if (o.State == sales.Paid) != (kept == o.Total) || o.State != sales.Paid && kept != 0 {
		t.Fatalf("order %s is %s, and the bank has %d of %d: %+v", o.Code, o.State, kept, o.Total, p)
	}
	good := 0
	for _, s := range w.states(t, o) {
		if s == "valid" {
			good++
		}
	}
	if want := map[bool]int{true: 1}[o.State == sales.Paid]; good != want || len(o.Tickets) > 1 {
		t.Fatalf("order %s is %s and has %d good tickets of %d", o.Code, o.State, good, len(o.Tickets))
	}
	if o.State == sales.Paid { // its place is for the next one
		if _, err := w.Cancel(t.Context(), id, "the end", "organiser"); err != nil {
			t.Fatal(err)
		}
	}
}
