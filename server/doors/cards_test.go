package doors

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/enrolment"
	"usher/sync/fault"
	"usher/sync/journal"
)

func TestNewCard(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, life := range []time.Duration{MinCardLife, DefaultCardLife, MaxCardLife} {
			card, err := w.NewCard(t.Context(), address, event, "north", grant.RoleSupervisor, life)
			if err != nil {
				t.Fatal(err)
			}
			got := present(t, card)
			if got.Server != address || got.Event != event || got.Gate != "north" || got.Role != grant.RoleSupervisor ||
				got.Code != card.Code || got.Expires != start.Add(life).Unix() {
				t.Errorf("the card says %+v", got)
			}
			typed, err := grant.ParseCard(card.Typed())
			if err != nil || typed.Code != card.Code || typed.PinsDigest != got.PinsDigest {
				t.Errorf("typed it says %+v, %v", typed, err)
			}
		}
		one, other := w.card("north", grant.RoleScanner), w.card("north", grant.RoleScanner)
		if one.Code == other.Code {
			t.Error("two cards have one code")
		}
	})
}

// What makes no card is refused, and nothing is kept.
func TestNoCard(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, c := range []struct {
			name, server, event, gate string
			role                      grant.Role
			life                      time.Duration
			want                      fault.Kind
			says                      string
		}{
			{"of no event", address, "NONE", "north", grant.RoleScanner, time.Hour, fault.NotFound, `no event "NONE"`},
			{"of no gate", address, event, "east", grant.RoleScanner, time.Hour, fault.NotFound, `event NIGHT-1 has no gate "east"`},
			{"of a gate with another case", address, event, "North", grant.RoleScanner, time.Hour, fault.NotFound, `no gate "North"`},
			{"of a gate with a long name", address, event, strings.Repeat("n", 5000), grant.RoleScanner, time.Hour, fault.NotFound, "has no gate"},
			{"of no role", address, event, "north", "boss", time.Hour, fault.BadInput, "this makes no card"},
			{"for too short", address, event, "north", grant.RoleScanner, MinCardLife - time.Second, fault.BadInput, "a card lives from 1m0s to 24h0m0s, not 59s"},
			{"for too long", address, event, "north", grant.RoleScanner, MaxCardLife + time.Second, fault.BadInput, "a card lives from 1m0s to 24h0m0s, not 24h0m1s"},
			{"for a negative time", address, event, "north", grant.RoleScanner, -time.Hour, fault.BadInput, "a card lives from"},
			{"of no server", "", event, "north", grant.RoleScanner, time.Hour, fault.BadInput, "this makes no card"},
			{"of a server with a password", "https://a:b@example.org", event, "north", grant.RoleScanner, time.Hour, fault.BadInput, "this makes no card"},
		} {
			dbtest.Unchanged(t, w.db, func() {
				_, err := w.NewCard(t.Context(), c.server, c.event, c.gate, c.role, c.life)
				if message := fault.Message(err); !errors.Is(err, c.want) || !strings.Contains(message, c.says) || len(message) > 300 {
					t.Errorf("a card %s: %v", c.name, err)
				}
			})
		}
	})
}

// A device that shows a card is a gate from then on, by a record that the server
// signed, and knows what its role lets it know.
func TestEnrol(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, role := range []grant.Role{grant.RoleScanner, grant.RoleSupervisor, grant.RoleBoxOffice} {
			d := w.enrol("handheld "+string(role), "north", role)
			if d.Gate != "north" || d.Role != role || d.Event != event || d.Name != "handheld "+string(role) {
				t.Errorf("admitted as %+v", d.Admitted)
			}
			if given := d.Guests != [32]byte{}; given != role.ReadsGuests() {
				t.Errorf("%s was given the guest key: %v", role, given)
			}
			line := d.line(w.board())
			if line.Authority != self(t, "handheld "+string(role), "").Authority || d.Authority != line.Authority {
				t.Errorf("the board says that phones have to trust %s", line.Authority)
			}
			if line.Gate != "north" || line.Role != string(role) || line.Expelled || line.Linked || !line.Heard.IsZero() {
				t.Errorf("on the board it is %+v", line)
			}
		}
		reply, err := w.Enrol(t.Context(), newRequest(t, w.card("north", grant.RoleScanner), "curious", ""))
		if err != nil || len(reply.Guests) > 0 {
			t.Errorf("a scanner's device is sent %d bytes of a guest key, %v", len(reply.Guests), err)
		}
		unnamed := w.enrol("", "south", grant.RoleScanner)
		if unnamed.Name != "south" {
			t.Errorf("a device without a name is called %q", unnamed.Name)
		}
	})
}

