package exchange

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"usher/crypto/keyring"
	"usher/sync/fault"
	"usher/sync/journal"
)

const (
	shareSize = 32      // an X25519 share
	maxTime   = 1 << 60 // µs; the latest time that a message may name
)

// hello says who a node claims to be. It is the one message in clear.
type hello struct {
	Event  string `cbor:"1,keyasint"`
	Public []byte `cbor:"2,keyasint"` // the device's Ed25519 key
	Share  []byte `cbor:"3,keyasint"` // X25519, drawn for this session: also its nonce
}

func (*hello) kind() kind { return kindHello }

func (h *hello) check() error {
	if len(h.Share) != shareSize {
		return fmt.Errorf("share of %d bytes, want %d", len(h.Share), shareSize)
	}
	return errors.Join(keyring.CheckEvent(h.Event), keyring.CheckPublic(h.Public))
}

// proof is a device key's signature over both hellos, its own first.
type proof struct {
	Sig          []byte `cbor:"1,keyasint"`
	Introduction []byte `cbor:"2,keyasint,omitempty"` // the enrol record of the node
}

func (*proof) kind() kind { return kindProof }

func (p *proof) check() error {
	if len(p.Sig) != ed25519.SignatureSize || len(p.Introduction) > maxIntroduction {
		return fmt.Errorf("signature of %d bytes, introduction of %d", len(p.Sig), len(p.Introduction))
	}
	return nil
}

// batch carries records of one chain, which follow each other.
type batch struct {
	Node    journal.NodeID `cbor:"1,keyasint"`
	Epoch   uint64         `cbor:"2,keyasint"`
	First   uint64         `cbor:"3,keyasint"`
	Records [][]byte       `cbor:"4,keyasint"`
}

func (*batch) kind() kind { return kindBatch }

func (b *batch) check() error {
	if b.First == 0 || b.First > b.last() || len(b.Records) == 0 || len(b.Records) > MaxBatchRecords {
		return fmt.Errorf("%d records of %s from number %d on", len(b.Records), b.chain(), b.First)
	}
	for i, r := range b.Records {
		if len(r) > journal.MaxRecordBytes {
			return fmt.Errorf("record %d of %s: %d bytes, limit %d", b.First+uint64(i), b.chain(), len(r), journal.MaxRecordBytes)
		}
	}
	return nil
}

func (b *batch) chain() journal.Chain { return journal.Chain{Node: b.Node, Epoch: b.Epoch} }

// last is the number of the batch's last record.
func (b *batch) last() uint64 { return b.First + uint64(len(b.Records)) - 1 }

// refusal answers a batch that was not taken in, or not beyond what the vector
// says.
type refusal struct {
	Node    journal.NodeID `cbor:"1,keyasint"`
	Epoch   uint64         `cbor:"2,keyasint"`
	First   uint64         `cbor:"3,keyasint"`
	Problem fault.Problem  `cbor:"4,keyasint"`
}

func (*refusal) kind() kind             { return kindRefusal }
func (*refusal) check() error           { return nil }
func (r *refusal) chain() journal.Chain { return journal.Chain{Node: r.Node, Epoch: r.Epoch} }

// dispute shows a record of which the other node holds another with the same
// number. The answer shows that one; an empty answer says that there is none.
type dispute struct {
	Node   journal.NodeID `cbor:"1,keyasint"`
	Epoch  uint64         `cbor:"2,keyasint"`
	Seq    uint64         `cbor:"3,keyasint"`
	Record []byte         `cbor:"4,keyasint,omitempty"`
	Answer bool           `cbor:"5,keyasint,omitempty"`
}

func (*dispute) kind() kind { return kindDispute }

func (d *dispute) check() error {
	if d.Seq == 0 || len(d.Record) > journal.MaxRecordBytes || len(d.Record) == 0 && !d.Answer {
		return fmt.Errorf("record %d of %s in %d bytes", d.Seq, d.chain(), len(d.Record))
	}
	return nil
}

