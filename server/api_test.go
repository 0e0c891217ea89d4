package server_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/sync/enrolment"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/link"
	"usher/sync/state"
)

// newCard is a card for the north door, as a device reads it.
func (s *site) newCard(t *testing.T, role grant.Role) grant.Presented {
	t.Helper()
	card, err := s.Doors.NewCard(t.Context(), s.url, event, "north", role, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p, err := grant.ParseCard(card.Text())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// request is what a device sends for a card.
func request(t *testing.T, card grant.Presented, device string) enrolment.Request {
	t.Helper()
	r, err := enrolment.NewRequest(card, enrolment.Device{Public: journaltest.Signer(t, device).Public(), Name: device}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// enrol admits a device over the network.
func (s *site) enrol(t *testing.T, device string, role grant.Role) (*enrolment.Admitted, enrolment.Reply) {
	t.Helper()
	card := s.newCard(t, role)
	answer := s.do(t, "POST", "/api/v1/enrol", nil, strings.NewReader(jsonOf(t, request(t, card, device))))
	var reply enrolment.Reply
	if err := json.NewDecoder(answer.Body).Decode(&reply); err != nil || answer.StatusCode != 200 {
		t.Fatalf("status %d, %v", answer.StatusCode, err)
	}
	admitted, err := reply.Verify(card, enrolment.Device{Public: journaltest.Signer(t, device).Public()})
	if err != nil {
		t.Fatal(err)
	}
	return admitted, reply
}

// What is no request to enrol is answered with a problem that names the place, in
// the words of the API and not of the program, and changes nothing.
func TestEnrolRequests(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := served(t, opened(t, cfg))
		card := s.newCard(t, grant.RoleScanner)
		good := jsonOf(t, request(t, card, "device"))
		field := func(name, value string) string {
			var fields map[string]any
			if err := json.Unmarshal([]byte(good), &fields); err != nil {
				t.Fatal(err)
			}
			fields[name] = json.RawMessage(value)
			return jsonOf(t, fields)
		}
		for _, a := range []ask{
			{name: "nothing", body: "", status: 400, want: []string{`"where":"request body"`, "ends too early"}},
			{name: "half of it", body: good[:len(good)/2], status: 400, want: []string{`"where":"request body"`, "ends too early"}},
			{name: "no JSON", body: "handle=1&public=2", status: 400, want: []string{`"where":"request body"`, "byte 1: it is no JSON"}},
			{name: "a list", body: "[]", status: 400, want: []string{`"where":"request body"`, "a JSON array can't be taken here"}},
			{name: "null", body: "null", status: 400, want: []string{`"where":"handle"`}},
			{name: "two of them", body: good + good, status: 400, want: []string{`"where":"request body"`, "more after the end"}},
			{name: "more than it", body: good + "x", status: 400, want: []string{`"where":"request body"`}},
			{name: "an unknown field", body: field("role", `"supervisor"`), status: 400, want: []string{`"where":"request body"`, `unknown field \"role\"`}},
			{name: "a number for a text", body: field("handle", "5"), status: 400, want: []string{`"where":"handle"`, "a JSON number can't be taken here"}},
			{name: "a key that is no base64", body: field("public", `"!"`), status: 400, want: []string{`"where":"request body"`}},
			{name: "a short key", body: field("public", `"AAAA"`), status: 400, want: []string{`"where":"public"`}},
			{name: "a hostile name", body: field("name", `"<script>\n"`), status: 400, want: []string{`"where":"name"`}, never: []string{"<script>"}},
			{name: "over the limit", body: field("name", `"`+strings.Repeat("n", enrolment.MaxRequest)+`"`), status: 413, want: []string{`"type":"too_large"`, `"where":"request body"`, "over 4096 bytes"}},
			{name: "an unknown card", body: field("handle", `"0123456789abcdef"`), status: 404, want: []string{`"type":"not_found"`, "no such card"}},
		} {
			a.method, a.path = "POST", "/api/v1/enrol"
			a.heads = []string{"Content-Type: application/problem+json", "X-Content-Type-Options: nosniff", "Cache-Control: no-store"}
			a.never = append(a.never, "Go struct", "Request.", "enrolment")
			dbtest.Unchanged(t, s.DB, func() { s.check(t, a) })
		}
		wrong := request(t, card, "device")
		wrong.MAC[0] ^= 1
		s.check(t, ask{name: "a wrong proof", method: "POST", path: "/api/v1/enrol", body: jsonOf(t, wrong), status: 403, want: []string{`"type":"forbidden"`}, never: []string{card.Code.String()}})
		s.check(t, ask{name: "the right one", method: "POST", path: "/api/v1/enrol", body: good, status: 200, want: []string{`"event":"NIGHT-1"`, `"record":`},
			heads: []string{"Content-Type: application/json; charset=utf-8", "Cache-Control: no-store", "X-Content-Type-Options: nosniff"}})
		s.check(t, ask{name: "another device's", method: "POST", path: "/api/v1/enrol", body: jsonOf(t, request(t, card, "other")), status: 409, want: []string{`"type":"refused"`, "used already"}})
	})
}

// Of a rush of tries most are put off.
func TestEnrolIsLimited(t *testing.T) {
	s := served(t, opened(t, server.Config{}))
	for n := range 10_000 {
		answer := s.do(t, "POST", "/api/v1/enrol", nil, strings.NewReader("x"))
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusTooManyRequests {
			if n < 100 {
				t.Errorf("try %d is put off", n+1)
			}
			s.check(t, ask{name: "the page meanwhile", path: "/healthz", status: 200})
			return
		}
	}
	t.Error("nobody is ever put off")
}

func TestInterface(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := served(t, opened(t, cfg))
		problem := []string{"Content-Type: application/problem+json", "X-Content-Type-Options: nosniff"}
		for _, a := range []ask{
			{name: "alive", path: "/healthz", status: 200, want: []string{`{"status":"ok"}`}},
			{name: "ready", path: "/readyz", status: 200, want: []string{`{"status":"ready"}`}},
			{name: "metrics", path: "/metrics", status: 200, heads: []string{"Content-Type: text/plain"}, never: []string{"alert", "<"},
				want: []string{`usher_scans{event="NIGHT-1",gate="north",outcome="entry"} 0`, `usher_inside{event="NIGHT-1",zone="hall"} 0`, "usher_conflicts_open", "usher_devices", "go_goroutines"}},
			{name: "alive, by post", method: "POST", path: "/healthz", status: 405},
			{name: "nothing", path: "/api/v1/nothing", status: 404, heads: problem, want: []string{`"type":"not_found"`, "there is nothing at"}},
			{name: "a hostile path", path: "/api/%3Cscript%3E", status: 404, heads: problem, never: []string{"<script>"}},
			{name: "a long path", path: "/api/" + strings.Repeat("x", 5000), status: 404, heads: problem, never: []string{strings.Repeat("x", 100)}},
			{name: "enrolling by get", path: "/api/v1/enrol", status: 405, heads: append([]string{"Allow: POST"}, problem...), want: []string{`"status":405`, "this takes POST, not GET"}},
			{name: "deleting an exchange", method: "DELETE", path: "/api/v1/sync/NIGHT-1", status: 405, heads: append([]string{"Allow: GET"}, problem...)},
			{name: "an exchange about no event", path: "/api/v1/sync/NONE", status: 404, heads: problem, want: []string{`"type":"not_found"`}},
			{name: "an exchange that is none", path: "/api/v1/sync/NIGHT-1", status: 400, heads: problem, want: []string{`"type":"bad_input"`}},
			{name: "an exchange from a page", path: "/api/v1/sync/NIGHT-1", status: 403, heads: problem, want: []string{`"type":"forbidden"`},
				header: []string{"Origin: https://evil.example", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.StdEncoding.EncodeToString(make([]byte, 16))}},
			{name: "a header over the limit", path: "/healthz", header: []string{"Cookie: a=" + strings.Repeat("x", 2<<20)}, status: 431},
		} {
			dbtest.Unchanged(t, s.DB, func() { s.check(t, a) })
		}
	})
}

