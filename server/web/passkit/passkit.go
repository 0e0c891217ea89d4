// Package passkit is what Apple's devices ask for the passes in their wallets: Apple's
// web service for passes, version 1
// (developer.apple.com/documentation/walletpasses/adding-a-web-service-to-update-passes).
//
// A device registers for a pass that it has, is pushed when the pass changes
// (server/pass), asks which of its passes changed after what it knows, and fetches
// those. Whatever it asks of one pass it shows that pass's token for. Which passes a
// device has, it learns by its own name for itself, as Apple defines it: that name is
// known to the device and to this server only, and the numbers that it gets for it tell
// nothing without their tokens.
package passkit

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"usher/server/guard"
	"usher/server/pass"
	"usher/server/pass/apple"
	"usher/server/web/site"
	"usher/sync/fault"
)

const (
	maxBody = 16 << 10 // bytes of a request
	maxLogs = 20       // that a device writes at once
	maxLog  = 500      // characters of each

	// A network address may ask so often at once, and once more every so often: many
	// phones of one mobile network have one address.
	burst = 300
	every = 100 * time.Millisecond
	// One whose tokens are wrong is told to wait much earlier.
	wrongBurst = 20
	wrongEvery = 30 * time.Second
)

// Config is what the service stands on.
type Config struct {
	Passes *pass.Passes
	Now    func() time.Time
	Log    *slog.Logger
}

// Service answers devices.
type Service struct {
	Config
	asks, wrong *guard.Pace
}

// New makes the service.
func New(cfg Config) *Service {
	return &Service{Config: cfg, asks: guard.NewPace(cfg.Now, burst, every), wrong: guard.NewPace(cfg.Now, wrongBurst, wrongEvery)}
}

// Register adds the service's routes.
func (s *Service) Register(mux *http.ServeMux) {
	const v1 = pass.Service + "/v1"
	const registration = v1 + "/devices/{device}/registrations/{type}/{serial}"
	for route, h := range map[string]site.Handler{
		"POST " + registration:                                 s.owned(s.register),
		"DELETE " + registration:                               s.owned(s.unregister),
		"GET " + v1 + "/devices/{device}/registrations/{type}": s.changed,
		"GET " + v1 + "/passes/{type}/{serial}":                s.owned(s.latest),
		"POST " + v1 + "/log":                                  s.log,
	} {
		mux.Handle(route, s.answer(h))
	}
}

// answer runs a handler; what fails is a status, and a text for whoever debugs.
func (s *Service) answer(h site.Handler) http.Handler {
	return site.Secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := error(nil)
		if s.asks.Allow(guard.Party(r)) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			err = h(w, r)
		} else {
			err = fault.New(fault.TooMany, "too many requests from here; try again in a minute")
		}
		if err == nil {
			return
		}
		if tooLong, is := errors.AsType[*http.MaxBytesError](err); is {
			err = fault.New(fault.TooLarge, "a request has at most %d bytes", tooLong.Limit)
		}
		p := fault.ToProblem(err)
		if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
			s.Log.ErrorContext(r.Context(), "a device asked for passes in vain", "error", err)
		}
		if p.Kind.Temporary() {
			site.AskLater(w.Header())
		}
		http.Error(w, p.Detail, p.Status)
	}))
}

// owned lets through who has the token of the pass that is named.
func (s *Service) owned(h site.Handler) site.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := s.Passes.Check(r.Context(), r.PathValue("type"), r.PathValue("serial"), token(r))
		if errors.Is(err, fault.Unauthorised) && !s.wrong.Allow(guard.Party(r)) {
			return fault.New(fault.TooMany, "too many wrong tokens; try again in some minutes")
		}
		if err != nil {
			return err
		}
		return h(w, r)
	}
}

// token is what a request shows.
func token(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "ApplePass" {
		return ""
	}
	return strings.TrimSpace(token)
}

// register has a device told of a pass.
func (s *Service) register(w http.ResponseWriter, r *http.Request) error {
	to, err := readRegistration(r.Body)
	if err != nil {
		return err
	}
	fresh, err := s.Passes.Register(r.Context(), r.PathValue("device"), r.PathValue("serial"), to)
	if err != nil {
		return err
	}
	if fresh {
		w.WriteHeader(http.StatusCreated)
	}
	return nil
}

// readRegistration gives by what a device wants to be told.
func readRegistration(body io.Reader) (pushToken string, err error) {
	var asked struct {
		Token string `json:"pushToken"`
	}
	if err := readJSON(body, &asked); err != nil {
		return "", err
	}
	if !apple.IsPushToken(asked.Token) {
		return "", fault.At(fault.BadInput, "pushToken", "want 8 to %d hexadecimal digits", apple.MaxPushToken)
	}
	return asked.Token, nil
}

// unregister has it told no more.
func (s *Service) unregister(_ http.ResponseWriter, r *http.Request) error {
	return s.Passes.Unregister(r.Context(), r.PathValue("device"), r.PathValue("serial"))
}

// changed lists which passes of a device changed.
func (s *Service) changed(w http.ResponseWriter, r *http.Request) error {
	if s.Passes.Apple == nil || r.PathValue("type") != s.Passes.Apple.Type() {
		return fault.New(fault.NotFound, "there are no passes of this type here")
	}
	since, err := readTag(r.URL.Query().Get("passesUpdatedSince"))
	if err != nil {
		return err
	}
	serials, rev, err := s.Passes.Changed(r.Context(), r.PathValue("device"), since)
	if err != nil {
		return err
	}
	if len(serials) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"serialNumbers": serials, "lastUpdated": strconv.FormatInt(rev, 10)})
}

// readTag reads what a device was told last; "" is before everything, passes that never
// changed too.
func readTag(text string) (int64, error) {
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fault.At(fault.BadInput, "passesUpdatedSince", "it is none that was given out here")
	}
	return n, nil
}

// latest sends a pass, unless the device has it.
func (s *Service) latest(w http.ResponseWriter, r *http.Request) error {
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil {
		since = time.Time{} // none, or none that is one: the whole pass
	}
	file, changed, err := s.Passes.Latest(r.Context(), r.PathValue("serial"), since)
	if err != nil {
		return err
	}
	w.Header().Set("Last-Modified", changed.UTC().Format(http.TimeFormat))
	if file == nil {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", apple.Kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(file)))
	_, _ = w.Write(file) // the other side hung up
	return nil
}

// log takes what a device has to say of what went wrong.
func (s *Service) log(_ http.ResponseWriter, r *http.Request) error {
	said, err := readLogs(r.Body)
	if err != nil {
		return err
	}
	for _, line := range said {
		s.Log.InfoContext(r.Context(), "a device says of its passes", "said", line)
	}
	return nil
}

// readLogs gives the lines that a device wrote, fit for a log.
func readLogs(body io.Reader) (lines []string, err error) {
	var said struct {
		Logs []string `json:"logs"`
	}
	if err := readJSON(body, &said); err != nil {
		return nil, err
	}
	for _, line := range said.Logs[:min(len(said.Logs), maxLogs)] {
		clean := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				return ' '
			}
			return r
		}, strings.ToValidUTF8(line, "?"))
		if runes := []rune(clean); len(runes) > maxLog {
			clean = string(runes[:maxLog]) + "…"
		}
		lines = append(lines, clean)
	}
	return lines, nil
}

// readJSON reads one JSON value and nothing else. Members that Apple may add are let be.
func readJSON(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("there is more behind it")
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); err == nil || tooLong {
		return err
	}
	return fault.Wrap(fault.BadInput, err, "the request is no JSON of the kind that belongs here")
}
