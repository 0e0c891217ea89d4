// Package discovery finds other gates' agents on the local network, by multicast
// DNS (RFC 6762) and DNS service discovery (RFC 6763).
//
// # What is said
//
// An agent advertises one instance of the service [Service]: a name drawn at
// random at each start, the address of the interface, the port, and a tag. The tag
// is a salted hash of the event: two gates of an event know each other's by it, and
// a stranger who has not got the event's key ring can't even test a guess. No name
// of a gate, device, event or person is in it.
//
// # What it is worth
//
// Nothing: what is found is a hint where to knock. Whoever answers there has to
// prove an enrolled device key (sync/exchange), so a lie costs a failed try. What
// strangers can make an agent keep and do is bounded: [MaxHints] addresses, each
// one on the network that it came by, [MaxEach] of one host, packets of at most
// [MaxPacket] bytes and [MaxRecords] records, [PacketsPerSecond] of them, and an
// answer at most once a second.
//
// # What it is not
//
// IPv4 only, one link only: multicast DNS passes no router, and access points that
// keep their guests apart swallow it. docs/network.md says what to do then.
//
// Libraries for this exist, and keep whatever anybody on the network sends them,
// without a bound; so the few records that are needed are read here, with the Go
// project's parser.
package discovery

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"usher/sync/fault"
	"usher/sync/journal"
)

// Service is the type of the service that agents advertise.
const Service = "_usher._tcp.local."

// Times of discovery.
const (
	// Life is how long an advert counts after it was heard.
	Life = 2 * time.Minute
	// AskEvery is how often an agent asks, unless another one did meanwhile.
	AskEvery = 45 * time.Second
	// LookEvery is how often it looks whether the device's networks changed.
	LookEvery = 5 * time.Second

	answerEvery = time.Second            // between two adverts on one interface
	answerAfter = 120 * time.Millisecond // longest wait before an answer, so that not all speak at once
)

// askFirst is when an agent asks after it came up on an interface; then every
// AskEvery.
var askFirst = []time.Duration{0, time.Second, 3 * time.Second, 9 * time.Second}

// Config is what discovery needs.
type Config struct {
	Event  string         // the event's code
	Server journal.NodeID // of the event: only who has the key ring knows it
	Port   uint16         // where the agent answers
	// Only is the address that the agent answers at; invalid: at all of the device.
	Only netip.Addr
	// Media lists where to speak and listen, anew every LookEvery.
	Media func() ([]Medium, error)
	// Found is told of all addresses that may be other gates, http://HOST:PORT,
	// whenever they change: at most MaxHints.
	Found func([]string)
	Now   func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
}

// Medium is a network that an agent is on.
type Medium struct {
	Name   string         // of the interface
	Prefix []netip.Prefix // the agent's own addresses on it, with how far the network goes
	// Open joins the network's multicast group.
	Open func() (Conn, error)
}

// Conn sends packets to the multicast group of one network and gives those that
// came by it. Receive returns after Close. Send may be called beside it.
type Conn interface {
	Send(packet []byte) error
	// Receive reads into buffer; what doesn't fit is cut off.
	Receive(buffer []byte) (n int, err error)
	Close() error
}

// Discovery advertises an agent and finds others. Make it with New.
type Discovery struct {
	Config
	instance string
	salt     [saltSize]byte
	hints    *hints
	telling  sync.Mutex // so that what Found is told last is the newest
}

// New makes the discovery of an agent that just started.
func New(cfg Config) (*Discovery, error) {
	d := &Discovery{Config: cfg, hints: newHints()}
	var name [6]byte
	for _, b := range [][]byte{name[:], d.salt[:]} {
		if _, err := io.ReadFull(cfg.Rand, b); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "drawing a name to be found by")
		}
	}
	d.instance = hex.EncodeToString(name[:])
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d, nil
}

const (
	saltSize = 8
	hashSize = 8
)

// tag is what two agents of an event have in common, under a salt.
func (d *Discovery) tag(salt [saltSize]byte) string {
	key := sha256.Sum256(append([]byte("usher-discovery-v1\x00"), fmt.Sprintf("%s\x00%s", d.Server, d.Event)...))
	sum := hmac.New(sha256.New, key[:])
	sum.Write(salt[:])
	return hex.EncodeToString(salt[:]) + hex.EncodeToString(sum.Sum(nil)[:hashSize])
}

// akin reports whether a tag is of this agent's event.
func (d *Discovery) akin(tag string) bool {
	raw, err := hex.DecodeString(tag)
	return err == nil && len(raw) == saltSize+hashSize && hmac.Equal([]byte(tag), []byte(d.tag([saltSize]byte(raw))))
}

// Run advertises and listens on every network of the device until ctx ends.
// Networks come and go meanwhile.
func (d *Discovery) Run(ctx context.Context) {
	open := make(map[string]*voice)
	defer func() {
		for _, v := range open {
			v.end()
		}
	}()
	look := time.NewTicker(LookEvery)
	defer look.Stop()
	for {
		d.follow(ctx, open)
		d.tell(d.hints.expire(d.Now()))
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// follow opens what is new and closes what is gone.
func (d *Discovery) follow(ctx context.Context, open map[string]*voice) {
	media, err := d.Media()
	if err != nil {
		d.Log.WarnContext(ctx, "can't tell which networks there are to find other gates on", "error", err)
		return
	}
	there := make(map[string]bool, len(media))
	for _, m := range media[:min(len(media), maxMedia)] {
		key := fmt.Sprint(m.Name, m.Prefix) // with another address it is another network
		there[key] = true
		if open[key] != nil && !open[key].over() {
			continue
		}
		if old := open[key]; old != nil {
			old.end()
			delete(open, key)
		}
		conn, err := m.Open()
		if err != nil {
			d.Log.DebugContext(ctx, "other gates can't be found on a network", "interface", m.Name, "error", err)
			continue
		}
		d.Log.DebugContext(ctx, "finding other gates", "interface", m.Name)
		open[key] = d.speak(ctx, m, conn)
	}
	for key, v := range open {
		if !there[key] {
			v.end()
			delete(open, key)
		}
	}
}

// maxMedia bounds the networks of a device that are listened on.
const maxMedia = 16

// tell passes on what is known, if it changed.
func (d *Discovery) tell(changed bool) {
	if changed {
		d.telling.Lock()
		defer d.telling.Unlock()
		d.Found(d.hints.list())
	}
}
