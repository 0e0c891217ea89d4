package door

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skip2/go-qrcode"

	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// shown gives the picture of codes, side by side on white.
func shown(t *testing.T, texts ...string) *image.Gray {
	t.Helper()
	const side = 300
	img := image.NewGray(image.Rect(0, 0, side*max(1, len(texts)), side))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for i, text := range texts {
		code, err := qrcode.New(text, qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		draw.Draw(img, image.Rect(i*side, 0, (i+1)*side, side), code.Image(side), image.Point{}, draw.Src)
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Every way in leads to a decision and a record, and a second use is a second
// use whichever way it comes.
func TestWaysIn(t *testing.T) {
	r := newRig(t)
	one, two, three := r.code(1), r.code(2), r.code(3)
	frame := shown(t, two)
	picture, none := asPNG(t, shown(t, three)), asPNG(t, shown(t))
	inFrame := fmt.Sprintf("/api/frame?direction=in&lane=a&width=%d&height=%d", frame.Rect.Dx(), frame.Rect.Dy())
	text := func(s string) []byte {
		b, err := json.Marshal(Scan{Text: s, How: scan.HowWedge, Lane: "a", Direction: admission.In})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		name, path string
		body       []byte
		result     admission.Result
		reason     admission.Reason
		how        string
	}{
		{"wedge", "/api/scan", text("v" + one + "\r"), admission.Accept, admission.Entry, scan.HowWedge},
		{"frame", inFrame, frame.Pix, admission.Accept, admission.Entry, scan.HowCamera},
		{"picture", "/api/picture?direction=in", picture, admission.Accept, admission.Entry, scan.HowPicture},
		{"the same by picture", "/api/picture?direction=in", asPNG(t, shown(t, one)), admission.Reject, admission.AlreadyUsed, scan.HowPicture},
		{"out", "/api/picture?direction=out", picture, admission.Accept, admission.Exit, scan.HowPicture},
		{"an advert beside it", "/api/picture?direction=in", asPNG(t, shown(t, "https://example.test/", three)), admission.Accept, admission.Reentry, scan.HowPicture},
		{"only looking", "/api/picture?direction=in&look=true", asPNG(t, shown(t, r.code(4))), admission.Accept, admission.Entry, ""},
		{"after only looking", "/api/picture?direction=in&look=false", asPNG(t, shown(t, r.code(4))), admission.Accept, admission.Entry, scan.HowPicture},
	} {
		r.pass(time.Minute)
		got := answered[Answer](t, r.ask("POST", c.path, c.body))
		if got.Result != c.result || got.Reason != c.reason {
			t.Errorf("%s: %s %s, want %s %s", c.name, got.Result, got.Reason, c.result, c.reason)
		}
		_, act, recorded := r.state.Act(got.Record)
		if recorded != (c.how != "") || act.How != c.how {
			t.Errorf("%s: recorded %v, as come by %q, want %q", c.name, recorded, act.How, c.how)
		}
	}
	empty := shown(t)
	w := r.ask("POST", fmt.Sprintf("/api/frame?direction=in&width=%d&height=%d", empty.Rect.Dx(), empty.Rect.Dy()), empty.Pix)
	if got := answered[map[string]string](t, w); got["result"] != "none" {
		t.Errorf("an empty frame gives %v", got)
	}
	if w := r.ask("POST", "/api/picture?direction=in", none); w.Code != http.StatusNotFound {
		t.Errorf("an empty picture: status %d: %s", w.Code, w.Body)
	}
}

// Of bad input each answer names what is wrong and where, and nothing is decided
// or recorded.
func TestBadRequests(t *testing.T) {
	r := newRig(t)
	code := r.code(1)
	picture := asPNG(t, shown(t, code))
	good, err := json.Marshal(Scan{Text: code, How: scan.HowWedge, Direction: admission.In})
	if err != nil {
		t.Fatal(err)
	}
	with := func(old, new string) string {
		changed := strings.Replace(string(good), old, new, 1)
		if changed == string(good) {
			t.Fatalf("no %s in %s", old, good)
		}
		return changed
	}
	for name, c := range map[string]struct {
		path, body string
		status     int
		says       string
	}{
		"nothing":               {"/api/scan", "", 400, "request body"},
		"no JSON":               {"/api/scan", code, 400, "request body"},
		"cut short":             {"/api/scan", string(good[:len(good)-1]), 400, "request body"},
		"two values":            {"/api/scan", string(good) + "{}", 400, "more than one"},
		"a list":                {"/api/scan", "[" + string(good) + "]", 400, "request body"},
		"text is a number":      {"/api/scan", with(`"text":"`+code+`"`, `"text":7`), 400, "text"},
		"look is a word":        {"/api/scan", with(`"look":false`, `"look":"false"`), 400, "look"},
		"at is a fraction":      {"/api/scan", with(`"look":false`, `"at":1.5`), 400, "at"},
		"a member too many":     {"/api/scan", with(`"look":false`, `"force":true`), 400, "force"},
		"direction is missing":  {"/api/scan", with(`"direction":"in"`, `"direction":""`), 400, "direction"},
		"direction is unknown":  {"/api/scan", with(`"direction":"in"`, `"direction":"verify"`), 400, "direction"},
		"how is unknown":        {"/api/scan", with(`"how":"wedge"`, `"how":"magic"`), 400, "how"},
		"lane is too long":      {"/api/scan", with(`"lane":""`, `"lane":"`+strings.Repeat("x", maxLane+1)+`"`), 400, "lane"},
		"text is too long":      {"/api/scan", with(code, strings.Repeat("x", maxRequest)), 413, "16 KiB"},
		"no picture":            {"/api/picture?direction=in", "GIF89", 400, "picture"},
		"no file":               {"/api/picture?direction=in", "", 400, "picture"},
		"damaged picture":       {"/api/picture?direction=in", string(picture[:len(picture)/2]), 400, "damaged"},
		"picture too large":     {"/api/picture?direction=in", string(picture) + strings.Repeat("x", scan.MaxFile), 413, "20 MiB"},
		"two tickets":           {"/api/picture?direction=in", string(asPNG(t, shown(t, code, r.code(2)))), 400, "2 tickets"},
		"picture, no direction": {"/api/picture", string(picture), 400, "direction"},
		"picture, maybe looked": {"/api/picture?direction=in&look=1", string(picture), 400, "look"},
		"frame without size":    {"/api/frame?direction=in", "x", 400, "width, height"},
		"frame of words":        {"/api/frame?direction=in&width=a&height=b", "x", 400, "width, height"},
		"frame of nothing":      {"/api/frame?direction=in&width=0&height=0", "", 400, "width, height"},
		"negative frame":        {"/api/frame?direction=in&width=-1&height=-1", "x", 400, "width, height"},
		"frame too large":       {"/api/frame?direction=in&width=4294967296&height=4294967296", "x", 400, "width, height"},
		"frame too short":       {"/api/frame?direction=in&width=2&height=2", "xxx", 400, "2 × 2"},
		"frame too long":        {"/api/frame?direction=in&width=2&height=2", "xxxxx", 400, "2 × 2"},
		"frame, maybe looked":   {"/api/frame?direction=in&look=yes&width=1&height=1", "x", 400, "look"},
		"shown what":            {"/api/shown", `{"seq":-1}`, 400, "seq"},
		"shown nothing":         {"/api/shown", ``, 400, "request body"},
		"undo what":             {"/api/undo", `{"record":"abc"}`, 400, "request body"},
		"undo nothing":          {"/api/undo", `{}`, 404, "admission"},
		"undo another's":        {"/api/undo", `{"record":"` + strings.Repeat("ab", 32) + `"}`, 404, "admission"},
		"unknown path":          {"/api/none", `{}`, 404, ""},
	} {
		w := r.ask("POST", c.path, []byte(c.body))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: status %d, want %d naming %q: %s", name, w.Code, c.status, c.says, w.Body)
		}
		var p fault.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); c.says != "" && (err != nil || p.Status != c.status || p.Detail == "") {
			t.Errorf("%s: no problem document: %s", name, w.Body)
		}
	}
	if past := r.state.Past(journal.TicketID{1}); len(past) > 0 {
		t.Errorf("a bad request left %d records", len(past))
	}
	for path, method := range map[string]string{"/api/scan": "GET", "/api/undo": "GET", "/api/status": "POST", "/": "POST", "/api/live": "PUT"} {
		if w := r.ask(method, path, nil); w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: status %d", method, path, w.Code)
		}
	}
}

