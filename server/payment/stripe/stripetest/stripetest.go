// Package stripetest is a small Stripe for tests: it keeps what it is told, knows
// its own parameters and no others, honours idempotency keys for a day, lets a
// buyer pay, and signs events.
package stripetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"
)

// The secrets of the account.
const (
	Key        = "sk_test_51UsherUsherUsher"
	HookSecret = "whsec_UsherUsherUsherUsher"
)

// keyLife is how long an idempotency key is remembered.
const keyLife = 24 * time.Hour

// Server is the fake. Its exported methods are what happens outside usher.
type Server struct {
	now func() time.Time

	mu       sync.Mutex
	last     int
	sessions []*session
	refunds  []*refund
	disputes []*dispute
	keys     map[string]*answer
	events   []event
	troubles []Trouble
	noFees   bool
	asked    int
}

// Trouble is a request that goes wrong. The zero value is one that goes well.
type Trouble struct {
	Status int    // answered instead of the right one
	Body   string // with it
	After  bool   // the work was done nonetheless
}

// answer is what a key was answered with.
type answer struct {
	at      time.Time
	content string
	working bool
	status  int
	body    []byte
}

// event is a thing that happened.
type event struct {
	id, kind string
	at       time.Time
	object   map[string]any
}

// New makes an account of nobody's.
func New(now func() time.Time) *Server {
	return &Server{now: now, keys: map[string]*answer{}}
}

// Trouble has the next requests go wrong, one after the other.
func (s *Server) Trouble(t ...Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = append(s.troubles, t...)
}

// TroubleAfter has the request go wrong that comes after n others.
func (s *Server) TroubleAfter(n int, t Trouble) { s.Trouble(append(make([]Trouble, n), t)...) }

// NoFees has the fees of payments not known yet.
func (s *Server) NoFees(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noFees = yes
}

// Asked counts the requests so far.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Signed is an event as it is sent.
type Signed struct {
	Header http.Header
	Body   []byte
}

// Events gives the events since the last call, signed now.
func (s *Server) Events() []Signed {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Signed
	for _, e := range s.events {
		body, err := json.Marshal(map[string]any{"id": e.id, "object": "event", "type": e.kind, "created": e.at.Unix(), "livemode": false,
			"api_version": "2020-08-27", "data": map[string]any{"object": e.object}})
		if err != nil {
			panic(err)
		}
		out = append(out, Signed{Sign(body, s.now(), HookSecret), body})
	}
	s.events = nil
	return out
}

// Sign gives the header of an event.
func Sign(body []byte, at time.Time, secret string) http.Header {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at})
	return http.Header{"Stripe-Signature": {signed.Header}}
}

// id gives the next id with a prefix. The caller holds mu.
func (s *Server) id(prefix string) string {
	s.last++
	return fmt.Sprintf("%s_test%06d", prefix, s.last)
}

// happened keeps an event. The caller holds mu.
func (s *Server) happened(kind string, object map[string]any) {
	s.events = append(s.events, event{s.id("evt"), kind, s.now(), object})
}

// failure is an error as Stripe answers it.
type failure struct {
	status            int
	kind, code, param string
	message           string
	notKept           bool // the key can be used again
}

func (f *failure) answer() (int, []byte) {
	e := map[string]any{"type": f.kind, "message": f.message}
	if f.code != "" {
		e["code"] = f.code
	}
	if f.param != "" {
		e["param"] = f.param
	}
	body, err := json.Marshal(map[string]any{"error": e})
	if err != nil {
		panic(err)
	}
	return f.status, body
}

func invalid(param, code, format string, args ...any) *failure {
	return &failure{status: 400, kind: "invalid_request_error", code: code, param: param, message: fmt.Sprintf(format, args...), notKept: true}
}

// cant is the answer to what was looked into and isn't to be: Stripe keeps it with the key.
func cant(param, code, message string) *failure {
	fail := invalid(param, code, "%s", message)
	fail.notKept = false
	return fail
}