// While the keys are locked the server is alive and not ready, and says so.
func TestNotReady(t *testing.T) {
	passphrase := func(context.Context) ([]byte, error) { return []byte("correct horse battery staple"), nil }
	first := opened(t, server.Config{Passphrase: passphrase})
	locked, err := server.Open(t.Context(), server.Config{Data: first.Data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := locked.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := first.ManagerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := served(t, locked)
	s.key = key
	s.check(t, ask{name: "alive", path: "/healthz", status: 200})
	s.check(t, ask{name: "ready", path: "/readyz", status: 503, want: []string{`"status":"not ready"`, `"why":"the keys are locked"`}})
	s.check(t, ask{name: "an exchange", path: "/api/v1/sync/NIGHT-1", status: 503, want: []string{`"type":"not_ready"`}})
	s.check(t, ask{name: "the page", path: "/manage/events/NIGHT-1/board", header: []string{"Authorization: Bearer " + s.key}, status: 200})
}

// An exchange over the network: who is enrolled gets the journal, who isn't is
// told so and gets nothing.
func TestExchangeOverTheNetwork(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := served(t, opened(t, cfg))
		admitted, reply := s.enrol(t, "device", grant.RoleScanner)
		address, err := link.Address(s.url, event)
		if err != nil {
			t.Fatal(err)
		}
		level := func(name string, introduction []byte) (journal.Vector, error) {
			conn, err := link.Dialer{}.Dial(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			memory := journaltest.NewMemory()
			st := state.New(state.Config{Event: event, Pins: admitted.Pins, Server: admitted.Server})
			if err := st.TrustRing(admitted.Ring); err != nil {
				t.Fatal(err)
			}
			err = exchange.Level(t.Context(), conn, exchange.Local{
				Event: event, Self: journaltest.Signer(t, name), Store: memory, Directory: st, Introduction: introduction,
				Accept: memory.Append, Subscribe: st.Subscribe, IsServer: st.IsServer, Peers: new(exchange.Peers),
				Clock: exchange.NewClock(exchange.Estimate{}, nil), Now: time.Now, Rand: rand.Reader,
			})
			got, failed := memory.Vector(t.Context())
			if failed != nil {
				t.Fatal(failed)
			}
			return got, err
		}
		got, err := level("device", reply.Record)
		here, failed := s.Journals.Store(event).Vector(t.Context())
		if failed != nil {
			t.Fatal(failed)
		}
		server := journal.Chain{Node: admitted.Server}
		if err != nil || got[server] != here[server] {
			t.Errorf("the device got %v of %v, %v", got, here, err)
		}
		until(t, "the device has left", func() bool {
			b, err := s.Doors.Board(t.Context(), event)
			return err == nil && len(b.Devices) == 1 && !b.Devices[0].Linked
		})
		if err := s.Doors.KeepContacts(t.Context()); err != nil { // else the server does so when it likes
			t.Fatal(err)
		}
		dbtest.Unchanged(t, s.DB, func() {
			if got, err := level("stranger", nil); !errors.Is(err, fault.Unauthorised) || len(got) > 0 {
				t.Errorf("a stranger got %v, %v", got, err)
			}
		})
	})
}
