package doorpage

import (
	"time"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// kind is a kind of verdict, and how a door comes to show it.
type kind struct {
	tone, shape, word string
	bring             func(d *door) // may be called again and again
}

// The kinds, for a door opened with ofKinds.
var (
	admit = kind{"green", "tick", "ADMIT", func(d *door) { d.face("in"); d.scan(d.next()) }}
	exit  = kind{"blue", "arrow", "EXIT", func(d *door) { d.face("out"); d.scan(d.next()) }}
	again = kind{"blue", "loop", "RE-ENTRY", func(d *door) {
		code := d.next()
		admit.comes(d, code, "in")
		d.tap()
		exit.comes(d, code, "out")
		d.tap()
		d.later(sighting)
		d.face("in")
		d.scan(code)
	}}
	ask = kind{"amber", "triangle", "CHECK", func(d *door) {
		d.face("in")
		d.scan(d.Issue(d.t, ticket.Claims{ID: ticket.ID(ticketID(d.used())), Product: asking}))
	}}
	void = kind{"red", "cross", "VOID", func(d *door) {
		n := d.used()
		d.void(n)
		d.face("in")
		d.scan(d.code(n))
	}}
	cannot = kind{"hatch", "hatch", "CAN'T DECIDE", func(d *door) {
		d.do(`cut = true`)
		d.scan(d.next())
		d.until(`document.getElementById("verdict").classList.contains("tone-hatch")`)
		d.do(`cut = false`)
	}}

	kinds = []kind{admit, exit, again, ask, void, cannot}
)

// sighting is longer than the same code at the same lane is one sighting.
const sighting = 4 * time.Second

// asking is the product that is asked about.
const asking = 2

// ofKinds is a setup for a door that can show all kinds of verdicts.
func ofKinds() setup {
	return setup{
		timers: true,
		event: func(e *journal.Event) {
			e.Products = append(e.Products, journal.Product{
				Number: asking, Code: "vip", Name: "VIP", Zones: 1, Questions: []journal.Question{{Code: "age", Text: "Is the holder 18 or older?", Kind: "yes_no", Required: true}},
			})
		},
		before: cuttable,
	}
}

// cuttable lets the page's requests for verdicts fail while cut is true, and counts
// those that are made.
const cuttable = `
	globalThis.cut = false;
	globalThis.asked = 0;
	const real = fetch;
	globalThis.fetch = (path, ...rest) => {
		if (!String(path).startsWith("/api/scan")) return real(path, ...rest);
		asked++;
		return cut ? Promise.reject(new TypeError("cut")) : real(path, ...rest);
	}`

// comes has a code judged in a direction, and waits for the verdict.
func (k *kind) comes(d *door, code, way string) {
	d.t.Helper()
	d.later(sighting)
	d.face(way)
	d.scan(code)
	d.shows(k.tone, k.shape, k.word)
}

// show brings a verdict of the kind into sight.
func (k *kind) show(d *door) {
	d.t.Helper()
	k.bring(d)
	d.shows(k.tone, k.shape, k.word)
}

// face turns the lane.
func (d *door) face(way string) {
	d.t.Helper()
	d.do(`document.querySelector("[data-way=` + way + `]").click()`)
}

// used gives the number of a ticket that no scan used before.
func (d *door) used() int {
	d.tickets++
	return d.tickets
}

// next gives a code that no scan used before.
func (d *door) next() string { return d.code(d.used()) }
