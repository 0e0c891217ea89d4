package door

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/clock"
	"usher/gate/shift"
	"usher/gate/signin"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/state"
)

const (
	eventCode = "GALA"
	doorKey   = "0123456789abcdef0123456789abcdef"
	year      = 365 * 24 * time.Hour
)

// opening is when the event of the tests opens its doors.
var opening = time.Date(2026, time.July, 4, 17, 0, 0, 0, time.UTC)

// rig is a door with everything real behind it but the server, whose journal the
// test writes, and the clock.
type rig struct {
	t        *testing.T
	server   *journaltest.Writer
	issuer   *keyring.Signer
	state    *state.State
	passed   atomic.Int64 // since opening, ns
	notReady atomic.Value // admission.Reason
	status   atomic.Pointer[Status]
	synced   atomic.Int32
	syncErr  error
	onSync   func()
	handErr  error
	imported []byte
	role     grant.Role
	desk     *signin.Desk
	door     *Door
	handler  http.Handler
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigAs(t, grant.RoleScanner)
}

// newRigAs is newRig for a device of a role.
func newRigAs(t *testing.T, role grant.Role) *rig {
	t.Helper()
	r := &rig{t: t, role: role, server: journaltest.NewWriter(t, "server"), issuer: journaltest.Signer(t, "issuer")}
	r.server.Stamp.Time = opening.UnixMilli()
	r.notReady.Store(admission.Reason(""))
	r.status.Store(&Status{Gate: "north", Event: eventCode, Ready: true, Clock: "good"})
	device, root := journaltest.Signer(t, "gate"), journaltest.Signer(t, "root")
	ring := r.ring(root)
	config := state.Config{Event: eventCode, Pins: keyring.PinsOf([]ed25519.PublicKey{root.Public()}), Server: r.server.Chain().Node}
	if role.ReadsGuests() {
		config.GuestKey = guestKey
	}
	if role.TakesSignIn() {
		config.StaffKey = staffKey
	}
	r.state = state.New(config)
	if err := r.state.TrustRing(ring); err != nil {
		t.Fatal(err)
	}
	r.tell(journal.KindRing, &journal.RingRecord{Signed: ring.Bytes()})
	r.tell(journal.KindEvent, galaEvent())
	r.tell(journal.KindEnrol, &journal.Enrol{
		Node: journal.NodeOf(device.Public()), Public: device.Public(), Gate: "north", Role: string(role), Name: "handheld 1",
	})
	r.open(device)
	return r
}

