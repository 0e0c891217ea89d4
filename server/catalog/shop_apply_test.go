package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// noted is what OnShop was told, and what it answers.
type noted struct {
	shops []*Shop
	err   error
}

func (n *noted) take(_ context.Context, _ *sqldb.Tx, s *Shop) error {
	n.shops = append(n.shops, s)
	return n.err
}

// sells applies the shop's file with edits, which has to work.
func (w *world) sells(edits ...edit) Report {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	report, err := w.Apply(w.t.Context(), shopSpec(w.t, edits...))
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// What a file sells is kept, with the numbers that tickets have, and whoever has to
// know is told in the same transaction.
func TestApplyAShop(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		var told noted
		w.OnShop(told.take)
		if report := w.sells(); report.Outcome != Created || len(report.Changes) != 8+5 || !strings.Contains(report.String(), "added pool deck\n  added offer ga\n  added offer vip") {
			t.Errorf("the report is %s", report)
		}
		got, err := w.Shop(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		want := *shopSpec(t).Shop
		want.About = got.About
		want.Offers[0].Product, want.Offers[1].Product = 1, 2
		if !reflect.DeepEqual(got, &want) {
			t.Errorf("kept\n%+v, want\n%+v", got, &want)
		}
		if got.About.Name != "Harbour Night" || got.About.Location.String() != "Europe/Berlin" {
			t.Errorf("it is about %+v", got.About)
		}
		if len(told.shops) != 1 || told.shops[0].Offers[1].Product != 2 || told.shops[0].Pools[1].Capacity != 5 {
			t.Errorf("told %+v", told.shops)
		}
		kind, picture, err := w.Picture(t.Context(), got.Picture.Hash)
		if err != nil || kind != "image/jpeg" || !reflect.DeepEqual(picture, jpegOf(t, 400, 300)) {
			t.Errorf("the picture is %s of %d bytes, %v", kind, len(picture), err)
		}
		if _, _, err := w.Picture(t.Context(), "00"); !errors.Is(err, fault.NotFound) {
			t.Errorf("no picture: %v", err)
		}
		dbtest.Unchanged(t, w.db, func() {
			if report := w.sells(); report.Outcome != Unchanged || len(told.shops) != 1 {
				t.Errorf("the same again: %s, told %d times", report, len(told.shops))
			}
		})
		if list, err := w.Shops(t.Context()); err != nil || len(list) != 1 || list[0].Event != event {
			t.Errorf("the shops are %v, %v", list, err)
		}
	})
}

// A change of the sale is told to people and to those who sell, and to no gate.
func TestApplyAChangeOfTheShop(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sells()
		before, _ := w.records(event)
		var told noted
		w.OnShop(told.take)
		for _, c := range []struct {
			edits []edit
			want  string
		}{
			{[]edit{{"price = 25\n", "price = 26.5\n"}}, "changed offer ga: price 25.00 EUR → 26.50 EUR"},
			{[]edit{{"capacity = 400", "capacity = 300"}}, "changed pool hall: capacity 400 → 300"},
			{[]edit{{`"B 2"`, `"B 2-4", "C 1"`}}, "changed pool deck: seats A 1-3, 5; B 2 → A 1-3, 5; B 2-4; C 1"},
			{[]edit{{"price = 25\npool = \"hall\"\n", ""}}, "retired offer ga: it is not sold any more"},
		} {
			if report := w.sells(c.edits...).String(); !strings.Contains(report, c.want) {
				t.Errorf("the report is\n%s\nwithout %s", report, c.want)
			}
		}
		if s, err := w.Shop(t.Context(), event); err != nil || len(s.Offers) != 1 || len(told.shops) != 4 {
			t.Errorf("sold are %+v, %v; told %d times", s, err, len(told.shops))
		}
		if after, _ := w.records(event); len(after) != len(before) {
			t.Errorf("gates were told %v", after[len(before):])
		}
		// The shop is taken down; the event stays, without the question of a gate.
		if report := w.apply().String(); !strings.Contains(report, "retired shop: nothing of the event is sold any more") {
			t.Errorf("the report is %s", report)
		}
		if _, err := w.Shop(t.Context(), event); !errors.Is(err, fault.NotFound) {
			t.Errorf("a shop that is gone: %v", err)
		}
		if last := told.shops[len(told.shops)-1]; last.Event != event || len(last.Pools)+len(last.Offers) != 0 {
			t.Errorf("told %+v", last)
		}
		if list, err := w.Shops(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("the shops are %v, %v", list, err)
		}
	})
}

