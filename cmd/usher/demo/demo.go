// Package demo runs the whole of usher in one process, for a first look: a
// server, two gates with their door pages, and an event with a guest list.
package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"sync"
	"text/template"
	"time"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/server"
	"usher/server/catalog"
	"usher/server/document"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	event = "DEMO"
	// offFile in the data folder keeps the demo's server off while it is there.
	offFile = "server-off"
	// poll is how often the demo looks for offFile.
	poll = 100 * time.Millisecond
	// ticketPixels is the least width of a sample ticket's picture.
	ticketPixels = 480
)

//go:embed event.toml
var eventFile string

//go:embed harbour.jpg
var pictures embed.FS

// Config says what the demo is to be.
type Config struct {
	Data   string // folder for everything; made if need be
	People int
	Log    *slog.Logger
	Step   func(text string, done, total int) // told what is being prepared
}

// Place is where a running demo can be looked at.
type Place struct {
	Data    string            `json:"data"`
	Shop    string            `json:"shop"`    // where tickets are sold
	SMTP    string            `json:"smtp"`    // where its inbox takes mail, as HOST:PORT
	Live    string            `json:"live"`    // the manager's live page
	Doors   map[string]string `json:"doors"`   // gate → its door page
	Tickets string            `json:"tickets"` // folder of sample tickets
	Good    string            `json:"good"`    // picture of a good ticket
	Revoked string            `json:"revoked"` // picture of a revoked one
	Ring    string            `json:"ring"`    // file with the public key ring
}

// urlFile says where the server of the demo is to whoever switches it.
const urlFile = "server.url"

// gates are the demo's doors.
var gates = []string{"north", "south"}

// Run prepares the demo, tells ready where it is, and runs it until ctx ends.
func Run(ctx context.Context, cfg Config, ready func(Place)) (err error) {
	d := &demo{Config: cfg, place: Place{Data: cfg.Data, Doors: map[string]string{}, Tickets: filepath.Join(cfg.Data, "tickets")}}
	if err := os.MkdirAll(d.place.Tickets, 0o700); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't make the demo's folder")
	}
	d.server, err = server.Open(ctx, server.Config{Data: filepath.Join(cfg.Data, "server"), Organiser: "usher demo", Unsealed: true, Log: cfg.Log,
		Selling: server.Selling{Sandbox: true, Inbox: true, From: mail.Address{Name: "usher demo", Address: "tickets@demo.example"}}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Close()) }()
	if err := d.prepare(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't listen on this machine")
	}
	return d.run(ctx, listener, ready)
}

type demo struct {
	Config
	server *server.Server

	mu    sync.Mutex // covers the doors of place
	place Place
}

// prepare makes keys, event, guests and sample tickets.
func (d *demo) prepare(ctx context.Context) error {
	d.Step("making keys", 0, 0)
	if err := d.server.Unlock(ctx); err != nil {
		return err
	}
	spec, err := Spec(time.Now())
	if err != nil {
		return err
	}
	if _, err := d.server.Catalog.Apply(ctx, spec); err != nil {
		return err
	}
	var list bytes.Buffer
	if err := writePeople(&list, d.People); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.Data, "guests.csv"), list.Bytes(), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write the guest list")
	}
	_, err = d.server.Tickets.Import(ctx, event, "guests.csv", &list, func(s ticketing.Step, done, total int) {
		d.Step(string(s)+" tickets", done, total)
	})
	if err != nil {
		return err
	}
	if err := d.writeRing(ctx); err != nil {
		return err
	}
	return d.samples(ctx)
}

// Spec is the demo's event as its file says it, around a moment.
func Spec(now time.Time) (*catalog.Spec, error) {
	spec, err := catalog.ParseFile("event.toml", []byte(fillEvent(now)))
	if err != nil {
		return nil, err
	}
	return spec, spec.ReadPicture(pictures)
}

func fillEvent(now time.Time) string {
	at := func(d time.Duration) string { return now.Add(d).UTC().Truncate(time.Minute).Format(time.RFC3339) }
	var out bytes.Buffer
	t := template.Must(template.New("event").Parse(eventFile))
	// The template is a constant of this package and the data its only arguments.
	if err := t.Execute(&out, map[string]string{"Doors": at(-time.Hour), "Starts": at(time.Hour), "Ends": at(6 * time.Hour)}); err != nil {
		panic(err)
	}
	return out.String()
}

// samples draws a few tickets, and revokes one of them.
func (d *demo) samples(ctx context.Context) error {
	for i := 1; i <= 8; i++ {
		t, err := d.server.Tickets.Find(ctx, event, fmt.Sprintf("D%04d", i))
		if err != nil {
			return err
		}
		name := fmt.Sprintf("ticket-%d.png", i)
		if i == 8 {
			name = "revoked.png"
			if _, err := d.server.Tickets.Revoke(ctx, t, ticketing.Revoked, "reported stolen"); err != nil {
				return err
			}
			d.place.Revoked = filepath.Join(d.place.Tickets, name)
		}
		if err := picture(filepath.Join(d.place.Tickets, name), t.Token); err != nil {
			return err
		}
	}
	d.place.Good = filepath.Join(d.place.Tickets, "ticket-1.png")
	return nil
}

func picture(path, token string) error {
	var out bytes.Buffer
	if err := document.PNG(&out, token, ticketPixels); err != nil {
		return err
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write a sample ticket")
	}
	return nil
}