// open makes the door over a store of its own.
func (r *rig) open(device *keyring.Signer) {
	r.t.Helper()
	s, err := store.Open(r.t.Context(), r.t.TempDir())
	if err != nil {
		r.t.Fatal(err)
	}
	source := clock.Source{
		Wall: func() time.Time { return opening.Add(time.Duration(r.passed.Load())) },
		Mono: func() time.Duration { return time.Duration(r.passed.Load()) },
	}
	turn, err := turnstile.Open(r.t.Context(), turnstile.Config{
		Store: s, State: r.state, Clock: clock.New(source, &clock.Offset{}, 0), Author: &journal.Author{Signer: device}, Gate: "north",
		Kiosk: r.role == grant.RoleKiosk, Mono: source.Mono, Rand: rand.Reader, Ready: func() admission.Reason { return r.notReady.Load().(admission.Reason) },
		Sure: func() journal.Assurance { return journal.Assurance{} }, Linked: func() bool { return true }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		turn.Close()
		if err := s.Close(); err != nil {
			r.t.Error(err)
		}
	})
	r.desk, err = signin.Open(r.t.Context(), signin.Config{
		List: r.state, Tries: s, Device: r.role, Mono: source.Mono, Now: source.Wall, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	keeper := shift.New(shift.Config{
		Event: eventCode, Chain: journal.Chain{Node: journal.NodeOf(device.Public())}, State: r.state, Turnstile: turn, Store: s,
		Standing: func(context.Context) shift.Standing {
			now := r.status.Load()
			return shift.Standing{Ready: now.Ready, NotReady: now.Reason, Records: now.Records, Unsent: now.Unsent, Alone: now.Alone, Clock: now.Clock, ListAge: -1}
		},
		HandOver: func(_ context.Context, w io.Writer) (uint64, error) {
			if r.handErr != nil {
				return 0, r.handErr
			}
			_, err := io.WriteString(w, "a journal file")
			return 3, err
		},
		Now: source.Wall, Mono: source.Mono, Log: slog.New(slog.DiscardHandler),
	})
	r.door, err = New(Config{
		Turnstile: turn, Desk: r.desk, Shift: keeper, State: r.state, Gate: "North door", Event: eventCode, Key: doorKey,
		Status: func(context.Context) Status { return *r.status.Load() }, Changed: r.state.Subscribe,
		Sync: func(context.Context) error {
			if r.synced.Add(1); r.onSync != nil {
				r.onSync()
			}
			return r.syncErr
		},
		Import: func(_ context.Context, file io.ReadSeeker) (Imported, error) {
			// Twice, as a gate does.
			for range 2 {
				if _, err := file.Seek(0, io.SeekStart); err != nil {
					return Imported{}, err
				}
				var err error
				if r.imported, err = io.ReadAll(file); err != nil {
					return Imported{}, err
				}
			}
			return Imported{Event: "GALA", Records: 3}, nil
		},
		Spool: r.t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.handler = r.door.Handler()
}

func (r *rig) ring(root *keyring.Signer) *keyring.SignedRing {
	r.t.Helper()
	key := func(s *keyring.Signer, role keyring.Role) keyring.Key {
		return keyring.Key{
			ID: s.ID(), Public: s.Public(), Role: role, Events: []string{eventCode},
			NotBefore: opening.Add(-year).Unix(), Expires: opening.Add(year).Unix(),
		}
	}
	ring := keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: opening.Unix(), Expires: opening.Add(year).Unix(), Threshold: 1,
		Roots: []ed25519.PublicKey{root.Public()},
		Keys:  []keyring.Key{key(r.issuer, keyring.RoleIssuer), key(r.server.Signer, keyring.RoleJournal)},
	}
	signed, err := ring.Sign(root)
	if err != nil {
		r.t.Fatal(err)
	}
	return signed
}

// galaEvent has a hall and a balcony with a gate each, of which this door is at
// the first.
func galaEvent() *journal.Event {
	return &journal.Event{
		Code: eventCode, Name: "Gala", Zone: "Europe/Berlin", Starts: opening.Unix(), Ends: opening.Add(8 * time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15, Tolerance: 600},
		Zones:    []journal.Zone{{Bit: 0, Code: "hall", Name: "Hall"}, {Bit: 1, Code: "balcony", Name: "Balcony"}},
		Products: []journal.Product{{Number: 1, Code: "day", Name: "Day", Zones: 1}, {Number: 2, Code: "box", Name: "Box", Zones: 2}},
		Gates: []journal.Gate{
			{Code: "north", Name: "North", Zone: 0, All: true, TakesUnpaid: true},
			{Code: "stairs", Name: "Stairs", Zone: 1, All: true, Direction: "up on the left"},
		},
	}
}

// tell has the gate take in a record of the server's.
func (r *rig) tell(kind journal.Kind, content any) {
	r.t.Helper()
	if _, err := r.state.Apply(r.server.Write(r.t, kind, content)); err != nil {
		r.t.Fatal(err)
	}
}

// guestList has the gate hear of seven tickets: the fifth is not paid for, the last
// is Wilhelmina's.
func (r *rig) guestList() {
	r.t.Helper()
	roster := &journal.Roster{Groups: []journal.RosterGroup{{Product: 1}, {Product: 1, Unpaid: true}}}
	for n := range byte(7) {
		group := &roster.Groups[0]
		if n+1 == 5 {
			group = &roster.Groups[1]
		}
		group.Add(journal.TicketID{n + 1}, 0)
	}
	r.tell(journal.KindRoster, roster)
	sealed, err := guests.Seal(guestKey, eventCode, rand.Reader, []guests.Guest{{Ticket: journal.TicketID{7}, Name: "Wilhelmina Quarks"}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.tell(journal.KindGuests, sealed[0])
}

// code is the code of a ticket for the day.
func (r *rig) code(n byte) string { return r.issue(ticket.Claims{ID: ticket.ID{n}, Product: 1}) }

func (r *rig) issue(c ticket.Claims) string {
	r.t.Helper()
	if c.Event == "" {
		c.Event = eventCode
	}
	text, err := ticket.Issue(c, r.issuer)
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// pass lets time pass.
func (r *rig) pass(d time.Duration) { r.passed.Add(int64(d)) }

// ask sends a request as the page on this device does.
func (r *rig) ask(method, path string, body []byte) *httptest.ResponseRecorder {
	return r.serve(r.request(method, path, body))
}

func (r *rig) request(method, path string, body []byte) *http.Request {
	q := httptest.NewRequestWithContext(r.t.Context(), method, "http://127.0.0.1:7000"+path, bytes.NewReader(body))
	q.RemoteAddr = "127.0.0.1:50000"
	return q
}

func (r *rig) serve(q *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, q)
	return w
}

// scan judges a code on its way in and gives the door's answer.
func (r *rig) scan(s Scan) Answer {
	r.t.Helper()
	if s.Direction == "" {
		s.Direction = admission.In
	}
	body, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	return answered[Answer](r.t, r.ask("POST", "/api/scan", body))
}

// answered reads an answer that has to be a good one.
func answered[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return v
}
