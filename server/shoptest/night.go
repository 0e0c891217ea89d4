package shoptest

import (
	"fmt"
	"strings"

	"usher/server/sales"
)

// Event is the event of [Night].
const Event = "NIGHT-1"

// night sells 20 places on the floor and four seats, with 7 and 19 percent of tax.
const night = `
code = "NIGHT-1"
name = "Harbour Night"
venue = "Pier 7"
time_zone = "Europe/Berlin"
starts = 2026-08-04 20:00:00
ends = 2026-08-05 02:00:00

[shop]
currency = "EUR"
hold_minutes = 10
extensions = 2
max_per_order = 8
fee = 1.50
tax_percent = 19
methods = ["card", "invoice", "box_office"]
terms = "No refunds after the doors open."
seller = { name = "Pier Events", address = "Pier 7\n20457 Hamburg", tax_id = "DE 1", email = "box@pier.example" }

[[pool]]
code = "floor"
name = "Floor"
capacity = 20

[[pool]]
code = "box"
name = "Box"
seats = ["A 1-4"]

[[zone]]
code = "main"
name = "Main hall"

[[product]]
code = "ga"
name = "General admission"
zones = "all"
pool = "floor"
price = 25
fee = 2
tax_percent = 7

[[product]]
code = "seat"
name = "Seat"
zones = "all"
pool = "box"
price = 49.99
names = true

[[product.question]]
code = "meal"
text = "Which meal?"
kind = "choice"
choices = ["fish", "beans"]
required = true
asked = "checkout"

[[gate]]
code = "north"
name = "North"
zone = "main"
`

// Night is the file of an event that sells. The changes are pairs of what it says and what
// it is to say instead; tables can be added at its end.
func Night(changes ...string) string {
	text := night
	for n := 0; n < len(changes); n += 2 {
		old, changed := changes[n], changes[n+1]
		if !strings.Contains(text, old) {
			panic(fmt.Sprintf("the file of the night has no %q", old))
		}
		text = strings.Replace(text, old, changed, 1)
	}
	return text
}

// Cart is so many of an offer of the night.
func Cart(offer string, count int) sales.Cart {
	return sales.Cart{Event: Event, Wanted: []sales.Wanted{{Offer: offer, Count: count}}}
}
