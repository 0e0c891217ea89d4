package wallet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/server/sales"
)

// A ticket's page has all that somebody needs on the way: what, when, where, the gate and
// how to find it, and the times of a ticket that has its own; a map that learns nothing of
// who looks, an entry for a calendar, and the ticket on paper.
func TestPageOfATicket(t *testing.T) {
	path, tickets := buy(t, night, "kim@example.org", sales.Wanted{Offer: "seat", Count: 1})
	from := now().Add(-24 * time.Hour).Truncate(time.Minute)
	until := now().Add(2 * time.Hour).Truncate(time.Minute)
	slot := map[string]string{"valid_from": from.Format(time.RFC3339), "valid_until": until.Format(time.RFC3339)}
	k := need(world.server.Tickets.Amend(t.Context(), tickets[0], slot, "another slot"))(t)
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	if eval[bool](p, `document.body.innerText.includes("iPhone")`) {
		t.Error("everybody is told about iPhones")
	}
	card(0)(p)
	moment := func(at time.Time) string {
		return eval[string](p, fmt.Sprintf(`import("/wallet/app/words.js").then(({ moment }) => moment(%d, "Europe/Berlin"))`, at.Unix()))
	}
	text := eval[string](p, `document.querySelector("main.ticket").innerText`)
	for _, want := range []string{
		"Harbour Night: The Long Lights", "Doors open", "Pier 7", "Hafenstraße 7, 20457 Hamburg", "Gallery", k.Seat,
		"North door", "left of the crane, through the yard", "Good from " + moment(from) + " until " + moment(until),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if got := eval[string](p, `import("/wallet/app/ticket.js").then(({ slot }) => slot({ not_before: 1800000000, expires: 1800003600, zone: "Europe/Berlin" }))`); !strings.HasSuffix(got, "09:00 until 10:00") {
		t.Errorf("of an hour it says %q", got)
	}
	if strings.Contains(text, "Roof lift") {
		t.Error("it names a gate that doesn't let the ticket in")
	}
	const link = `[...document.querySelectorAll(".links a")].find((a) => a.innerText === %q)`
	if got := eval[string](p, fmt.Sprintf(link, "Map")+`?.href`); !strings.HasPrefix(got, "https://www.openstreetmap.org/search?query=Hafenstra") {
		t.Errorf("the map is at %q", got)
	}
	if got := eval[string](p, fmt.Sprintf(link, "Map")+`?.rel`); got != "noreferrer noopener" {
		t.Errorf("the map is told %q", got)
	}
	for name, want := range map[string]string{"To my calendar": "200 text/calendar; charset=utf-8 BEGIN", "PDF to print": "200 application/pdf %PDF-"} {
		got := eval[string](p, `fetch(`+fmt.Sprintf(link, name)+`.href).then(async (answer) => [answer.status, answer.headers.get("content-type"), (await answer.text()).slice(0, 5)].join(" "))`)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
