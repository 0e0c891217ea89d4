package gate

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"usher/crypto/grant"
	"usher/gate/door"
	"usher/gate/secure"
	"usher/sync/fault"
)

// agentFile says, to its owner alone, where the agent of a gate answers.
const agentFile = "agent.json"

// Times of an agent.
const (
	shutdownWithin  = 3 * time.Second
	shownEvery      = 300 * time.Millisecond
	checkpointEvery = 30 * time.Second

	// provenAtOnce is how many codes of other gates' scans are proved in a row: a
	// millisecond of one core.
	provenAtOnce = 16
)

// address is what the agent file holds.
type address struct {
	URL    string  `json:"url"`
	Key    string  `json:"key"`              // the door key
	Phones *phones `json:"phones,omitempty"` // how they come in; nil: they don't
}

// Agent runs a gate with its door page.
type Agent struct {
	*Gate
	URL      string // of the door page, on this device
	key      string
	listener net.Listener
	handler  http.Handler
	identity secure.Identity   // what phones are shown; nil: they come in plain text
	enrolled grant.Fingerprint // of the authority that the server and other gates know
	name     string            // of the gate
	language string            // of the event; "": none, as far as the gate knows
}

// NewAgent makes the agent of a gate. It answers on the listener once it runs.
func NewAgent(g *Gate, listener net.Listener) (*Agent, error) {
	key, err := g.doorKey()
	if err != nil {
		return nil, err
	}
	a := &Agent{Gate: g, URL: localURL(listener.Addr()), key: key, listener: listener, name: g.Code()}
	s := g.Status(context.Background())
	if s.GateName != "" {
		a.name = s.GateName
	}
	a.language = s.Language
	if a.identity, err = g.identity(a.name); err != nil {
		return nil, err
	}
	if a.enrolled, err = g.enrolledAuthority(); err != nil {
		return nil, err
	}
	g.emptySpool()
	d, err := door.New(door.Config{
		Turnstile: g.Turnstile, Desk: g.Desk, Shift: g.Shift, State: g.State, Gate: a.name, Event: g.Enrolment.Event, Key: key,
		Status: g.Status, Changed: g.State.Subscribe, Sync: g.Sync, Import: g.Import, Spool: g.spool(), Log: g.Log,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/sync/{event}", g.Uplink.Handler())
	mux.Handle("/", d.Handler())
	a.handler = mux
	if a.identity != nil {
		said, err := door.Words()
		if err != nil {
			return nil, err
		}
		a.handler = secure.Front(mux, a.identity, secure.Site{Gate: a.name, Words: said, Language: a.language})
		g.Shift.Certificate = a.certificate
	}
	return a, nil
}

// Link is the address that opens the door page on another device, once.
func (a *Agent) Link() string {
	host, port, err := net.SplitHostPort(a.listener.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		host = outward()
	}
	scheme := "http://"
	if a.identity != nil {
		scheme = "https://"
		if name := a.identity.Host(); name != "" {
			host = name
		}
	}
	return scheme + net.JoinHostPort(host, port) + "/?key=" + a.key
}

// Fingerprint is the SHA-256 of the authority that phones have to trust; "" where
// there is none.
func (a *Agent) Fingerprint() string {
	shown, _ := a.certificate()
	return shown.String()
}

// certificate gives whom phones have to trust now, and whom the server and other
// gates think they have to; zero where there is none.
func (a *Agent) certificate() (shown, enrolled grant.Fingerprint) {
	if a.identity == nil || a.identity.Authority() == nil {
		return shown, a.enrolled
	}
	return secure.FingerprintOf(a.identity.Authority()), a.enrolled
}

// address is what the agent file says.
func (a *Agent) address() address {
	at := address{URL: a.URL, Key: a.key}
	if a.identity != nil {
		at.Phones = &phones{Listen: a.listener.Addr().String(), Host: a.identity.Host(), Fingerprint: a.Fingerprint(), Enrolled: a.enrolled, Gate: a.name, Event: a.Enrolment.Event, Language: a.language}
	}
	return at
}

// outward is an address of this machine that others can reach, as far as it can
// be told without asking anybody.
func outward() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

// localURL is the agent's address on this device.
func localURL(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return "http://" + at.String() + "/"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}

// doorKey reads the door key, and makes it the first time.
func (g *Gate) doorKey() (string, error) {
	path := filepath.Join(g.Data, "door.key")
	if text, err := os.ReadFile(path); err == nil && len(text) >= 32 {
		return string(text), nil
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(g.Rand, raw); err != nil {
		return "", fault.Wrap(fault.Internal, err, "can't draw the door key")
	}
	key := hex.EncodeToString(raw)
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "can't write the door key")
	}
	return key, nil
}

// spool is the folder of files while they are taken in or handed out.
func (g *Gate) spool() string { return filepath.Join(g.Data, "spool") }

// emptySpool takes away what a crash left there: a journal file may have hundreds of
// megabytes. A gate that can't do so judges all the same.
func (g *Gate) emptySpool() {
	if err := errors.Join(os.RemoveAll(g.spool()), os.MkdirAll(g.spool(), 0o700)); err != nil {
		g.Log.Warn("there may be no room for journal files", "error", err)
	}
}

// Run answers and keeps the gate in step until ctx ends.
func (a *Agent) Run(ctx context.Context) error {
	text, err := json.Marshal(a.address())
	if err != nil {
		return err
	}
	file := filepath.Join(a.Data, agentFile)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write where the agent answers")
	}
	defer os.Remove(file)
	server := newServer(ctx, a.handler, a.Log)
	work, stop := context.WithCancel(ctx)
	var side sync.WaitGroup // what goes on beside the answering
	side.Go(func() { _ = a.Uplink.Run(work) /* ends with work */ })
	side.Go(func() { a.findOthers(work) })
	side.Go(func() { a.housekeep(work) })
	side.Go(func() { a.State.ProveIdle(work, provenAtOnce) })
	var listener net.Listener = newCrowd(a.listener)
	if a.identity != nil {
		listener = secure.Listen(listener, a.identity)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		err = server.Shutdown(patience)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close() // a page that listens for news never ends by itself
		}
	}
	stop()
	side.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// housekeep does what should not cost a scan time.
func (a *Agent) housekeep(ctx context.Context) {
	if err := a.Store.Reserve(ctx); err != nil && ctx.Err() == nil {
		a.Log.Warn("scans will take longer: the store's log can't be given its space beforehand", "error", err)
	}
	shown, checkpoint := time.NewTicker(shownEvery), time.NewTicker(checkpointEvery)
	defer shown.Stop()
	defer checkpoint.Stop()
	flushes, checkpoints := duty{log: a.Log}, duty{log: a.Log}
	for {
		select {
		case <-shown.C:
			flushes.came(a.Turnstile.FlushShown(ctx))
		case <-checkpoint.C:
			checkpoints.came(a.Store.Checkpoint(ctx))
		case <-ctx.Done():
			return
		}
	}
}

// duty is what is done again and again. That it fails is logged when it begins to: a
// disk that is full stays so for long, and may hold the log.
type duty struct {
	log     *slog.Logger
	failing bool
}

// came notes what doing it once more came to.
func (d *duty) came(err error) {
	if errors.Is(err, context.Canceled) {
		return // the agent ends
	}
	if err != nil && !d.failing {
		d.log.Warn("the gate's store is slow or failing", "error", err)
	}
	d.failing = err != nil
}