func (d *dispute) chain() journal.Chain { return journal.Chain{Node: d.Node, Epoch: d.Epoch} }

// checkpoints carries checkpoints that the other node may not have.
type checkpoints struct {
	List [][]byte `cbor:"1,keyasint"`
}

func (*checkpoints) kind() kind { return kindCheckpoints }

func (c *checkpoints) check() error {
	if c.List == nil || len(c.List) > MaxCheckpoints {
		return fmt.Errorf("%d checkpoints, limit %d", len(c.List), MaxCheckpoints)
	}
	return nil
}

// ping asks for a sign of life and for the time.
type ping struct {
	Number uint64 `cbor:"1,keyasint"`
}

func (*ping) kind() kind   { return kindPing }
func (*ping) check() error { return nil }

// pong answers a ping with the answerer's clock as the ping came and as the
// answer left, and with what it knows of the server's time.
type pong struct {
	Number   uint64  `cbor:"1,keyasint"`
	Received int64   `cbor:"2,keyasint"`           // Unix µs
	Sent     int64   `cbor:"3,keyasint"`           // Unix µs
	Offset   *int64  `cbor:"4,keyasint,omitempty"` // µs from the answerer's clock to the server's
	Error    *uint64 `cbor:"5,keyasint,omitempty"` // µs; the true offset is within ± this
}

func (*pong) kind() kind { return kindPong }

func (p *pong) check() error {
	switch {
	case p.Received < 0 || p.Sent < p.Received || p.Sent > maxTime:
		return fmt.Errorf("received at %d, sent at %d", p.Received, p.Sent)
	case (p.Offset == nil) != (p.Error == nil):
		return errors.New("offset and error come together")
	case p.Offset != nil && (*p.Offset > maxTime || *p.Offset < -maxTime || *p.Error > maxTime):
		return errors.New("offset out of range")
	}
	return nil
}

// lastWord says why the sender ends the session.
type lastWord struct {
	Problem fault.Problem `cbor:"1,keyasint"`
	Ended   []byte        `cbor:"2,keyasint,omitempty"` // the record that ended the receiver's enrolment
}

func (*lastWord) kind() kind { return kindFault }

func (l *lastWord) check() error {
	if len(l.Ended) > maxIntroduction {
		return fmt.Errorf("the record of an expulsion in %d bytes", len(l.Ended))
	}
	return nil
}

// bye ends a session that has nothing left to do.
type bye struct{}

func (*bye) kind() kind   { return kindBye }
func (*bye) check() error { return nil }

// claim asks for the right to be the one that decides on a ticket next.
type claim struct {
	Number uint64           `cbor:"1,keyasint"` // of the claim in its session
	Ticket journal.TicketID `cbor:"2,keyasint"`
}

func (*claim) kind() kind   { return kindClaim }
func (*claim) check() error { return nil }

// grant answers a claim. The marks are the records that who claimed should have
// seen before it decides.
type grant struct {
	Number uint64 `cbor:"1,keyasint"`
	Marks  []mark `cbor:"2,keyasint,omitempty"`
}

// mark is a Mark on the wire.
type mark struct {
	Node  journal.NodeID `cbor:"1,keyasint"`
	Epoch uint64         `cbor:"2,keyasint"`
	Seq   uint64         `cbor:"3,keyasint"`
}

func (*grant) kind() kind { return kindGrant }

func (g *grant) check() error {
	if len(g.Marks) > MaxMarks {
		return fmt.Errorf("%d marks, limit %d", len(g.Marks), MaxMarks)
	}
	return nil
}

// move asks the other node to go on in a session of its own making with another server
// of the same database: this one is about to end.
type move struct {
	Within uint64 `cbor:"1,keyasint"` // ms; when within it is for the receiver to draw
}

func (*move) kind() kind { return kindMove }

func (m *move) check() error {
	if m.Within > uint64(maxMove/time.Millisecond) {
		return fmt.Errorf("to be done within %d ms, limit %v", m.Within, maxMove)
	}
	return nil
}
