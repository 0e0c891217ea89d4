package doors

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
	"usher/server/catalog"
	"usher/server/journals"
	"usher/server/ticketing"
	"usher/server/vault"
	"usher/sync/enrolment"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

const (
	event   = "NIGHT-1"
	address = "https://doors.example.org"
)

const file = `
code = "NIGHT-1"
name = "Harbour Night"
time_zone = "Europe/Berlin"
starts = 2026-07-04 20:00:00
ends = 2026-07-05 02:00:00
rehearsal = true

[[zone]]
code = "hall"
name = "Hall"
capacity = 300

[[zone]]
code = "deck"
name = "Sun deck"

[[product]]
code = "ga"
name = "General admission"
zones = "all"

[[gate]]
code = "north"
name = "North door"
zone = "hall"

[[gate]]
code = "south"
name = "South door"
zone = "hall"

[[gate]]
code = "deck"
name = "Deck stairs"
zone = "deck"
`

// start is at the event, so that what gates write is of about now.
var start = time.Date(2026, 7, 4, 18, 30, 0, 0, time.UTC)

// world is the server's side of the gates over a real database.
type world struct {
	*Doors
	t       testing.TB
	tickets map[string]ticketing.Ticket // by external id

	mu   sync.Mutex // covers what follows
	time time.Time
}

func newWorld(t testing.TB, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, time: start, tickets: map[string]ticketing.Ticket{}}
	v := vault.New(db, rand.Reader, w.clock, "Test Organiser")
	if err := v.UnlockUnsealed(t.Context()); err != nil {
		t.Fatal(err)
	}
	j := journals.New(db, v, w.clock)
	c := catalog.New(db, v, j, w.clock)
	w.Doors = New(db, v, j, c, rand.Reader, w.clock, slog.New(slog.DiscardHandler))
	t.Cleanup(w.Close)
	w.apply(file)
	office := ticketing.New(db, v, j, c, rand.Reader, w.clock)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range 20 {
		fmt.Fprintf(&list, "%d,Guest,,ga\n", i)
	}
	if _, err := office.Import(t.Context(), event, "guests.csv", strings.NewReader(list.String()), nil); err != nil {
		t.Fatal(err)
	}
	if err := office.Each(t.Context(), event, func(k ticketing.Ticket) error { w.tickets[k.External] = k; return nil }); err != nil {
		t.Fatal(err)
	}
	return w
}

// onEach runs a test over every engine.
func onEach(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) { test(t, newWorld(t, db)) })
}

