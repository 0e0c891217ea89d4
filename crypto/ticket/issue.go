package ticket

import (
	"bytes"
	"errors"
	"fmt"

	"usher/crypto/base45"
	"usher/crypto/keyring"
)

// Issue makes the text of a static ticket, for a QR code in alphanumeric mode.
// The holder has to be nil. It refuses claims that no verifier would accept.
func Issue(c Claims, s *keyring.Signer) (string, error) {
	if c.Holder != nil {
		return "", fmt.Errorf("issuing ticket %s: a static ticket has no holder", c.ID)
	}
	ticket, err := sign(c, s)
	if err != nil {
		return "", err
	}
	return text(PrefixStatic, ticket), nil
}

// IssueBound makes the bytes of a holder-bound ticket, which a wallet keeps and
// presents with [Present].
func IssueBound(c Claims, s *keyring.Signer) ([]byte, error) {
	if c.Holder == nil {
		return nil, fmt.Errorf("issuing ticket %s: a holder-bound ticket needs a holder", c.ID)
	}
	return sign(c, s)
}

func text(prefix string, token []byte) string {
	out := make([]byte, 0, prefixLen+base45.EncodedLen(len(token)))
	return string(base45.Append(append(out, prefix...), token))
}

func sign(claims Claims, s *keyring.Signer) ([]byte, error) {
	payload := claims.append(nil)
	// What a verifier accepts is said once, in the parser.
	check := cursor{b: payload, end: len(payload)}
	check.claims(nil)
	if check.finish("the claims"); check.err != nil {
		return nil, fmt.Errorf("issuing ticket %s: %w", claims.ID, check.err)
	}
	id := s.ID()
	protected := append(protectedHead[:len(protectedHead):len(protectedHead)], id[:]...)
	signature := s.Sign(protected, ticketAAD, payload)

	b := appendHead(make([]byte, 0, maxBytes), majorArray, 4)
	b = appendBytes(b, protected)
	b = appendHead(b, majorMap, 0)
	b = appendBytes(b, payload)
	return appendBytes(b, signature[:]), nil
}

// Present makes the text that a wallet shows: the ticket of [IssueBound] with the
// holder's proof of a moment, in Unix seconds, and of the gate's challenge if it
// asks for one. It needs no ring: it doesn't check the issuer's signature.
func Present(ticket []byte, holder *keyring.Signer, ts int64, challenge *uint32) (string, error) {
	if err := presentable(ticket, holder); err != nil {
		return "", fmt.Errorf("presenting a ticket: %w", err)
	}
	if ts < 0 || ts > MaxTime {
		return "", fmt.Errorf("presenting a ticket: time %d, want 0 to %d", ts, int64(MaxTime))
	}
	elements := uint64(2)
	if challenge != nil {
		elements++
		if *challenge > MaxChallenge {
			return "", fmt.Errorf("presenting a ticket: challenge %d has more than six digits", *challenge)
		}
	}
	b := appendHead(make([]byte, 0, maxBytes), majorArray, elements)
	b = appendBytes(b, ticket)
	b = appendHead(b, majorUint, uint64(ts))
	if challenge != nil {
		b = appendHead(b, majorUint, uint64(*challenge))
	}
	proof := holder.Sign(keyring.ProtectedEdDSA, proofAAD, b)
	b[0]++ // the proof is the array's last element
	return text(PrefixPresentation, appendBytes(b, proof[:])), nil
}

// presentable refuses what is no ticket of that holder.
func presentable(ticket []byte, holder *keyring.Signer) error {
	c := cursor{b: ticket, end: len(ticket)}
	e := c.envelope()
	if c.err != nil {
		return c.err
	}
	payload := cursor{b: ticket, at: e.payloadAt, end: e.payloadEnd}
	claims := payload.claims(nil)
	if payload.finish("the claims"); payload.err != nil {
		return payload.err
	}
	if !bytes.Equal(claims.Holder, holder.Public()) {
		return errors.New("it is not bound to this holder's key")
	}
	return nil
}
