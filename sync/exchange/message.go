package exchange

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"usher/sync/fault"
	"usher/sync/journal"
)

// kind numbers the messages. A number is never used again for another message.
type kind uint8

const (
	kindHello       kind = 1
	kindProof       kind = 2
	kindVector      kind = 3
	kindBatch       kind = 4
	kindRefusal     kind = 5
	kindDispute     kind = 6
	kindCheckpoints kind = 7
	kindPing        kind = 8
	kindPong        kind = 9
	kindFault       kind = 10
	kindBye         kind = 11
	kindClaim       kind = 12
	kindGrant       kind = 13
	kindMove        kind = 14
)

var kindNames = map[kind]string{
	kindHello: "hello", kindProof: "proof", kindVector: "vector", kindBatch: "batch", kindRefusal: "refusal",
	kindDispute: "dispute", kindCheckpoints: "checkpoints", kindPing: "ping", kindPong: "pong", kindFault: "fault", kindBye: "bye",
	kindClaim: "claim", kindGrant: "grant", kindMove: "move",
}

func (k kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("message-%d", uint8(k))
}

// message is one of the types of this package that cross the wire.
type message interface {
	kind() kind
	// check holds what the limits say of a message beyond its types.
	check() error
}

// envelope is how every message stands on the wire.
type envelope struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Kind    uint8
	Body    cbor.RawMessage
}

// encode writes a message in its one encoding.
func encode(m message) ([]byte, error) {
	body, err := journal.Encode(m)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s message: %w", m.kind(), err)
	}
	b, err := journal.Encode(envelope{Version: Version, Kind: uint8(m.kind()), Body: body})
	if err != nil {
		return nil, fmt.Errorf("encoding a %s message: %w", m.kind(), err)
	}
	if len(b) > MaxMessage-sealOverhead {
		return nil, fmt.Errorf("encoding a %s message: %d bytes, limit %d", m.kind(), len(b), MaxMessage-sealOverhead)
	}
	return b, nil
}

// parse reads one message in its one encoding and refuses everything else: with
// fault.Newer one of another version, else with fault.BadInput.
func parse(b []byte) (message, error) {
	var e envelope
	if err := journal.Decode(b, &e); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "a message of %d bytes can't be read", len(b))
	}
	if e.Version != Version {
		return nil, fault.New(fault.Newer, "the other node speaks version %d of the sync protocol, this one %d", e.Version, Version)
	}
	m := blank(kind(e.Kind))
	if m == nil {
		return nil, fault.New(fault.BadInput, "there is no message of kind %d", e.Kind)
	}
	if err := journal.Decode(e.Body, m); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "a %s message can't be read", m.kind())
	}
	if err := m.check(); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "a %s message breaks a rule", m.kind())
	}
	return m, nil
}

func blank(k kind) message {
	switch k {
	case kindHello:
		return new(hello)
	case kindProof:
		return new(proof)
	case kindVector:
		return new(vector)
	case kindBatch:
		return new(batch)
	case kindRefusal:
		return new(refusal)
	case kindDispute:
		return new(dispute)
	case kindCheckpoints:
		return new(checkpoints)
	case kindPing:
		return new(ping)
	case kindPong:
		return new(pong)
	case kindFault:
		return new(lastWord)
	case kindBye:
		return new(bye)
	case kindClaim:
		return new(claim)
	case kindGrant:
		return new(grant)
	case kindMove:
		return new(move)
	}
	return nil
}