// run serves and runs the gates until ctx ends.
func (d *demo) run(ctx context.Context, listener net.Listener, ready func(Place)) error {
	address := listener.Addr().String()
	url := "http://" + address
	key, err := d.server.ManagerKey(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(d.server.NoteURL(ctx, url), os.WriteFile(filepath.Join(d.Data, urlFile), []byte(url), 0o600), listener.Close()); err != nil {
		return err
	}
	d.place.Shop, d.place.SMTP = url+"/", d.server.InboxAddress()
	d.place.Live = url + "/manage/events/" + event + "?key=" + key
	ctx, stop := context.WithCancel(ctx)
	var (
		running sync.WaitGroup
		mu      sync.Mutex // covers failed
		failed  error
	)
	part := func(do func() error) {
		running.Go(func() {
			err := do()
			mu.Lock()
			failed = errors.Join(failed, err)
			mu.Unlock()
			stop() // one part's end is the demo's
		})
	}
	part(func() error { return d.serve(ctx, address) })
	agents := make(chan string, len(gates))
	doors, err := listeners()
	if err != nil {
		stop()
		running.Wait()
		return errors.Join(err, failed)
	}
	between := &cord{server: url, open: map[*strand]struct{}{}}
	part(func() error { return d.mind(ctx, between) })
	for i, name := range gates {
		// The doors are on the loopback, where gates don't look for each other.
		var peers []string
		for _, other := range doors[i+1:] {
			peers = append(peers, "http://"+other.Addr().String())
		}
		part(func() error { return d.gate(ctx, name, site{url, between, doors[i], peers}, agents) })
	}
	for range gates {
		select {
		case <-agents:
		case <-ctx.Done():
		}
	}
	if ctx.Err() == nil {
		ready(d.place)
	}
	running.Wait()
	stop()
	return failed
}

// serve runs the server except while the off file is there.
func (d *demo) serve(ctx context.Context, address string) error {
	off := filepath.Join(d.Data, offFile)
	for ctx.Err() == nil {
		if _, err := os.Stat(off); err == nil {
			wait(ctx)
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "can't listen on %s", address)
		}
		on, stop := context.WithCancel(ctx)
		go func() {
			defer stop()
			for on.Err() == nil {
				if _, err := os.Stat(off); err == nil {
					return
				}
				wait(on)
			}
		}()
		err = d.server.Serve(on, listener)
		stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func wait(ctx context.Context) {
	select {
	case <-time.After(poll):
	case <-ctx.Done():
	}
}

// listeners opens an address for each gate.
func listeners() ([]net.Listener, error) {
	var list []net.Listener
	for range gates {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			for _, open := range list {
				err = errors.Join(err, open.Close())
			}
			return nil, fault.Wrap(fault.Unavailable, err, "can't listen on this machine")
		}
		list = append(list, l)
	}
	return list, nil
}

// site is what a gate has around it.
type site struct {
	server   string // its URL
	between  *cord
	listener net.Listener // of the gate's own agent
	peers    []string
}

// gate enrols a device as a gate by a card, as a real one is, and runs its agent.
func (d *demo) gate(ctx context.Context, name string, at site, ready chan<- string) error {
	dir := filepath.Join(d.Data, "gate-"+name)
	d.Step("enrolling gate "+name, 0, 0)
	if err := d.enrol(ctx, dir, at.server, name); err != nil {
		return errors.Join(err, at.listener.Close())
	}
	g, err := gate.Open(ctx, gate.Config{Data: dir, Dial: at.between.dial, Log: d.Log.With("gate", name)})
	if err != nil {
		return errors.Join(err, at.listener.Close())
	}
	at.between.onRetry(g.Uplink.Retry)
	err = g.Sync(ctx)
	for _, peer := range at.peers {
		err = errors.Join(err, g.Uplink.Add(peer))
	}
	if err == nil {
		var a *gate.Agent
		if a, err = gate.NewAgent(g, at.listener); err == nil {
			d.mark(name, a.URL)
			ready <- a.URL
			err = a.Run(ctx)
		}
	}
	return errors.Join(err, g.Close())
}

func (d *demo) mark(name, url string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.place.Doors[name] = url
}

func (d *demo) enrol(ctx context.Context, dir, url, name string) error {
	st, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	card, err := d.server.Doors.NewCard(ctx, url, event, name, grant.RoleScanner, 10*time.Minute)
	if err == nil {
		err = whenUp(ctx, url)
	}
	if err == nil {
		_, err = enrol.Enrol(ctx, enrol.Config{Store: st, Card: card.Text(), Name: name + " handheld", Rand: rand.Reader, Now: time.Now})
	}
	return errors.Join(err, st.Close())
}

// whenUp waits until the server answers.
func whenUp(ctx context.Context, url string) error {
	if becomes(ctx, url, true, 10*time.Second) || ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.Unavailable, "the demo's server does not come up")
}

// becomes waits until the server answers, or answers no more.
func becomes(ctx context.Context, url string, on bool, within time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for up(ctx, url) != on {
		if wait(ctx); ctx.Err() != nil {
			return false
		}
	}
	return true
}

func up(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// Server switches the server of the demo that runs on the data on or off, and
// waits until it is.
func Server(ctx context.Context, data string, on bool) error {
	url, err := os.ReadFile(filepath.Join(data, urlFile))
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "no demo runs on %s", data)
	}
	if err := set(filepath.Join(data, offFile), !on); err != nil {
		return err
	}
	if becomes(ctx, string(url), on, 15*time.Second) || ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.Unavailable, "the demo's server does not follow; does the demo still run?")
}

func (d *demo) writeRing(ctx context.Context) error {
	file, err := d.server.RingFile(ctx)
	if err != nil {
		return err
	}
	d.place.Ring = filepath.Join(d.Data, "ring.txt")
	if err := os.WriteFile(d.place.Ring, file, 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write the key ring")
	}
	return nil
}
