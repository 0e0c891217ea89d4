package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"usher/server/sales"
	"usher/server/ticketing"
)

// A holder gets a new code over the wallet for a ticket of theirs; somebody else's, an old
// page's and a fourth one in a day are refused.
func TestWalletRenews(t *testing.T) {
	l := newTill(t)
	order, others := l.bought("ada@example.org", 1), l.bought("bea@example.org", 1)
	ada, bea := l.phone(l.keeps(order)), l.phone(l.keeps(others))
	renew := func(by *walletPhone, id string, generation int) int {
		status, said := l.programs(by.cookie, "/wallet/renew", map[string]any{"event": "SHOP-1", "id": id, "generation": generation})
		if k, _ := said["ticket"].(map[string]any); status == http.StatusOK && fmt.Sprint(k["give"]) != "map[can:true]" {
			t.Errorf("of giving the ticket away it says %v", k["give"])
		}
		return status
	}
	list, _ := l.wallet(ada.cookie)
	k := list[0]
	if answer := ada.claims(k, nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("binding: status %d", answer.StatusCode)
	}
	for name, c := range map[string]struct {
		by         *walletPhone
		id         string
		generation int
		want       int
	}{
		"somebody else's": {bea, k.ID, 1, 404}, "of nowhere": {ada, "0000000000000000", 1, 404}, "no id": {ada, "?", 1, 404}, "an old page's": {ada, k.ID, 0, 409},
	} {
		if status := renew(c.by, c.id, c.generation); status != c.want {
			t.Errorf("%s: status %d, want %d", name, status, c.want)
		}
	}
	for n := 1; n <= 3; n++ {
		if status := renew(ada, k.ID, n); status != http.StatusOK {
			t.Fatalf("time %d: status %d", n, status)
		}
	}
	if status := renew(ada, k.ID, 4); status != http.StatusTooManyRequests {
		t.Errorf("a fourth time: status %d", status)
	}
	if list, _ = l.wallet(ada.cookie); list[0].Bound != nil || list[0].Code == "" || list[0].Generation != 4 {
		t.Errorf("the ticket is %+v", list[0])
	}
}

// What a form may say of giving back changes nothing but for the order's own tickets, and
// those once.
func TestGivingBackByForm(t *testing.T) {
	l := newTill(t)
	l.apply(strings.Replace(quayShop, "[shop]\n", "[shop]\nrefund = { keep_percent = 10 }\n", 1))
	order, others := l.boughtByCard("ada@example.org", "2"), l.boughtByCard("bea@example.org", "1")
	found, err := l.Sales.Find(t.Context(), sales.Search{State: sales.Paid})
	if err != nil || len(found) != 2 {
		t.Fatalf("%d orders, %v", len(found), err)
	}
	mine, theirs := found[0], found[1]
	if mine.Details.Email != "ada@example.org" {
		mine, theirs = theirs, mine
	}
	ticket := "ticket=" + mine.Tickets[0].String()
	for name, c := range map[string]struct {
		path, form string
		want       int
		header     []string
	}{
		"nothing":             {order + "/back", "", 422, nil},
		"another's ticket":    {order + "/back", "ticket=" + theirs.Tickets[0].String(), 409, nil},
		"by another's order":  {others + "/back", ticket, 409, nil},
		"no ticket":           {order + "/back", "ticket=x", 400, nil},
		"both":                {order + "/back", ticket + "&ticket=" + theirs.Tickets[0].String(), 409, nil},
		"from another site":   {order + "/back", ticket, 403, []string{"Sec-Fetch-Site: cross-site"}},
		"by a link of nobody": {"/order/none/back", ticket, 404, nil},
	} {
		if answer, body := l.post(c.path, c.form, c.header...); answer.StatusCode != c.want {
			t.Errorf("%s: status %d, want %d: %.200s", name, answer.StatusCode, c.want, body)
		}
	}
	for range 2 { // in two windows, with an amount that nobody asked for
		if answer, _ := l.post(order+"/back", ticket+"&amount=100000&kept=0"); answer.StatusCode != http.StatusSeeOther {
			t.Fatalf("status %d", answer.StatusCode)
		}
	}
	tickets, err := l.Tickets.Of(t.Context(), mine.Event, mine.Tickets)
	if err != nil || tickets[0].State != ticketing.Cancelled || tickets[1].State != ticketing.Valid {
		t.Fatalf("the tickets are %+v, %v", tickets, err)
	}
	o, err := l.Sales.Order(t.Context(), mine.ID)
	item := mine.Items[0]
	if cost := item.Price + item.Fee; err != nil || cost == 0 || o.Refunded != cost-(2*cost*1000+10_000)/20_000 {
		t.Errorf("%d went back of %d, %v", o.Refunded, cost, err)
	}
	if _, body := l.get(order + "?lang=de"); strings.Count(body, `name="lang" value="de"`) != 2 { // to give back, and to send again
		t.Errorf("the forms lose the language: %s", body)
	}
	if answer, _ := l.post(others+"/back", "ticket="+theirs.Tickets[0].String()+"&lang=de"); answer.Header.Get("Location") != others+"?back&lang=de" {
		t.Errorf("given back in German it leads to %q", answer.Header.Get("Location"))
	}
	for n := range 4 {
		want := http.StatusSeeOther
		if n == 3 {
			want = http.StatusTooManyRequests
		}
		if answer, _ := l.post(order+"/send", "lang=de"); answer.StatusCode != want || n < 3 && answer.Header.Get("Location") != order+"?sent&lang=de" {
			t.Errorf("sending again, time %d: status %d, want %d, to %q", n+1, answer.StatusCode, want, answer.Header.Get("Location"))
		}
	}
}
