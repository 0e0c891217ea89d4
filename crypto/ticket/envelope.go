package ticket

import (
	"bytes"

	"usher/crypto/keyring"
)

const (
	kidLen       = len(keyring.KeyID{})
	signatureLen = 64
	protectedLen = 9
)

// protectedHead is the protected header {1: -8, 4: kid} up to the kid. It being
// fixed refuses every other algorithm and every crit.
var protectedHead = [protectedLen - kidLen]byte{0xa2, 0x01, 0x27, 0x04, 0x44}

// envelope is a COSE_Sign1 taken apart, nothing of it believed yet.
type envelope struct {
	protected []byte
	kid       keyring.KeyID
	// payloadAt and payloadEnd are offsets in the decoded token.
	payloadAt, payloadEnd int
	signature             []byte
}

// envelope reads a COSE_Sign1 up to the cursor's end.
func (c *cursor) envelope() (e envelope) {
	c.wrong = ReasonCBOR
	c.array("the ticket", 4, 4)
	e.protected = c.protected()
	copy(e.kid[:], e.protected[min(len(e.protected), len(protectedHead)):])
	c.unprotected()
	payload := c.bytes("the payload")
	e.payloadAt, e.payloadEnd = c.at-len(payload), c.at
	e.signature = c.bytesOf("the signature", signatureLen)
	c.finish("the ticket")
	return e
}

func (c *cursor) protected() []byte {
	start := c.at
	b := c.bytes("the protected header")
	if c.err == nil && (len(b) != protectedLen || !bytes.HasPrefix(b, protectedHead[:])) {
		c.fail(ReasonHeader, start, "the protected header is not algorithm EdDSA and a key id of 4 bytes, and nothing else")
		return nil
	}
	return b
}

func (c *cursor) unprotected() {
	start := c.at
	n := c.want(majorMap, "the unprotected header")
	if c.err == nil && n != 0 {
		c.fail(ReasonHeader, start, "the unprotected header is not empty")
	}
}

// presentation reads what is around the ticket in a presentation and leaves the
// cursor before the ticket, with the ticket's end for its end.
func (c *cursor) presentation() (proof Proof) {
	c.wrong = ReasonCBOR
	start := c.at
	n := c.array("the presentation", 3, 4)
	ticket := c.bytes("the ticket")
	ticketEnd := c.at
	proof.Time = int64(c.uint("the proof's time", 0, MaxTime))
	if proof.HasChallenge = n == 4; proof.HasChallenge {
		proof.Challenge = uint32(c.uint("the challenge", 0, MaxChallenge))
	}
	proof.signed = c.b[start:c.at]
	proof.signature = c.bytesOf("the proof's signature", signatureLen)
	c.finish("the presentation")
	c.at, c.end = ticketEnd-len(ticket), ticketEnd
	return proof
}
