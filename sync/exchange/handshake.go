package exchange

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"io"

	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
)

// peerLink is a connection on which the other node has proved its key and is
// let in.
type peerLink struct {
	*channel
	peer   journal.NodeID
	public ed25519.PublicKey
	// introduced says that the node came with its enrolment, which the
	// directory does not know yet.
	introduced bool
}

// handshake says hello, proves both keys and decides whether the other node is
// let in. Both nodes do the same at the same time, except that a reticent one says
// nothing before the other has named the event.
func handshake(ctx context.Context, conn Conn, local *Local) (*peerLink, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, HandshakeTimeout,
		fault.New(fault.Unavailable, "the other node did not prove itself within %v", HandshakeTimeout))
	defer cancel()
	share, err := newShare(local.Rand)
	if err != nil {
		return nil, err
	}
	own, err := encode(&hello{Event: local.Event, Public: local.Self.Public(), Share: share.PublicKey().Bytes()})
	if err != nil {
		return nil, err
	}
	theirs, raw, err := local.swapHellos(ctx, conn, own)
	if err != nil {
		return nil, hangUp(ctx, conn, err)
	}
	link := &peerLink{peer: journal.NodeOf(theirs.Public), public: theirs.Public}
	if link.channel, err = newChannel(conn, share, own, raw, theirs.Share); err != nil {
		return nil, hangUp(ctx, conn, err)
	}
	if err := link.prove(ctx, local, own, raw); err != nil {
		return nil, link.farewell(ctx, local, err)
	}
	return link, nil
}

// newShare draws an X25519 key by hand, because ecdh no longer takes randomness
// from its caller.
func newShare(rand io.Reader) (*ecdh.PrivateKey, error) {
	var scalar [shareSize]byte
	if _, err := io.ReadFull(rand, scalar[:]); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "drawing randomness for a session")
	}
	return ecdh.X25519().NewPrivateKey(scalar[:])
}

// swapHellos sends our hello and reads theirs, which has to be of the event.
func (l *Local) swapHellos(ctx context.Context, conn Conn, own []byte) (*hello, []byte, error) {
	if !l.Reticent {
		return l.bothHellos(ctx, conn, own)
	}
	raw, err := conn.Receive(ctx)
	if err != nil {
		return nil, nil, unavailable(ctx, err, "waiting for the other node's hello")
	}
	theirs, err := l.readHello(raw)
	if err != nil {
		return nil, nil, err
	}
	if err := conn.Send(ctx, own); err != nil {
		return nil, nil, unavailable(ctx, err, "saying hello")
	}
	return theirs, raw, nil
}

// bothHellos sends ours and reads theirs, at the same time: a carrier without
// buffers would hold up two nodes that both send first.
func (l *Local) bothHellos(ctx context.Context, conn Conn, own []byte) (*hello, []byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() {
		err := conn.Send(ctx, own)
		if err != nil {
			cancel(unavailable(ctx, err, "saying hello"))
		}
		sent <- err
	}()
	raw, err := conn.Receive(ctx)
	if err != nil {
		err = unavailable(ctx, err, "waiting for the other node's hello")
		cancel(err)
		<-sent
		return nil, nil, err
	}
	if err := <-sent; err != nil {
		return nil, nil, context.Cause(ctx)
	}
	theirs, err := l.readHello(raw)
	return theirs, raw, err
}

func (l *Local) readHello(raw []byte) (*hello, error) {
	m, err := parse(raw)
	if err != nil {
		return nil, err
	}
	switch m := m.(type) {
	case *hello:
		return m, l.judgeHello(m)
	case *lastWord:
		return nil, said(m)
	}
	return nil, fault.New(fault.BadInput, "a session begins with hello, not with %s", m.kind())
}

// judgeHello refuses without a word of this node's event: who asks may be a stranger.
func (l *Local) judgeHello(h *hello) error {
	if h.Event != l.Event {
		return fault.At(fault.Refused, "event", "the other node is of event %s, this one is not", h.Event)
	}
	if l.Self.Public().Equal(ed25519.PublicKey(h.Public)) {
		return fault.At(fault.Refused, "node", "node %s talks to itself, or its key was copied", l.node())
	}
	return nil
}

