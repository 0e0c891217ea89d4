package demo

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"usher/crypto/ticket"
	"usher/gate"
	"usher/gate/door"
	"usher/gate/scan"
	"usher/server/doors"
	"usher/sync/admission"
)

// TestMainJob is the whole job in one story: a good ticket, the same one at the
// other gate while the server is away, another at both while they don't reach each
// other, the conflict at both doors once they do, with no server, and on the live page
// once it is back; and a revoked ticket.
func TestMainJob(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	places, ended := make(chan Place, 1), make(chan error, 1)
	dir := t.TempDir()
	go func() {
		ended <- Run(ctx, Config{Data: dir, People: 20, Log: slog.New(slog.DiscardHandler), Step: func(string, int, int) {}},
			func(p Place) { places <- p })
	}()
	var p Place
	select {
	case p = <-places:
	case err := <-ended:
		t.Fatalf("the demo ended before it was ready: %v", err)
	}

	good, revoked := codeOf(t, p.Good), codeOf(t, p.Revoked)
	expect(t, dir, "north", good, admission.Accept, admission.Entry)
	waitFor(t, "the south door to hear of it", func() bool { return look(t, dir, "south", good).Reason == admission.AlreadyUsed })
	second := codeOf(t, filepath.Join(p.Tickets, "ticket-2.png"))

	if err := Server(ctx, dir, false); err != nil {
		t.Fatal(err)
	}
	third := codeOf(t, filepath.Join(p.Tickets, "ticket-3.png"))
	expect(t, dir, "south", third, admission.Accept, admission.Entry)
	waitFor(t, "the north door to hear of it without the server", func() bool { return look(t, dir, "north", third).Reason == admission.AlreadyUsed })
	if err := Doors(ctx, dir, true); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the doors to be apart", func() bool { return !status(t, dir, "north").Online && !status(t, dir, "south").Online })
	expect(t, dir, "north", second, admission.Accept, admission.Entry)
	alone := expect(t, dir, "south", second, admission.Accept, admission.Entry)
	if !slices.Contains(alone.Flags, admission.FlagOffline) {
		t.Errorf("a gate without any link does not say that it is alone: %v %+v", alone.Flags, alone.Assurance)
	}
	expect(t, dir, "south", revoked, admission.Reject, admission.Revoked)
	if err := Doors(ctx, dir, false); err != nil {
		t.Fatal(err)
	}
	for _, name := range gates {
		waitFor(t, "the conflict at the "+name+" door, with no server", func() bool { return status(t, dir, name).Conflicts == 1 })
	}
	if err := Server(ctx, dir, true); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the conflict on the live page", func() bool { return openConflicts(t, p.Live) == 1 })

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
}

func codeOf(t *testing.T, picture string) string {
	t.Helper()
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts, err := scan.Picture(f)
	if err != nil || len(texts) != 1 {
		t.Fatalf("%s: %v %v", picture, texts, err)
	}
	return texts[0]
}

func ask(t *testing.T, dir, name string, s door.Scan) door.Answer {
	t.Helper()
	g, err := gate.Reach(t.Context(), gate.Config{Data: filepath.Join(dir, "gate-"+name)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s.How, s.Direction = scan.HowWedge, admission.In
	answer, err := g.Scan(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func look(t *testing.T, dir, name, code string) door.Answer {
	t.Helper()
	return ask(t, dir, name, door.Scan{Text: code, Look: true, Lane: "look"})
}

func status(t *testing.T, dir, name string) door.Status {
	t.Helper()
	g, err := gate.Reach(t.Context(), gate.Config{Data: filepath.Join(dir, "gate-"+name)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	s, err := g.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func expect(t *testing.T, dir, name, code string, result admission.Result, reason admission.Reason) door.Answer {
	t.Helper()
	answer := ask(t, dir, name, door.Scan{Text: code, Lane: t.Name()})
	if answer.Result != result || answer.Reason != reason {
		t.Fatalf("%s says %s %s, want %s %s", name, answer.Result, answer.Reason, result, reason)
	}
	if answer.Ticket == (ticket.ID{}) {
		t.Errorf("%s does not say which ticket", name)
	}
	return answer
}

func openConflicts(t *testing.T, live string) int {
	t.Helper()
	u, err := url.Parse(live)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Scheme+"://"+u.Host+u.Path+"/board", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+u.Query().Get("key"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var b doors.Board
	if err := json.NewDecoder(answer.Body).Decode(&b); err != nil {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	return b.Open
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
