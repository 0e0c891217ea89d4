package server_test

import (
	"net/http"
	"strings"
	"testing"
)

// Where the organiser asks for it the buyer gives an address for each ticket, and the
// ticket is that person's, by mail and in their wallet.
func TestAddressOfEachTicket(t *testing.T) {
	l := newTill(t)
	l.apply(strings.Replace(quayShop, "names = true", "names = true\nemails = true", 1))
	if _, body := l.get("/events/SHOP-1"); !strings.Contains(body, "You give an e-mail address for each ticket.") {
		t.Error("the event's page doesn't say it")
	}
	path := l.begin("n.seat=2&n.ga=1")
	page := l.shows(path, `name="h.1.email" type="email"`, "Their e-mail address")
	if n := strings.Count(page, "Their e-mail address"); n != 2 {
		t.Errorf("it is asked for %d times", n)
	}
	const holders = "h.1.name=Bea&h.1.a.diet=all&h.1.email=bea%40friends.example&h.2.name=Cy&h.2.a.diet=all&h.0.email=unasked%40friends.example&h.2.email="
	for _, wrong := range []string{"", "nobody", "a%40b.example%2C+c%40d.example"} {
		answer, body := l.post(path+"/pay", holders+wrong+buyer+"card")
		if answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="h.2.email-wrong">Please give an e-mail address that works for this ticket.`) || !strings.Contains(body, `value="bea@friends.example"`) {
			t.Errorf("%q: status %d: %s", wrong, answer.StatusCode, body)
		}
	}
	answer, _ := l.post(path+"/pay", holders+"cy%40friends.example"+buyer+"card")
	l.card(answer.Header.Get("Location"), "4242424242424242")
	l.shows(path, "Your tickets are ready")
	if err := l.Post.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, inbox := l.get("/inbox/")
	for _, to := range []string{"ada@example.org", "bea@friends.example", "cy@friends.example"} {
		if n := strings.Count(inbox, to); n != 1 {
			t.Errorf("%s has %d letters: %s", to, n, inbox)
		}
	}
	for email, want := range map[string]int{"bea@friends.example": 1, "cy@friends.example": 1, "ada@example.org": 1} {
		if list, err := l.Tickets.HeldBy(t.Context(), email); err != nil || len(list) != want {
			t.Errorf("%s has %d tickets, %v", email, len(list), err)
		}
	}
}
