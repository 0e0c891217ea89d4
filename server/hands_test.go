package server_test

import (
	"net/http"
	"strings"
	"testing"

	"usher/crypto/ticket"
)

// inOrder says whether a page has texts, one behind the other.
func inOrder(page string, texts ...string) bool {
	for _, text := range texts {
		_, behind, there := strings.Cut(page, text)
		if !there {
			return false
		}
		page = behind
	}
	return true
}

// The organiser sees whose a ticket is and was, with the codes that it had; the order's
// page says who has it now, and leads there. Nobody else is shown any of it.
func TestHandsOfATicket(t *testing.T) {
	l := newTill(t)
	manager := "Authorization: Bearer " + l.key
	order := l.bought("ada@example.org", 2)
	list, _ := l.wallet(l.keeps(order))
	id, err := ticket.ParseID(list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	page := "/manage/events/SHOP-1/tickets/" + list[0].ID
	if answer, body := l.get(page, manager); answer.StatusCode != http.StatusOK || !inOrder(body, "Ticket "+id.Short(), "the first", "What was done to it", "issued") {
		t.Errorf("before: status %d: %s", answer.StatusCode, body)
	}
	held, err := l.Tickets.Of(t.Context(), "SHOP-1", []ticket.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := l.Tickets.Reissue(t.Context(), held[0], "lost phone")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Tickets.Transfer(t.Context(), renewed, "Joan <b>", "joan@example.org", "at the box office"); err != nil {
		t.Fatal(err)
	}
	answer, body := l.get(page, manager)
	if answer.StatusCode != http.StatusOK || !inOrder(body, "joan@example.org", "ada@example.org", "the first", "Joan &lt;b&gt;", "named by the organiser", "new code, issue 2", "lost phone", "new code, issue 3", "at the box office") {
		t.Errorf("status %d: %s", answer.StatusCode, body)
	}
	orders, err := l.Sales.Open(t.Context(), strings.TrimPrefix(order, "/order/"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := l.Sales.Order(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body, `href="/manage/orders/`+o.Code) {
		t.Error("the ticket doesn't lead to its order")
	}
	if _, body := l.get("/manage/orders/"+o.Code, manager); !inOrder(body, page, "Joan &lt;b&gt;", "named by the organiser") {
		t.Errorf("the order's page: %s", body)
	}
	for path, want := range map[string]int{page: http.StatusUnauthorized, page + "0": http.StatusUnauthorized} {
		if answer, _ := l.get(path); answer.StatusCode != want {
			t.Errorf("%s without the key: status %d", path, answer.StatusCode)
		}
	}
	for _, path := range []string{page + "0", "/manage/events/SHOP-1/tickets/0000000000000000", "/manage/events/NONE/tickets/" + list[0].ID} {
		if answer, _ := l.get(path, manager); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, answer.StatusCode)
		}
	}
}
