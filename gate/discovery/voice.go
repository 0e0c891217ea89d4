package discovery

import (
	"context"
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of what packets can make an agent do.
const (
	// PacketsPerSecond bounds the packets of a network that are looked at; more are
	// thrown away.
	PacketsPerSecond = 100
	packetBurst      = 200
)

// voice is an agent on one network: one goroutine listens and one speaks.
type voice struct {
	d      *Discovery
	medium Medium
	conn   Conn
	stop   context.CancelFunc
	group  sync.WaitGroup
	dead   chan struct{} // closed when nothing is heard any more
	asked  chan struct{} // one place: somebody asks for agents
}

// speak begins to advertise and to listen.
func (d *Discovery) speak(ctx context.Context, m Medium, conn Conn) *voice {
	ctx, stop := context.WithCancel(ctx)
	v := &voice{d: d, medium: m, conn: conn, stop: stop, dead: make(chan struct{}), asked: make(chan struct{}, 1)}
	v.group.Go(v.listen)
	v.group.Go(func() { v.talk(ctx) })
	return v
}

func (v *voice) end() {
	v.stop()
	v.group.Wait()
}

func (v *voice) over() bool {
	select {
	case <-v.dead:
		return true
	default:
		return false
	}
}

// listen takes packets until the connection is closed.
func (v *voice) listen() {
	defer close(v.dead)
	buffer := make([]byte, MaxPacket+1)
	allowed := rate.NewLimiter(PacketsPerSecond, packetBurst)
	for {
		n, err := v.conn.Receive(buffer)
		if err != nil {
			return
		}
		if n > MaxPacket || !allowed.AllowN(v.d.Now(), 1) {
			continue
		}
		h, err := read(buffer[:n])
		if err != nil {
			continue // much on this port is none of ours
		}
		if h.asks {
			select {
			case v.asked <- struct{}{}:
			default:
			}
		}
		for _, a := range h.adverts {
			v.hear(a)
		}
	}
}

// hear notes an advert of another agent of the event, at an address of the network
// it came by.
func (v *voice) hear(a advert) {
	if a.instance == v.d.instance || !v.d.akin(a.tag) {
		return
	}
	near := slices.IndexFunc(a.addrs, v.isNear)
	if near < 0 {
		return
	}
	v.d.tell(v.d.hints.add(netip.AddrPortFrom(a.addrs[near], a.port), v.d.Now()))
}

func (v *voice) isNear(addr netip.Addr) bool {
	return !addr.IsMulticast() && slices.ContainsFunc(v.medium.Prefix, func(p netip.Prefix) bool { return p.Masked().Contains(addr) })
}

// talk advertises, asks, and answers who asks, until ctx ends or nobody listens.
func (v *voice) talk(ctx context.Context) {
	defer v.conn.Close() // which ends listen
	ask := time.NewTimer(askFirst[0])
	defer ask.Stop()
	var (
		answer <-chan time.Time // while one is due
		told   time.Time
		asks   int
	)
	v.advertise(uint32(Life / time.Second))
	for {
		select {
		case <-ctx.Done():
			v.advertise(0)
			return
		case <-v.dead:
			return
		case <-ask.C:
			v.ask()
			if asks++; asks < len(askFirst) {
				ask.Reset(askFirst[asks] - askFirst[asks-1])
				v.advertise(uint32(Life / time.Second)) // once more: a packet may be lost
			} else {
				ask.Reset(AskEvery + v.d.draw(AskEvery/4))
			}
		case <-v.asked:
			if asks >= len(askFirst) { // somebody else's question is as good
				ask.Reset(AskEvery + v.d.draw(AskEvery/4))
			}
			if answer == nil {
				answer = time.After(max(v.d.draw(answerAfter), told.Add(answerEvery).Sub(v.d.Now())))
			}
		case <-answer:
			answer, told = nil, v.d.Now()
			v.advertise(uint32(Life / time.Second))
		}
	}
}

// draw gives a duration below d.
func (d *Discovery) draw(limit time.Duration) time.Duration {
	var b [8]byte
	if _, err := io.ReadFull(d.Rand, b[:]); err != nil {
		return limit / 2
	}
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(limit))
}

func (v *voice) ask() {
	packet, err := question()
	if err == nil {
		err = v.conn.Send(packet)
	}
	v.failed(err)
}

func (v *voice) advertise(life uint32) {
	a := advert{instance: v.d.instance, port: v.d.Port, tag: v.d.tag(v.d.salt), life: life}
	for _, p := range v.medium.Prefix {
		if v.d.Only.IsValid() && v.d.Only != p.Addr() {
			continue
		}
		a.addrs = append(a.addrs, p.Addr())
	}
	if len(a.addrs) == 0 {
		return // the agent does not answer on this network: it only looks
	}
	packet, err := a.pack()
	if err == nil {
		err = v.conn.Send(packet)
	}
	v.failed(err)
}

func (v *voice) failed(err error) {
	if err != nil {
		v.d.Log.Debug("speaking to other gates", "interface", v.medium.Name, "error", err)
	}
}
