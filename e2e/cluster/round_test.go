package cluster

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/template"
	"time"

	"usher/server/catalog"
)

// round is one event, from the first buyer until it is sold out and nothing of it
// moves any more.
type round struct {
	town   *town
	number int
	code   string
	next   atomic.Int64 // number of the next buyer
	over   atomic.Bool
	pools  map[uint32]string // of products

	late map[string]time.Time // holds whose time is over, and since when that was seen; of watch alone

	mu    sync.Mutex // covers what follows
	tales []*tale
	keys  map[string]string // cart key → order
}

func (r *round) path() string { return "/events/" + r.code }

// An event with a hot pool that two products share, and numbered seats with names and
// a question.
var eventFile = template.Must(template.New("").Parse(`
code = "{{.Code}}"
name = "Night {{.Code}}"
venue = "Pier 7"
time_zone = "Europe/Berlin"
starts = {{.Starts}}
ends = {{.Ends}}

[shop]
currency = "EUR"
hold_minutes = 1
extensions = 1
max_per_order = 8
fee = 1.50
tax_percent = 19
methods = ["card", "invoice", "box_office"]
terms = "No refunds after the doors open."
seller = { name = "Pier Events", address = "Pier 7\n20457 Hamburg", tax_id = "DE 1", email = "box@pier.example" }

[[pool]]
code = "floor"
name = "Floor"
capacity = {{.Places}}

[[pool]]
code = "box"
name = "Box"
seats = [{{.Seats}}]

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
max = 4

[[product]]
code = "reduced"
name = "Reduced"
zones = "all"
pool = "floor"
price = 12.34
max = 2

[[product]]
code = "child"
name = "Under 6"
zones = "all"
pool = "floor"
price = 0
max = 1

[[product]]
code = "seat"
name = "Seat"
zones = "all"
pool = "box"
price = 49.99
names = true
max = 3

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
`))

// spec is the event's file, far ahead on the servers' clock.
func (r *round) spec(now time.Time) (*catalog.Spec, error) {
	const layout = "2006-01-02T15:04:05Z"
	var out strings.Builder
	var seats []string
	for row := range (*crowd + 47) / 48 {
		seats = append(seats, fmt.Sprintf(`"%c 1-8"`, 'A'+row))
	}
	starts := now.Add(60 * 24 * time.Hour).UTC()
	err := eventFile.Execute(&out, map[string]any{
		"Code": r.code, "Starts": starts.Format(layout), "Ends": starts.Add(4 * time.Hour).Format(layout),
		"Places": *crowd * 3 / 4, "Seats": strings.Join(seats, ", "),
	})
	if err != nil {
		return nil, err
	}
	return catalog.ParseFile("night.toml", []byte(out.String()))
}

// plainAfter is how many go on buying when the crowd is through.
const plainAfter = 24

// sell has everybody buy until the event is sold out.
func (r *round) sell(t testing.TB) {
	var work sync.WaitGroup
	for worker := range *crowd {
		work.Go(func() {
			for !r.over.Load() {
				number := int(r.next.Add(1)) - 1
				if number >= *crowd && worker >= plainAfter {
					return
				}
				b := r.buyer(number)
				if number >= *crowd {
					b.Pause(100, 400)
				} else {
					b.Pause(1, 5000)
				}
				told := b.buy()
				r.mu.Lock()
				r.tales = append(r.tales, told)
				r.mu.Unlock()
			}
		})
	}
	work.Wait()
}
