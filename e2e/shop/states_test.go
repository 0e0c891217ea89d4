package shop

import (
	"maps"
	"slices"
	"testing"
)

// Every state of an order has a page that says what holds and what one can do, and it
// fits a phone in the language with the longest words. So do the organiser's pages
// about it, and the mail.
func TestEveryStateOfAnOrder(t *testing.T) {
	key, err := world.server.ManagerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := everyState(t)
	b := open(t, 360, 740)
	says := map[string]string{
		"form": "3 Tickets, 149,50", "paying": "Zur Bezahlseite", "invoice": "DE89 3704 0044 0532 0130 00", "box-office": made["box-office"].Code,
		"paid": "Tickets als PDF", "part-refunded": "Zurückgegeben: gilt nicht mehr", "refunded": "haben Sie zurückbekommen", "over": "Noch einmal Tickets wählen",
		"left": "Sie sind wieder im Verkauf", "cancelled": "Diese Bestellung wurde storniert", "refunding": "auf dem Weg zurück", "disputed": "Diese Bestellung ist gesperrt",
		"lapsed": "nicht rechtzeitig bezahlt",
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		b.visit(made[name].path())
		b.says(says[name])
		b.clean()
	}
	b.visit("/manage/orders?key=" + key)
	b.says(made["paid"].Code)
	b.clean()
	for _, name := range []string{"paid", "invoice", "part-refunded", "form"} {
		b.visit("/manage/orders/" + made[name].Code)
		b.says("What happened")
		b.clean()
	}
	if err := world.server.Post.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.visit("/inbox/")
	b.clean()
	b.must(b.Click("ol a"))
	b.must(b.Wait(`document.querySelector("iframe") !== null`, patience))
	b.clean()
	b.visit("/inbox/none")
	b.says("There is no such mail")
	b.clean()
	for _, path := range []string{"/events/GALA", "/events/SOON", "/events/GALA/seats/parkett"} {
		b.visit(path)
		b.clean()
	}
}
