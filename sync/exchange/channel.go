package exchange

import (
	"context"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"usher/sync/fault"
)

// linkAAD names the use of a device key that proves itself to a peer, and of the
// keys of a session.
const linkAAD = "usher-link-v1"

// sealOverhead is what sealing adds to a message: its number and a tag.
const sealOverhead = 8 + chacha20poly1305.Overhead

// channel is a Conn whose messages only the two nodes of the session can read,
// make or reorder. Without it anybody between two gates on a LAN could say that
// a record is durable elsewhere, and a device would be put away with the only
// copy.
//
// A frame is the message's number, from 0, and the message under
// ChaCha20-Poly1305 (RFC 8439) with the number as nonce. A frame that comes
// again is passed over; one that is missing ends the session.
type channel struct {
	conn    Conn
	out, in cipher.AEAD
	sent    uint64 // covered by who calls send: one goroutine
	taken   uint64 // covered by who calls receive: one goroutine
}

// newChannel derives the two keys of a session (RFC 5869) from the X25519 secret, the
// two hellos and the direction: each key is named by the hello of the node that
// seals with it.
func newChannel(conn Conn, share *ecdh.PrivateKey, own, theirs []byte, peerShare []byte) (*channel, error) {
	public, err := ecdh.X25519().NewPublicKey(peerShare)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "reading the other node's share")
	}
	secret, err := share.ECDH(public)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "agreeing on keys with the other node")
	}
	c := &channel{conn: conn}
	if c.out, err = sealer(secret, own, theirs); err != nil {
		return nil, err
	}
	c.in, err = sealer(secret, theirs, own)
	return c, err
}

// sealer gives the cipher of the direction from one node to the other.
func sealer(secret, from, to []byte) (cipher.AEAD, error) {
	transcript := transcriptOf(from, to)
	key, err := hkdf.Key(sha256.New, secret, transcript[:], linkAAD, chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("deriving a session key: %w", err)
	}
	return chacha20poly1305.New(key)
}

// transcriptOf stands for a pair of hellos in one direction: both nodes' keys,
// shares and event.
func transcriptOf(from, to []byte) [64]byte {
	a, b := sha256.Sum256(from), sha256.Sum256(to)
	return [64]byte(append(a[:], b[:]...))
}

func nonceOf(number uint64) []byte {
	var nonce [chacha20poly1305.NonceSize]byte
	binary.BigEndian.PutUint64(nonce[4:], number)
	return nonce[:]
}

func (c *channel) send(ctx context.Context, m message) error {
	plain, err := encode(m)
	if err != nil {
		return err
	}
	frame := make([]byte, 8, len(plain)+sealOverhead)
	binary.BigEndian.PutUint64(frame, c.sent)
	frame = c.out.Seal(frame, nonceOf(c.sent), plain, nil)
	if err := c.conn.Send(ctx, frame); err != nil {
		return unavailable(ctx, err, "sending to the other node")
	}
	c.sent++
	return nil
}

// receive gives the next message. A frame that comes again gives none.
func (c *channel) receive(ctx context.Context) (message, error) {
	frame, err := c.conn.Receive(ctx)
	if err != nil {
		return nil, unavailable(ctx, err, "receiving from the other node")
	}
	plain, err := c.open(frame)
	if plain == nil || err != nil {
		return nil, err
	}
	return parse(plain)
}

func (c *channel) open(frame []byte) ([]byte, error) {
	if len(frame) < sealOverhead || len(frame) > MaxMessage {
		return nil, fault.New(fault.BadInput, "a message of %d bytes, want %d to %d", len(frame), sealOverhead, MaxMessage)
	}
	number := binary.BigEndian.Uint64(frame)
	if number < c.taken {
		return nil, nil
	}
	if number > c.taken {
		return nil, fault.New(fault.Unavailable, "message %d came where %d was next: the connection lost some", number, c.taken)
	}
	plain, err := c.in.Open(nil, nonceOf(number), frame[8:], nil)
	if err != nil {
		return nil, fault.Wrap(fault.Unauthorised, err, "message %d was not sealed by the other node, or was changed on its way", number)
	}
	c.taken++
	return plain, nil
}

// unavailable says that the connection failed, or gives ctx's cause where that
// is why.
func unavailable(ctx context.Context, err error, doing string) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", doing)
}