// A device that lost the answer asks again and gets the same one.
func TestEnrolAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card := w.card("north", grant.RoleSupervisor)
		request := newRequest(t, card, "device", "one")
		first, err := w.Enrol(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		w.pass(MaxCardLife)
		dbtest.Unchanged(t, w.db, func() {
			again, err := w.Enrol(t.Context(), newRequest(t, card, "device", "another name"))
			if err != nil || !bytes.Equal(again.Record, first.Record) || !bytes.Equal(again.Guests, first.Guests) {
				t.Errorf("asked again: %v, the same record: %v", err, bytes.Equal(again.Record, first.Record))
			}
			if _, err := again.Verify(card, self(t, "device", "")); err != nil {
				t.Errorf("the second answer: %v", err)
			}
			if _, err := w.Enrol(t.Context(), newRequest(t, card, "thief", "one")); !errors.Is(err, fault.Refused) || !strings.Contains(fault.Message(err), "used already") {
				t.Errorf("a used card in other hands: %v", err)
			}
		})
	})
}

func newRequest(t testing.TB, card grant.Presented, device, name string) enrolment.Request {
	t.Helper()
	request, err := enrolment.NewRequest(card, self(t, device, name), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestCardExpires(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		good, late := w.card("north", grant.RoleScanner), w.card("north", grant.RoleScanner)
		w.pass(DefaultCardLife - time.Second)
		if _, err := w.Enrol(t.Context(), newRequest(t, good, "device", "")); err != nil {
			t.Errorf("a second before a card expires: %v", err)
		}
		w.pass(time.Second)
		dbtest.Unchanged(t, w.db, func() {
			_, err := w.Enrol(t.Context(), newRequest(t, late, "other", ""))
			if !errors.Is(err, fault.Expired) || !strings.Contains(fault.Message(err), "expired at 2026-07-04 19:30:00 UTC") {
				t.Errorf("a card whose time is over: %v", err)
			}
		})
	})
}

// Whoever knows a card's handle and not its code has a few tries; they void the
// card and tell nothing.
func TestTriesAreCounted(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card, other := w.card("north", grant.RoleScanner), w.card("north", grant.RoleScanner)
		for range grant.MaxTries - 1 {
			if _, err := w.Enrol(t.Context(), forged(t, card)); !errors.Is(err, fault.Forbidden) {
				t.Errorf("a wrong proof: %v", err)
			}
		}
		if _, err := w.Enrol(t.Context(), newRequest(t, other, "other", "")); err != nil {
			t.Errorf("another card suffers from it: %v", err)
		}
		if _, err := w.Enrol(t.Context(), newRequest(t, card, "device", "")); err != nil {
			t.Errorf("the right proof after wrong ones: %v", err)
		}
		worn := w.card("north", grant.RoleScanner)
		for range grant.MaxTries {
			if _, err := w.Enrol(t.Context(), forged(t, worn)); !errors.Is(err, fault.Forbidden) {
				t.Errorf("a wrong proof: %v", err)
			}
		}
		dbtest.Unchanged(t, w.db, func() {
			for _, request := range []enrolment.Request{forged(t, worn), newRequest(t, worn, "late", "")} {
				if _, err := w.Enrol(t.Context(), request); !errors.Is(err, fault.Refused) || !strings.Contains(fault.Message(err), "void after") {
					t.Errorf("a worn card: %v", err)
				}
			}
		})
	})
}

// hexOf is a code as a dump shows it.
func hexOf(code grant.Code) string { return hex.EncodeToString(code[:]) }

// forged is a request of somebody who has only seen the card's handle.
func forged(t testing.TB, card grant.Presented) enrolment.Request {
	t.Helper()
	request := newRequest(t, card, "thief", "")
	request.MAC[0] ^= 1
	return request
}

// Somebody on the way who puts another certificate into a request has to prove the
// card's code over it.
func TestAuthorityIsProved(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card := w.card("north", grant.RoleScanner)
		changed := newRequest(t, card, "device", "")
		changed.Authority = bytes.Repeat([]byte{1}, 32)
		if _, err := w.Enrol(t.Context(), changed); !errors.Is(err, fault.Forbidden) {
			t.Errorf("a certificate that was put in on the way: %v", err)
		}
		without := newRequest(t, card, "device", "")
		without.Authority, without.AuthorityMAC = nil, nil
		if reply, err := w.Enrol(t.Context(), without); err != nil {
			t.Errorf("a device without an authority: %v", err)
		} else if _, err := reply.Verify(card, self(t, "device", "")); !errors.Is(err, fault.Refused) {
			t.Errorf("a certificate that was left out on the way is not missed: %v", err)
		}
	})
}

