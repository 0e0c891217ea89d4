package aftersale

import (
	"context"
	"fmt"
	"net/mail"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/e2e/books"
	"usher/e2e/rig"
	"usher/e2e/venue"
	"usher/e2e/visitor"
	"usher/server"
	"usher/server/catalog"
)

// event is the code of the one event.
const event = "NIGHT"

// eventFile is one that sells for weeks, and lets in from the beginning.
const eventFile = `
code = "NIGHT"
name = "The long night"
venue = "Pier 7"
time_zone = "Europe/Berlin"
admission = ADMISSION
starts = STARTS
ends = ENDS

[shop]
currency = "EUR"
hold_minutes = 1
max_per_order = 4
fee = 1.50
tax_percent = 19
refund = { hours_before = 24 }
transfer = { times = 20 }
seller = { name = "Pier Events", email = "box@pier.example" }

[shop.resale]
cap_percent = 110
seller_percent = 5
buyer_fee = 1

[[pool]]
code = "floor"
name = "Floor"
capacity = 5000

[[pool]]
code = "box"
name = "Box"
seats = ["A 1-30", "B 1-30"]

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

[[gate]]
code = "north"
name = "North"
zone = "main"
products = "all"

[[gate]]
code = "south"
name = "South"
zone = "main"
products = "all"

[[gate]]
code = "west"
name = "West"
zone = "main"
products = "all"
`

// town is the whole: servers, gates, people and whoever looks on.
type town struct {
	t         testing.TB
	clock     rig.Clock
	web       *visitor.Web
	servers   rig.Servers
	redis     *rig.Service   // nil: none
	organiser *server.Server // whoever uses the command line; serves nothing
	manager   string         // the key to the manager's pages
	mail      *postbox
	posts     []*post
	people    []*person

	kills, cuts int

	mu     sync.Mutex // covers what follows
	papers map[ticket.ID]*papers
	bought []string        // codes of paid orders
	moving map[string]bool // orders whose payment the bank may take back

	takenBack map[string]time.Time // offers, by their ids
}

// newTown starts everything, on PostgreSQL and Redis with two servers or on SQLite
// with one.
func newTown(t testing.TB, cluster bool) *town {
	t.Helper()
	w := &town{t: t, clock: rig.NewClock(*rate), mail: newPostbox(t), papers: map[ticket.ID]*papers{}, moving: map[string]bool{}, takenBack: map[string]time.Time{}}
	addresses := []string{fmt.Sprintf("127.0.0.1:%d", rig.FreePort(t))}
	env := []string{w.clock.Variable(), "USHER_SMTP=smtp+insecure://" + w.mail.address}
	var args []string
	cfg := server.Config{Unsealed: true, Now: w.clock.Now, Selling: server.Selling{Sandbox: true, From: mail.Address{Address: "tickets@pier.example"}}}
	if cluster {
		var redis string
		_, cfg.Database = rig.NewPostgres(t)
		w.redis, redis = rig.NewRedis(t)
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", rig.FreePort(t)))
		env = append(env, "USHER_DATABASE="+cfg.Database, "USHER_REDIS="+redis)
	} else {
		cfg.Data = filepath.Join(t.TempDir(), "server")
		args = []string{"--data", cfg.Data}
	}
	w.web = &visitor.Web{T: t, Base: "http://" + rig.NewBalancer(t, addresses).Addr().String()}
	w.open(cfg)
	for _, address := range addresses {
		w.servers = append(w.servers, rig.Serve(t, address, env, append(args,
			"--public-url", w.web.Base, "--trusted-proxies", "127.0.0.1", "--drain", "200ms", "--sandbox", "--mail-from", "tickets@pier.example", "--log-level", "warn")...))
	}
	rig.Wait(t, "every server is well", w.servers.Well)
	for _, name := range []string{"north", "south", "west"} {
		p := w.newPost(name, addresses)
		rig.Wait(t, "gate "+name+" is level", p.level) // before its first download is complete it judges nothing
		w.posts = append(w.posts, p)
	}
	for n := range *many {
		w.people = append(w.people, w.newPerson(n))
	}
	return w
}

// open opens the data for the organiser, and makes the event.
func (w *town) open(cfg server.Config) {
	w.t.Helper()
	var err error
	w.organiser, err = server.Open(w.t.Context(), cfg)
	w.must(err)
	w.t.Cleanup(func() {
		if err := w.organiser.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.must(w.organiser.Unlock(w.t.Context()))
	w.manager, err = w.organiser.ManagerKey(w.t.Context())
	w.must(err)
	at := func(d time.Duration) string { return w.clock.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
	text := strings.NewReplacer("ADMISSION", at(-time.Hour), "STARTS", at(20*24*time.Hour), "ENDS", at(21*24*time.Hour)).Replace(eventFile)
	spec, err := catalog.ParseFile("night.toml", []byte(text))
	w.must(err)
	_, err = w.organiser.Catalog.Apply(w.t.Context(), spec)
	w.must(err)
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// note fails the test on an error, from any goroutine.
func (w *town) note(err error) {
	if err != nil {
		w.t.Error(err)
	}
}

// of gives the papers of a ticket.
func (w *town) of(id ticket.ID) *papers {
	w.mu.Lock()
	k := w.papers[id]
	w.mu.Unlock()
	if k != nil {
		return k
	}
	ctx, cancel := w.ctx()
	defer cancel()
	of, err := books.Strings(ctx, w.organiser.DB, `select order_code from ticket where id = $1`, id.String())
	if err != nil || len(of) != 1 {
		w.t.Errorf("of ticket %s there are the orders %q: %v", id.Short(), of, err)
		of = []string{""}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.papers[id] == nil {
		w.papers[id] = &papers{town: w, id: id, moves: w.moving[of[0]]}
	}
	return w.papers[id]
}

// all gives the papers of all tickets, in the order of their ids.
func (w *town) all() (list []*papers) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range w.papers {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *papers) int { return strings.Compare(a.id.String(), b.id.String()) })
	return list
}

// ctx is for what is asked of the database, which may be busy for a while.
func (w *town) ctx() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), venue.Patience)
}