// Who is told of a shop may refuse it, and then nothing is changed. So it is with
// a picture that nobody read.
func TestApplyARefusedShop(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.sells()
		told := noted{err: fault.New(fault.Refused, "sold already")}
		w.OnShop(told.take)
		dbtest.Unchanged(t, w.db, func() {
			if _, err := w.Apply(t.Context(), shopSpec(t, edit{"capacity = 400", "capacity = 1"}, edit{`"North door"`, `"Other door"`})); !errors.Is(err, fault.Refused) {
				t.Errorf("applied: %v", err)
			}
			if _, err := w.Apply(t.Context(), parsed(t, shopFile(t))); !errors.Is(err, fault.BadInput) || !strings.Contains(err.Error(), `night.toml:`) {
				t.Errorf("applied without its picture: %v", err)
			}
		})
	})
}

// What another server applies is seen a second later, and what this one does at
// once.
func TestShopOfAnotherServer(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		other := newLocked(w)
		if _, err := other.Shop(t.Context(), event); !errors.Is(err, fault.NotFound) {
			t.Errorf("no event: %v", err)
		}
		w.sells()
		price := func(c *Catalog) int64 {
			s, err := c.Shop(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			return s.Offers[0].Price
		}
		if here, there := price(w.Catalog), price(other); here != 2500 || there != 2500 {
			t.Errorf("prices are %d and %d", here, there)
		}
		if _, err := w.Apply(t.Context(), shopSpec(t, edit{"price = 25\n", "price = 30\n"})); err != nil {
			t.Fatal(err)
		}
		if here := price(w.Catalog); here != 3000 {
			t.Errorf("here it is %d", here)
		}
		w.now = w.now.Add(shopFor)
		if there := price(other); there != 3000 {
			t.Errorf("there it is %d", there)
		}
	})
}

// Whoever offers invoices and says no account is told so; the file is good all the
// same.
func TestInvoicesWithoutAnAccount(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		bank := edit{"bank = { iban = \"de89 3704 0044 0532 0130 00\", bic = \"COBADEFF370\", name = \"Quay Bank\" }\n", ""}
		for _, c := range []struct {
			edits []edit
			notes int
		}{{nil, 0}, {[]edit{bank}, 1}, {[]edit{bank, {`["invoice", "card"]`, `["card"]`}}, 0}} {
			report := w.sells(c.edits...)
			if len(report.Notes) != c.notes || strings.Contains(report.String(), "note: it offers invoices and has no [shop.bank]") != (c.notes > 0) {
				t.Errorf("%d edits: %s", len(c.edits), report)
			}
		}
	})
}

// A change of any member is told, under one name.
func TestEveryChangeOfAShopIsTold(t *testing.T) {
	spec := shopSpec(t)
	spec.Shop.Offers[1].Product = 2
	spec.Shop.Bank.Account = "or in words" // no file says both
	spec.Shop.Returns.Percent = 500        // nor these
	content, err := json.Marshal(spec.Shop)
	if err != nil {
		t.Fatal(err)
	}
	whole := func() *Shop {
		var s Shop
		if err := json.Unmarshal(content, &s); err != nil {
			t.Fatal(err)
		}
		return &s
	}
	if changes := compareShops(whole(), whole(), time.UTC); len(changes) > 0 {
		t.Fatalf("nothing changed: %v", changes)
	}
	skip := map[string]bool{"Event": true, "About": true, "Code": true, "Pools": true, "Offers": true}
	for name, of := range map[string]func(*Shop) any{
		"shop": func(s *Shop) any { return s }, "seller": func(s *Shop) any { return &s.Seller }, "bank": func(s *Shop) any { return &s.Bank },
		"transfer": func(s *Shop) any { return &s.Transfers },
		"resale":   func(s *Shop) any { return s.Resale },
		"refund":   func(s *Shop) any { return &s.Returns },
		"pool":     func(s *Shop) any { return &s.Pools[1] }, "offer": func(s *Shop) any { return &s.Offers[1] },
	} {
		typ := reflect.TypeOf(of(whole())).Elem()
		for i := range typ.NumField() {
			field := typ.Field(i)
			if skip[field.Name] || name == "shop" && (field.Name == "Seller" || field.Name == "Bank" || field.Name == "Returns" || field.Name == "Transfers" || field.Name == "Resale") {
				continue
			}
			after := whole()
			reflect.ValueOf(of(after)).Elem().Field(i).SetZero()
			if changes := compareShops(whole(), after, time.UTC); len(changes) == 0 || changes[0].Field == "" || len(changes) > 1 && field.Name != "Currency" {
				t.Errorf("%s.%s: %v", name, field.Name, changes)
			}
		}
	}
}