// restart gives another process over the same database, after the first has
// written down what it keeps.
func (w *world) restart() *world {
	w.t.Helper()
	if err := w.KeepContacts(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.Close()
	again := &world{t: w.t, tickets: w.tickets, time: w.clock()}
	again.Doors = New(w.db, w.vault, w.journals, w.catalog, rand.Reader, again.clock, slog.New(slog.DiscardHandler))
	w.t.Cleanup(again.Close)
	return again
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func (w *world) apply(file string) {
	w.t.Helper()
	spec, err := catalog.ParseFile("night.toml", []byte(file))
	if err == nil {
		_, err = w.catalog.Apply(w.t.Context(), spec)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) card(gate string, role grant.Role) grant.Presented {
	w.t.Helper()
	card, err := w.NewCard(w.t.Context(), address, event, gate, role, DefaultCardLife)
	if err != nil {
		w.t.Fatal(err)
	}
	return present(w.t, card)
}

// present gives a card as a device reads it.
func present(t testing.TB, card grant.Card) grant.Presented {
	t.Helper()
	p, err := grant.ParseCard(card.Text())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// device is a gate with its store in memory.
type device struct {
	*journaltest.Writer
	*enrolment.Admitted
	w      *world
	local  exchange.Local
	memory *journaltest.Memory
	state  *state.State
}

// enrol admits a new device by a new card.
func (w *world) enrol(name, gate string, role grant.Role) *device {
	w.t.Helper()
	return w.enrolAs(name, name, gate, role)
}

// enrolAs is enrol for a device that is called something else than its key.
func (w *world) enrolAs(key, name, gate string, role grant.Role) *device {
	w.t.Helper()
	d := &device{Writer: journaltest.NewWriter(w.t, key), w: w, memory: journaltest.NewMemory()}
	d.Stamp.Time = w.clock().UnixMilli()
	card := w.card(gate, role)
	request, err := enrolment.NewRequest(card, self(w.t, key, name), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	reply, err := w.Enrol(w.t.Context(), request)
	if err != nil {
		w.t.Fatal(err)
	}
	if d.Admitted, err = reply.Verify(card, self(w.t, key, name)); err != nil {
		w.t.Fatal(err)
	}
	d.open(reply.Record)
	return d
}

// self is what the device of a key says of itself: a name, and an authority of its own.
func self(t testing.TB, key, name string) enrolment.Device {
	t.Helper()
	pub := journaltest.Signer(t, key).Public()
	return enrolment.Device{Public: pub, Name: name, Authority: sha256.Sum256(pub)}
}

// open makes the device's side of exchanges, after its enrolment.
func (d *device) open(introduction []byte) {
	d.state = state.New(state.Config{Event: event, Pins: d.Pins, Server: d.Server})
	if err := d.state.TrustRing(d.Ring); err != nil {
		d.w.t.Fatal(err)
	}
	d.local = exchange.Local{
		Event: event, Self: d.Signer, Store: d.memory, Directory: d.state, Accept: d.accept,
		Subscribe: d.state.Subscribe, IsServer: d.state.IsServer, Introduction: introduction,
		Checkpoints: exchange.NewCheckpoints(d.checkpoint, func(c *journal.Checkpoint) { d.state.Hear(c) }),
		Peers:       new(exchange.Peers), Clock: exchange.NewClock(exchange.Estimate{}, nil), Now: d.w.clock, Rand: rand.Reader,
	}
}

func (d *device) accept(ctx context.Context, records []*journal.Record) error {
	if err := d.memory.Append(ctx, records); err != nil {
		return err
	}
	for _, r := range records {
		if _, err := d.state.Apply(r); err != nil {
			return err
		}
	}
	return nil
}

func (d *device) checkpoint(context.Context) (*journal.Checkpoint, error) {
	now := d.w.clock().UnixMilli()
	return d.Author.Checkpoint(d.Head, now, now+time.Hour.Milliseconds())
}

// write writes a record of the device's own.
func (d *device) write(kind journal.Kind, content any) *journal.Record {
	d.w.t.Helper()
	d.Stamp.Time = max(d.Stamp.Time, d.w.clock().UnixMilli())
	r := d.Write(d.w.t, kind, content)
	if err := d.accept(d.w.t.Context(), []*journal.Record{r}); err != nil {
		d.w.t.Fatal(err)
	}
	return r
}

// scan is a scan of a ticket by its typed code.
func (d *device) scan(external, result, reason, direction string) *journal.Record {
	d.w.t.Helper()
	id := journal.TicketID(d.w.tickets[external].ID)
	s := journaltest.Admission(d.Gate, id)
	s.Result, s.Reason, s.Direction = result, reason, direction
	s.Known, s.Parents = d.state.Position(), d.state.Frontier(id)
	return d.write(journal.KindScan, s)
}

func (d *device) admit(external string) *journal.Record {
	d.w.t.Helper()
	return d.scan(external, "accept", "entry", "in")
}

// meet brings device and server level, and gives how the session ended on both
// sides.
func (d *device) meet() (server, gate error) {
	d.w.t.Helper()
	local, err := d.w.Local(d.w.t.Context(), event)
	if err != nil {
		d.w.t.Fatal(err)
	}
	a, b := exchangetest.Pair(nil)
	ended := make(chan error, 1)
	go func() { ended <- exchange.Run(d.w.t.Context(), a, local) }()
	gate = exchange.Level(d.w.t.Context(), b, d.local)
	server = <-ended
	if err := d.w.KeepContacts(d.w.t.Context()); err != nil { // else the server does so when it likes
		d.w.t.Fatal(err)
	}
	return server, gate
}

// stay holds a session until the server has seen what it has to see.
func (d *device) stay(seen func() bool) {
	d.w.t.Helper()
	local, err := d.w.Local(d.w.t.Context(), event)
	if err != nil {
		d.w.t.Fatal(err)
	}
	ctx, leave := context.WithCancel(d.w.t.Context())
	a, b := exchangetest.Pair(nil)
	var sessions sync.WaitGroup
	sessions.Go(func() { _ = exchange.Run(ctx, a, local) })
	sessions.Go(func() { _ = exchange.Run(ctx, b, d.local) })
	for !seen() {
		time.Sleep(10 * time.Millisecond) // until it is seen, or the test's time is over
	}
	leave()
	sessions.Wait()
	if err := d.w.KeepContacts(d.w.t.Context()); err != nil {
		d.w.t.Fatal(err)
	}
}

// sync is a meeting that has to go well. It ends when the server's picture has
// all that its journals hold.
func (d *device) sync() {
	d.w.t.Helper()
	if server, gate := d.meet(); server != nil || gate != nil {
		d.w.t.Fatalf("the session ended with %v at the server, %v at the device", server, gate)
	}
	d.w.settle()
}

// settle waits until the picture has all that the journals hold.
func (w *world) settle() {
	w.t.Helper()
	st, err := w.State(w.t.Context(), event)
	if err != nil {
		w.t.Fatal(err)
	}
	wake, cancel := st.Subscribe()
	defer cancel()
	for {
		held, err := w.journals.Store(event).Vector(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if w.pictured(st, held) {
			return
		}
		select {
		case <-wake:
		case <-time.After(50 * time.Millisecond): // what is withheld rings no bell
		case <-w.t.Context().Done():
			w.t.Fatal("the picture never came to what the journals hold")
		}
	}
}

func (w *world) pictured(st *state.State, held journal.Vector) bool {
	applied := map[journal.NodeID]uint64{}
	for _, m := range st.Gates() {
		applied[m.Node] = m.Records
	}
	for chain, head := range held {
		if st.IsServer(chain.Node) {
			if st.Position().Seq < head.Seq {
				return false
			}
		} else if applied[chain.Node] < head.Seq {
			return false
		}
	}
	return true
}

func (w *world) board() *Board {
	w.t.Helper()
	w.settle()
	b, err := w.Board(w.t.Context(), event)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// line finds a device on the board.
func (d *device) line(b *Board) DeviceLine {
	d.w.t.Helper()
	for _, line := range b.Devices {
		if line.Node == d.Chain().Node {
			return line
		}
	}
	d.w.t.Fatalf("device %s is not on the board", d.Name)
	return DeviceLine{}
}

// stranger is a device that nobody enrolled, and that knows who the server is.
func (w *world) stranger() *device {
	w.t.Helper()
	ring, err := w.vault.Ring(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	server, err := serverNode(ring, event)
	if err != nil {
		w.t.Fatal(err)
	}
	d := &device{Writer: journaltest.NewWriter(w.t, "stranger"), w: w, memory: journaltest.NewMemory()}
	d.Admitted = &enrolment.Admitted{Event: event, Gate: "north", Name: "stranger", Ring: ring, Pins: keyring.PinsOf(ring.Ring.Roots), Server: server}
	d.open(nil)
	return d
}