// A body that breaks off is no shorter body.
func TestCutOff(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/api/scan", "/api/picture?direction=in", "/api/frame?direction=in&width=2&height=2", "/api/import"} {
		q := r.request("POST", path, nil)
		q.Body = cutOff{}
		if w := r.serve(q); w.Code < 400 {
			t.Errorf("%s: status %d: %s", path, w.Code, w.Body)
		}
	}
	if r.imported != nil {
		t.Error("half a file was taken in")
	}
}

type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
func (cutOff) Close() error             { return nil }

func TestUndo(t *testing.T) {
	r := newRig(t)
	in := r.scan(Scan{Text: r.code(1)})
	r.pass(time.Minute)
	body := fmt.Sprintf(`{"record":"%s","by":"Kim","why":"wrong person"}`, in.Record)
	got := answered[Undone](t, r.ask("POST", "/api/undo", []byte(body)))
	if got.Result != "undone" || got.Ticket != in.Ticket.String() || got.Display.Word != "UNDONE" || got.Display.Tone != "amber" || got.Display.Shape != "triangle" {
		t.Errorf("undone: %+v", got)
	}
	if again := r.scan(Scan{Text: r.code(1)}); !again.Green() {
		t.Errorf("after the undo: %s %s", again.Result, again.Reason)
	}
	if w := r.ask("POST", "/api/undo", []byte(body)); w.Code != http.StatusConflict {
		t.Errorf("twice: status %d: %s", w.Code, w.Body)
	}
}

func TestShown(t *testing.T) {
	r := newRig(t)
	in := r.scan(Scan{Text: r.code(1)})
	w := r.ask("POST", "/api/shown", fmt.Appendf(nil, `{"seq":%d,"painted_ms":12}`, in.Seq))
	if got := answered[struct{}](t, w); strings.TrimSpace(w.Body.String()) != "{}" {
		t.Errorf("shown: %v", got)
	}
}

