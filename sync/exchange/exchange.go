// Package exchange brings two nodes of an event up to date with each other, over
// any carrier of whole messages.
//
// # How it goes
//
// Two nodes meet: a gate and its server, two gates on a LAN. Each says hello,
// proves its device key over both hellos, and from then on everything is sealed
// under keys that only the two have. Each says how far it holds every chain (a
// vector), sends what the other lacks in batches, and says how far it has come
// when a batch is durable. There is no other bookkeeping: after any cut the two
// compare vectors again and go on where they were. docs/sync.md is the
// protocol to the byte.
//
// A [Conn] carries messages. [Run] holds one session over it until it is cut;
// [Level] ends by itself once neither side lacks anything; [Import] takes in
// records that came by another way, such as a file.
//
// # What is promised
//
//   - Only nodes that the event's server enrolled and did not expel are talked
//     to. An expulsion that arrives during a session ends it.
//   - A record is believed only when its author's signature holds, and nothing
//     of it is used before. Who handed it over does not matter.
//   - A record is acknowledged only after Accept has made it durable.
//   - The two directions don't wait for each other, and no chain waits for
//     another: what is refused is tried again later while the rest goes on.
//   - Chains of the server go first, so that revocations overtake scans.
//   - Whatever a peer sends, memory stays bounded (the constants of limits.go)
//     and the session ends with an error that names the fault.
//
// # Claims
//
// Two gates that see one ticket in the same instant would both let it in, each before
// it has the other's record. So a gate that is linked to its server asks it first
// ([Claims.Ask]), and the server's [Arbiter] answers one gate at a time, each with the
// records that it should have seen before it decides. An answer decides nothing and is
// evidence of nothing: it is a wait that lets knowledge arrive, and who gets none
// decides from what it has.
//
// Nothing here opens a socket or a file, reads a clock or draws randomness,
// except through what [Local] holds.
package exchange

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"time"

	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
)

// Conn carries whole messages between two nodes, in order. Send and Receive may
// be called at the same time, each by one goroutine. Each returns when its ctx
// ends, after which that direction is of no use any more. A message is at most
// [MaxMessage] bytes; a carrier refuses a longer one without reading it whole.
type Conn interface {
	Send(ctx context.Context, message []byte) error
	Receive(ctx context.Context) ([]byte, error)
	// Close ends the connection and unblocks the other methods. What was sent
	// before is delivered if the other side still reads.
	Close() error
}

// Narrow is a Conn that takes messages of at most [MaxHello] bytes until Widen is
// called, which is when the other node has proved itself: a stranger gets no more of
// this node's memory.
type Narrow interface {
	Conn
	Widen()
}

// Directory says who belongs to the event. Its answers may change while
// sessions run: a server record that enrols or expels takes effect with the
// Accept that takes it in.
type Directory interface {
	// Author gives the key of a node that was enrolled, or of a server of the
	// event, and the record that ended its enrolment if there is one.
	Author(node journal.NodeID) (pub ed25519.PublicKey, limit *journal.Expel, ok bool)
}

// Local is this node's side of its exchanges. One Local serves any number of
// sessions at a time.
type Local struct {
	Event     string          // the event's code
	Self      *keyring.Signer // the device's key, or the server's journal key
	Store     journal.Store   // Vector is asked at every wake by every session: keep it cheap
	Directory Directory       //

	// Accept makes verified records durable (Store.Append) and applies them, and
	// returns after that. An error means that none was stored. The records of
	// one call may be of several chains.
	Accept func(ctx context.Context, records []*journal.Record) error
	// Subscribe gives a channel that gets a value, coalesced, after the store
	// has grown, by this process's hand or another's, and a function that ends
	// the subscription.
	Subscribe func() (<-chan struct{}, func())
	// IsServer tells the chains that only a server writes: they are sent first
	// and may have epochs. nil: there are none.
	IsServer func(node journal.NodeID) bool
	// Introduction is the server's record that enrolled this node, as it was
	// signed. It lets a peer in that has not heard of the enrolment yet. May be
	// nil; a server has none.
	Introduction []byte

	// Ended gives the server's record that ended a node's enrolment, as it was
	// signed, so that the node can be shown it; nil: there is none. May be nil.
	Ended func(node journal.NodeID) []byte

	// Met, if not nil, is called once in each session, when the peer is let in.
	Met func(peer journal.NodeID)

	// Leaving, if not nil, is closed when the sessions of this node should go on with
	// another server of the same database: each peer is asked to move. They end when it
	// has, or with this node's patience.
	Leaving <-chan struct{}
	// Moved, if not nil, is called when a server asks this node to begin another session
	// and to end this one then, at an instant within a time that it draws. It must not
	// block.
	Moved func(within time.Duration)

	// Reticent has the other node speak first: who does not name the event is told
	// nothing of this node. For the side that was connected to.
	Reticent bool

	Checkpoints *Checkpoints // of every chain, shared by all sessions; nil: none are exchanged
	Peers       *Peers       // where sessions write down what they learn of others; nil: nowhere
	Clock       *Clock       // this node's idea of the server's time; nil: it has none
	Claims      *Claims      // where sessions with servers can be asked for a ticket; nil: nobody asks
	Arbiter     Arbiter      // answers the claims of others; nil: each is granted at once

	Now  func() time.Time // the device's own clock, uncorrected
	Rand io.Reader        // of cryptographic quality
	Log  *slog.Logger     // nil: silent
}

// Run holds a session over conn until it ends, and closes conn. It returns nil
// when the peer said good-bye, ctx's error when ctx ended, and otherwise an
// error with a fault kind: [fault.Unavailable] for a cut or silent connection,
// [fault.Unauthorised] for a stranger, [fault.Forbidden] for an expelled node,
// on whichever side it was found.
func Run(ctx context.Context, conn Conn, local Local) error {
	return begin(ctx, conn, local, false)
}

// Level holds a session over conn until neither side lacks a record that the
// other has, then says good-bye and returns nil. Where a chain was refused for
// good it brings the others level and returns an error that names the chain.
func Level(ctx context.Context, conn Conn, local Local) error {
	return begin(ctx, conn, local, true)
}

func begin(ctx context.Context, conn Conn, local Local, once bool) error {
	defer conn.Close()
	if err := local.check(); err != nil {
		return err
	}
	link, err := handshake(ctx, conn, &local)
	if err != nil {
		return err
	}
	if wide, ok := conn.(Narrow); ok {
		wide.Widen()
	}
	if local.Met != nil {
		local.Met(link.peer)
	}
	return newSession(link, &local, once).run(ctx)
}

func (l *Local) check() error {
	if l.Self == nil || l.Store == nil || l.Directory == nil || l.Accept == nil || l.Subscribe == nil || l.Now == nil || l.Rand == nil {
		return errors.New("exchange: Local lacks a key, store, directory, Accept, Subscribe, clock or randomness")
	}
	if err := keyring.CheckEvent(l.Event); err != nil {
		return fault.Wrap(fault.BadInput, err, "exchanging records of event %.20q", l.Event)
	}
	if l.IsServer == nil {
		l.IsServer = func(journal.NodeID) bool { return false }
	}
	if l.Log == nil {
		l.Log = slog.New(slog.DiscardHandler)
	}
	if l.Peers == nil {
		l.Peers = new(Peers)
	}
	return nil
}

// node is this node's id.
func (l *Local) node() journal.NodeID { return journal.NodeOf(l.Self.Public()) }