func TestRequestsThatAreNone(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card := w.card("north", grant.RoleScanner)
		for _, c := range []struct {
			name   string
			change func(*enrolment.Request)
			want   fault.Kind
			where  string
		}{
			{"an unknown card", func(r *enrolment.Request) { r.Handle = "0123456789abcdef" }, fault.NotFound, ""},
			{"no handle", func(r *enrolment.Request) { r.Handle = "" }, fault.BadInput, "handle: "},
			{"a handle of other digits", func(r *enrolment.Request) { r.Handle = "0123456789abcdeg" }, fault.BadInput, "handle: "},
			{"a long handle", func(r *enrolment.Request) { r.Handle += "00" }, fault.BadInput, "handle: "},
			{"no key", func(r *enrolment.Request) { r.Public = nil }, fault.BadInput, "public: "},
			{"a short key", func(r *enrolment.Request) { r.Public = r.Public[:31] }, fault.BadInput, "public: "},
			{"a key of small order", func(r *enrolment.Request) { r.Public = make([]byte, 32) }, fault.BadInput, "public: "},
			{"a long nonce", func(r *enrolment.Request) { r.Nonce = append(r.Nonce, 0) }, fault.BadInput, "nonce, mac: "},
			{"no proof", func(r *enrolment.Request) { r.MAC = nil }, fault.BadInput, "nonce, mac: "},
			{"a long name", func(r *enrolment.Request) { r.Name = strings.Repeat("n", enrolment.MaxName+1) }, fault.BadInput, "name: "},
			{"a name of two lines", func(r *enrolment.Request) { r.Name = "a\nb" }, fault.BadInput, "name: "},
			{"a name that moves a cursor", func(r *enrolment.Request) { r.Name = "\x1b[2J" }, fault.BadInput, "name: "},
			{"a name that is no text", func(r *enrolment.Request) { r.Name = "\xff" }, fault.BadInput, "name: "},
		} {
			dbtest.Unchanged(t, w.db, func() {
				request := newRequest(t, card, "device", "one")
				c.change(&request)
				if _, err := w.Enrol(t.Context(), request); !errors.Is(err, c.want) || !strings.HasPrefix(fault.Message(err), c.where) {
					t.Errorf("%s: %v, want %s at %q", c.name, err, c.want, c.where)
				}
			})
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		dbtest.Unchanged(t, w.db, func() {
			if _, err := w.Enrol(ended, newRequest(t, card, "device", "")); err == nil {
				t.Error("enrolled after the request was given up")
			}
		})
	})
}

// Of devices that show one card at the same moment, one is admitted.
func TestOneCardOneDevice(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card := w.card("north", grant.RoleScanner)
		devices := []string{"a", "b", "c", "d", "e", "f"}
		requests, errs := make([]enrolment.Request, len(devices)), make([]error, len(devices))
		for i, name := range devices {
			requests[i] = newRequest(t, card, name, name)
		}
		var wait sync.WaitGroup
		for i := range requests {
			wait.Go(func() { _, errs[i] = w.Enrol(context.Background(), requests[i]) })
		}
		wait.Wait()
		admitted := 0
		for _, err := range errs {
			switch {
			case err == nil:
				admitted++
			case !errors.Is(err, fault.Refused):
				t.Errorf("beside another: %v", err)
			}
		}
		if n := len(w.board().Devices); admitted != 1 || n != 1 {
			t.Errorf("%d were admitted, %d are on the board", admitted, n)
		}
	})
}

// The code of a card is forgotten with its use, or with its time.
func TestUsedCodesAreWiped(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		card := w.card("north", grant.RoleScanner)
		if _, err := w.Enrol(t.Context(), newRequest(t, card, "device", "")); err != nil {
			t.Fatal(err)
		}
		worn := w.card("north", grant.RoleScanner)
		for range grant.MaxTries {
			if _, err := w.Enrol(t.Context(), forged(t, worn)); !errors.Is(err, fault.Forbidden) {
				t.Fatal(err)
			}
		}
		late := w.card("south", grant.RoleScanner)
		kept := func(c grant.Presented) bool {
			return slices.ContainsFunc(dbtest.Dump(t, w.db), func(line string) bool { return strings.Contains(line, hexOf(c.Code)) })
		}
		if kept(card) || kept(worn) || !kept(late) {
			t.Errorf("of a used card the code is kept: %v, of a worn one: %v, of a good one: %v", kept(card), kept(worn), kept(late))
		}
		w.pass(DefaultCardLife)
		w.card("south", grant.RoleScanner)
		if kept(late) {
			t.Error("the code of a card whose time is over is kept")
		}
		if _, err := w.Enrol(t.Context(), newRequest(t, late, "late", "")); !errors.Is(err, fault.Expired) {
			t.Errorf("a card whose time is over, and whose code is gone: %v", err)
		}
		records, err := w.journals.Tail(t.Context(), event, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		last := records[len(records)-1].Record
		enrol, err := journal.Read[journal.Enrol](last)
		if err != nil || enrol.Gate != "north" || enrol.Role != string(grant.RoleScanner) {
			t.Errorf("the record is %+v, %v", enrol, err)
		}
	})
}