// prove sends our proof, checks theirs, and looks the node up.
func (p *peerLink) prove(ctx context.Context, local *Local, own, theirs []byte) error {
	transcript := transcriptOf(own, theirs)
	sig := local.Self.Sign(keyring.ProtectedEdDSA, linkAAD, transcript[:])
	if err := p.send(ctx, &proof{Sig: sig[:], Introduction: local.Introduction}); err != nil {
		return err
	}
	m, err := p.receive(ctx)
	if err != nil {
		return err
	}
	switch m := m.(type) {
	case *lastWord:
		return said(m)
	case *proof:
		transcript = transcriptOf(theirs, own)
		if !keyring.Verify(p.public, keyring.ProtectedEdDSA, linkAAD, transcript[:], m.Sig) {
			return fault.At(fault.Unauthorised, "proof", "node %s did not prove that it holds its key", p.peer)
		}
		return p.admit(ctx, local, m.Introduction)
	}
	return fault.New(fault.BadInput, "after hello comes proof, not %v", nameOf(m))
}

// admit lets in who is enrolled and not expelled. Who is not known yet may bring
// the server's record of its enrolment; that it comes from beyond what this node
// holds of the server's journal is why it is not known.
func (p *peerLink) admit(ctx context.Context, local *Local, introduction []byte) error {
	pub, limit, known := local.Directory.Author(p.peer)
	if known && limit != nil {
		held, err := local.Store.Vector(ctx)
		if err != nil {
			return err
		}
		if !owes(held, p.peer, limit) {
			return expelled(p.peer)
		}
	}
	switch {
	case known && !pub.Equal(p.public):
		return fault.At(fault.Unauthorised, "node", "the key of node %s is not the one it was enrolled with", p.peer)
	case known:
		return nil
	}
	if err := checkIntroduction(local, p.public, introduction); err != nil {
		return fault.Wrap(fault.Unauthorised, err, "node %s is not enrolled for event %s, as far as this node knows", p.peer, local.Event)
	}
	p.introduced = true
	return nil
}

// owes reports whether a node whose enrolment is over has written records that are
// still believed and not held here: it is let in to hand them over.
func owes(held journal.Vector, node journal.NodeID, limit *journal.Expel) bool {
	return held[journal.Chain{Node: node, Epoch: limit.Epoch}].Seq < limit.Last
}

func expelled(node journal.NodeID) error {
	return fault.At(fault.Forbidden, "node", "node %s was expelled", node)
}

var errNoIntroduction = errors.New("it brought no enrolment")

func checkIntroduction(local *Local, public ed25519.PublicKey, introduction []byte) error {
	if len(introduction) == 0 {
		return errNoIntroduction
	}
	r, err := journal.Parse(introduction)
	if err != nil {
		return err
	}
	if !local.IsServer(r.Chain.Node) {
		return errors.New("its enrolment was not written by a server of the event")
	}
	server, _, ok := local.Directory.Author(r.Chain.Node)
	if !ok {
		return errors.New("the server that enrolled it is not known here")
	}
	if err := r.Verify(server); err != nil {
		return err
	}
	enrol, err := journal.Read[journal.Enrol](r)
	if err != nil {
		return err
	}
	if !public.Equal(ed25519.PublicKey(enrol.Public)) {
		return errors.New("its enrolment is another node's")
	}
	return nil
}

// hangUp says in clear why there will be no session, and gives the reason.
func hangUp(ctx context.Context, conn Conn, why error) error {
	if tellable(why) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FarewellTimeout)
		defer cancel()
		if b, err := encode(&lastWord{Problem: fault.ToProblem(why)}); err == nil {
			_ = conn.Send(ctx, b) // the session is over either way
		}
	}
	return why
}

// farewell says under seal why the session ends, and gives the reason. A node that
// was expelled is shown the record that says so.
func (p *peerLink) farewell(ctx context.Context, local *Local, why error) error {
	if tellable(why) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), FarewellTimeout)
		defer cancel()
		word := &lastWord{Problem: fault.ToProblem(why)}
		if local.Ended != nil && errors.Is(why, fault.Forbidden) {
			word.Ended = local.Ended(p.peer)
		}
		_ = p.send(ctx, word) // the session is over either way
	}
	return why
}

// heard is what the other node said as its last word.
type heard struct {
	error
	ended []byte
}

func (h heard) Unwrap() error { return h.error }

// EndedBy gives the record by which, as the other node of a session says, this
// node's enrolment was ended; nil where it said nothing of the kind. It is to be
// verified before it is believed.
func EndedBy(err error) []byte {
	var h heard
	if !errors.As(err, &h) {
		return nil
	}
	return h.ended
}

func said(m *lastWord) error {
	err := m.Problem.Err()
	return heard{fault.Wrap(fault.KindOf(err), err, "the other node ended the session"), m.Ended}
}

// tellable says whether the other node should be told: not what it said itself,
// and nothing over a connection that is gone.
func tellable(err error) bool {
	var h heard
	return !errors.As(err, &h) && !errors.Is(err, fault.Unavailable) && !errors.Is(err, context.Canceled)
}

func nameOf(m message) string {
	if m == nil {
		return "a repeated message"
	}
	return m.kind().String()
}