func TestStatusAndSync(t *testing.T) {
	r := newRig(t)
	r.status.Store(&Status{Gate: "north", Event: eventCode, Unsent: 3, ListAge: -1, Clock: "unsynced"})
	if got := answered[Status](t, r.ask("GET", "/api/status", nil)); got.Unsent != 3 || got.ListAge != -1 || got.Clock != "unsynced" {
		t.Errorf("status: %+v", got)
	}
	if got := answered[Status](t, r.ask("POST", "/api/sync", nil)); got.Unsent != 3 || r.synced.Load() != 1 {
		t.Errorf("sync: %+v after %d", got, r.synced.Load())
	}
	r.syncErr = fault.New(fault.Unavailable, "the server does not answer")
	if w := r.ask("POST", "/api/sync", nil); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "does not answer") {
		t.Errorf("a sync that failed: status %d: %s", w.Code, w.Body)
	}
	r.door.Sync = nil
	if w := r.ask("POST", "/api/sync", nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a gate that can't sync: status %d: %s", w.Code, w.Body)
	}
}

func TestImport(t *testing.T) {
	r := newRig(t)
	if got := answered[Imported](t, r.ask("POST", "/api/import", []byte("a file"))); got.Records != 3 || got.Event != "GALA" || string(r.imported) != "a file" {
		t.Errorf("import: %v of %q", got, r.imported)
	}
	if left, err := os.ReadDir(r.door.Spool); err != nil || len(left) > 0 {
		t.Errorf("after the import %d files are left, %v", len(left), err)
	}
}

// An error inside is logged, and tells a stranger nothing of the inside.
func TestInternalErrors(t *testing.T) {
	r := newRig(t)
	r.syncErr = errors.New("/secret/path: permission denied")
	if w := r.ask("POST", "/api/sync", nil); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// The page hears of changes by server-sent events until it goes, and leaves
// nothing behind.
func TestLive(t *testing.T) {
	r := newRig(t)
	changed, ended := make(chan struct{}, 1), make(chan struct{})
	r.door.Changed = func() (<-chan struct{}, func()) { return changed, func() { close(ended) } }
	server := httptest.NewServer(r.handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	if kind := w.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the stream is %s", kind)
	}
	lines := bufio.NewScanner(w.Body)
	next := func() (s Status) {
		t.Helper()
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				if err := json.Unmarshal([]byte(data), &s); err != nil {
					t.Fatal(err)
				}
				return s
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return s
	}
	if s := next(); s.Unsent != 0 {
		t.Errorf("first: %+v", s)
	}
	r.status.Store(&Status{Unsent: 9})
	changed <- struct{}{}
	for next().Unsent != 9 { // the news, or what a tick sent just before it
	}
	cancel()
	<-ended
	if w := r.ask("HEAD", "/api/live", nil); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("HEAD: status %d, %q", w.Code, w.Body)
	}
}

// Ages grow by themselves, so the status is sent without any change too.
func TestLiveTicks(t *testing.T) {
	r := newRig(t)
	r.door.Changed = func() (<-chan struct{}, func()) { return nil, func() {} }
	handler := r.door.Handler()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.request("GET", "/api/live", nil).WithContext(ctx))
		if n := strings.Count(w.Body.String(), "data: "); n != 3 {
			t.Errorf("%d messages in seven seconds, want one at the start and one every three", n)
		}
	})
}

// Every answer forbids what the page does not need, and none comes from a cache
// that might be another's.
func TestHeaders(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/door.js", "/sw.js", "/api/status", "/healthz", "/none"} {
		h := r.ask("GET", path, nil).Header()
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: no %s in %q", path, part, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || strings.Contains(csp, "http") {
			t.Errorf("%s: %q", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Access-Control-Allow-Origin": ""} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if c := h.Get("Cache-Control"); c != "no-store" && c != "no-cache" {
			t.Errorf("%s: Cache-Control is %q", path, c)
		}
	}
}

// Any text is judged, none is an error, and none but a ticket is let in.
func TestAnyTextIsJudged(t *testing.T) {
	r := newRig(t)
	random := rand.New(rand.NewPCG(1, 2))
	good := r.code(1)
	texts := []string{"", " ", "\x00", "UT1:", "UP1:", "ÄÖÜ", "<script>", ticket.ID{9}.Short(), strings.Repeat("U", 4000), strings.ToLower(good)}
	for range 200 {
		spoiled := []byte(good)
		spoiled[random.IntN(len(spoiled))] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[random.IntN(45)]
		if s := string(spoiled); s != good {
			texts = append(texts, s)
		}
	}
	for i, text := range texts {
		got := r.scan(Scan{Text: text, Lane: fmt.Sprint(i)})
		if got.Green() || got.Display.Tone != "red" || got.Display.Word == "" || got.Display.Why == "" {
			t.Errorf("%q: %s %s, shown as %+v", text, got.Result, got.Reason, got.Display)
		}
	}
}
