// Package exchangetest holds what tests of nodes that exchange records need: a
// connection in memory with every fault that a network has, and a node around a
// store in memory. Both run under testing/synctest, whose clock its delays obey.
package exchangetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"usher/sync/exchange"
)

// ErrCut ends what is on a connection that was cut.
var ErrCut = errors.New("connection cut")

// ErrClosed ends what is on a connection that the other end closed.
var ErrClosed = errors.New("connection closed by the other end")

// Fate says what becomes of a message on its way. The zero Fate delivers it at
// once.
type Fate struct {
	Delay  time.Duration // until it arrives; those behind it wait, as on a stream
	Copies int           // how many more of it arrive
	Lost   bool          // it never arrives, and nobody is told: a half-open connection
	Swap   bool          // the next message of the direction overtakes it
	Cut    bool          // the connection ends in place of it
	Change func([]byte)  // changes it on its way; nil: nothing does
}

// Network decides the fate of the n-th message, from 0, of a direction: 0 is
// from the first end to the second.
type Network func(direction, n int, message []byte) Fate

// room is how many messages fit into a direction before Send waits.
const room = 64

// Pair gives the two ends of a connection. A nil network has no faults.
func Pair(network Network) (*End, *End) {
	if network == nil {
		network = func(int, int, []byte) Fate { return Fate{} }
	}
	cut := new(end)
	ends := [2]*End{}
	for i := range ends {
		ends[i] = &End{network: network, direction: i, cut: cut, closed: new(end)}
	}
	for i, e := range ends {
		lane := make(chan parcel, room)
		other := ends[1-i]
		e.out, other.in, other.hungUp = lane, lane, e.closed
	}
	for _, c := range []*end{cut, ends[0].closed, ends[1].closed} {
		c.done = make(chan struct{})
	}
	return ends[0], ends[1]
}

// end is something that ends once.
type end struct {
	once sync.Once
	done chan struct{}
}

func (e *end) now() { e.once.Do(func() { close(e.done) }) }

// parcel is a message and when it arrives.
type parcel struct {
	message []byte
	due     <-chan time.Time // nil: at once
}

// End is one end of a connection in memory.
type End struct {
	network   Network
	direction int
	out       chan<- parcel
	in        <-chan parcel
	cut       *end // the connection, for both
	closed    *end // by this end
	hungUp    *end // by the other end
	n         int  // messages sent; covered, as swapped is, by who calls Send
	swapped   *parcel
}

var _ exchange.Conn = (*End)(nil)

// Send hands a message to the network.
func (e *End) Send(ctx context.Context, message []byte) error {
	fate := e.network(e.direction, e.n, message)
	e.n++
	if fate.Cut {
		e.Cut()
	}
	p := parcel{message: append([]byte(nil), message...)}
	if fate.Change != nil {
		fate.Change(p.message)
	}
	if fate.Delay > 0 {
		p.due = time.After(fate.Delay)
	}
	if fate.Swap && e.swapped == nil {
		e.swapped = &p
		return nil
	}
	var list []parcel
	if !fate.Lost {
		list = append(list, p)
	}
	for range fate.Copies {
		list = append(list, parcel{message: p.message})
	}
	if e.swapped != nil {
		list = append(list, *e.swapped)
		e.swapped = nil
	}
	return e.put(ctx, list)
}

func (e *End) put(ctx context.Context, list []parcel) error {
	for _, p := range list {
		select {
		case <-e.cut.done:
			return ErrCut
		case <-e.closed.done:
			return ErrCut
		default:
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.cut.done:
			return ErrCut
		case <-e.hungUp.done:
			return ErrClosed
		case e.out <- p:
		}
	}
	return nil
}

// Receive gives the next message.
func (e *End) Receive(ctx context.Context) ([]byte, error) {
	select {
	case <-e.cut.done:
		return nil, ErrCut
	case p := <-e.in:
		return e.arrive(ctx, p)
	default:
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.cut.done:
		return nil, ErrCut
	case <-e.closed.done:
		return nil, ErrCut
	case <-e.hungUp.done:
	case p := <-e.in:
		return e.arrive(ctx, p)
	}
	select {
	case p := <-e.in:
		return e.arrive(ctx, p)
	default:
		return nil, ErrClosed
	}
}

// arrive waits until the message is there.
func (e *End) arrive(ctx context.Context, p parcel) ([]byte, error) {
	if p.due == nil {
		return p.message, nil
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-e.cut.done:
		return nil, ErrCut
	case <-p.due:
		return p.message, nil
	}
}

// Close ends the connection. What this end sent before still arrives.
func (e *End) Close() error {
	e.closed.now()
	return nil
}

// Cut ends the connection for both ends; what is on its way is lost.
func (e *End) Cut() { e.cut.now() }