func missing(param, id string) *failure {
	return &failure{status: 404, kind: "invalid_request_error", code: "resource_missing", param: param, message: "No such object: '" + id + "'", notKept: true}
}

// ServeHTTP is the API.
func (s *Server) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	status, body := s.serve(r)
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Request-Id", "req_test")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}

func (s *Server) serve(r *http.Request) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); given != Key {
		// As Stripe does, with a good part of the key.
		return (&failure{status: 401, kind: "invalid_request_error", message: "Invalid API Key provided: " + given}).answer()
	}
	var trouble Trouble
	if len(s.troubles) > 0 {
		trouble, s.troubles = s.troubles[0], s.troubles[1:]
		if !trouble.After && trouble.Status != 0 {
			return trouble.Status, []byte(trouble.Body)
		}
	}
	status, body := s.once(r)
	if trouble.After {
		return trouble.Status, []byte(trouble.Body)
	}
	return status, body
}

// once answers a key that was answered before as it was. The caller holds mu.
func (s *Server) once(r *http.Request) (int, []byte) {
	key := r.Header.Get("Idempotency-Key")
	switch {
	case r.Method != http.MethodPost:
		return render(s.do(r))
	case key == "": // Stripe takes it; usher means to send none such
		return invalid("", "", "There is no idempotency key").answer()
	}
	content := r.URL.Path + "?" + r.PostForm.Encode()
	if had := s.keys[key]; had != nil && s.now().Sub(had.at) < keyLife {
		switch {
		case had.content != content:
			return (&failure{status: 400, kind: "idempotency_error", message: "Keys for idempotent requests can only be used with the same parameters they were first used with."}).answer()
		case had.working:
			return (&failure{status: 409, kind: "idempotency_error", code: "idempotency_key_in_use", message: "There is currently another in-progress request using this key."}).answer()
		}
		return had.status, had.body
	}
	a := &answer{at: s.now(), content: content, working: true}
	s.keys[key] = a
	s.mu.Unlock() // others may come while it is at work
	s.mu.Lock()
	a.working = false
	object, fail := s.do(r)
	if fail != nil && fail.notKept {
		delete(s.keys, key)
	}
	a.status, a.body = render(object, fail)
	return a.status, a.body
}

// do does the work. The caller holds mu.
func (s *Server) do(r *http.Request) (object map[string]any, fail *failure) {
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	fail = missing("", r.URL.Path)
	switch what := r.Method + " " + path[0]; {
	case what == "POST checkout" && len(path) == 2:
		object, fail = s.createSession(r.PostForm)
	case what == "GET checkout" && len(path) == 2:
		object, fail = s.listSessions(r.Form)
	case what == "GET checkout" && len(path) == 3:
		object, fail = s.getSession(path[2], r.Form)
	case what == "POST checkout" && len(path) == 4 && path[3] == "expire":
		object, fail = s.expireSession(path[2])
	case what == "POST refunds" && len(path) == 1:
		object, fail = s.createRefund(r.PostForm)
	case what == "GET refunds" && len(path) == 1:
		object, fail = s.listRefunds(r.Form)
	case what == "GET disputes" && len(path) == 1:
		object, fail = s.listDisputes(r.Form)
	}
	return object, fail
}

// render is an answer.
func render(object map[string]any, fail *failure) (int, []byte) {
	if fail != nil {
		return fail.answer()
	}
	body, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return http.StatusOK, body
}

// list is a page of objects, the whole of them.
func list(path string, objects []map[string]any) map[string]any {
	if objects == nil {
		objects = []map[string]any{}
	}
	return map[string]any{"object": "list", "url": path, "has_more": false, "data": objects}
}

// metadata reads metadata[…] of a form below a prefix.
func metadata(form url.Values, prefix string) map[string]any {
	out := map[string]any{}
	for name, values := range form {
		if key, ok := strings.CutPrefix(name, prefix+"metadata["); ok {
			out[strings.TrimSuffix(key, "]")] = values[0]
		}
	}
	return out
}
