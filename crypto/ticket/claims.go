package ticket

import (
	"crypto/ed25519"

	"usher/crypto/keyring"
)

// Keys of the claims (RFC 8392 §4, RFC 8747 §3.1) and of usher's own map.
const (
	claimAud = 3
	claimExp = 4
	claimNbf = 5
	claimCti = 7
	claimCnf = 8
	claimExt = -65537

	extGeneration     = 1
	extProduct        = 2
	extZones          = 3
	extSeat           = 4
	extNameCommitment = 5
	extAdmissions     = 6

	cnfKey = 1 // COSE_Key (RFC 8747 §3.2)

	okpType  = 1 // kty, always 1, OKP (RFC 9052 §7.1)
	okpCurve = -1
	okpX     = -2
	curve    = 6 // Ed25519 (RFC 9053 §7.1)
)

// claims reads the payload at the cursor, whose signature must have held. Events
// spares the event's text an allocation where it is one of them.
func (c *cursor) claims(events []string) (claims Claims) {
	c.wrong = ReasonClaims
	start := c.at
	hasID := false
	m := c.members("the claims")
	for key, more := m.next(c); more; key, more = m.next(c) {
		switch key {
		case claimAud:
			claims.Event = c.event(events)
		case claimExp:
			claims.Expires = At(int64(c.uint("exp", 0, MaxTime)))
		case claimNbf:
			claims.NotBefore = At(int64(c.uint("nbf", 0, MaxTime)))
		case claimCti:
			copy(claims.ID[:], c.bytesOf("cti", len(claims.ID)))
			hasID = true
		case claimCnf:
			claims.Holder = c.confirmation()
		case claimExt:
			c.extension(&claims)
		default:
			m.unknown(c, key)
		}
	}
	if claims.Event == "" || !hasID {
		c.fail(ReasonClaims, start, "aud or cti is missing")
	}
	if claims.NotBefore.Set && claims.Expires.Set && claims.NotBefore.Unix >= claims.Expires.Unix {
		c.fail(ReasonClaims, start, "nbf is not before exp")
	}
	return claims
}

func (c *cursor) event(known []string) string {
	start := c.at
	b := c.text("aud", maxEvent)
	if c.err != nil {
		return ""
	}
	for _, event := range known {
		if event == string(b) {
			return event
		}
	}
	if err := keyring.CheckEvent(string(b)); err != nil {
		c.fail(ReasonClaims, start, "aud: %v", err)
		return ""
	}
	return string(b)
}

// confirmation reads cnf, a COSE_Key of Ed25519 and nothing else.
func (c *cursor) confirmation() (holder ed25519.PublicKey) {
	cnf := c.members("cnf")
	for key, more := cnf.next(c); more; key, more = cnf.next(c) {
		if key != cnfKey {
			cnf.unknown(c, key)
			break
		}
		holder = c.coseKey()
	}
	return holder
}

func (c *cursor) coseKey() (x ed25519.PublicKey) {
	start := c.at
	m := c.members("the holder's key")
	for key, more := m.next(c); more; key, more = m.next(c) {
		switch key {
		case okpType:
			c.uint("kty", okpType, okpType)
		case okpCurve:
			c.uint("crv", curve, curve)
		case okpX:
			x = c.bytesOf("x", ed25519.PublicKeySize)
		default:
			m.unknown(c, key)
		}
	}
	if m.n != 3 {
		c.fail(ReasonClaims, start, "the holder's key lacks kty, crv or x")
	}
	if c.err != nil {
		return nil
	}
	if err := keyring.CheckPublic(x); err != nil {
		c.fail(ReasonHolderKey, start, "%v", err)
	}
	return x
}

func (c *cursor) extension(claims *Claims) {
	m := c.members("usher's claims")
	for key, more := m.next(c); more; key, more = m.next(c) {
		switch key {
		case extGeneration:
			claims.Generation = uint16(c.uint("generation", 1, 1<<16-1))
		case extProduct:
			claims.Product = uint32(c.uint("product", 1, 1<<32-1))
		case extZones:
			claims.Zones = uint32(c.uint("zones", 1, 1<<32-1))
		case extSeat:
			claims.Seat = c.seat()
		case extNameCommitment:
			claims.NameCommitment = c.bytesOf("name commitment", nameCommitmentLen)
		case extAdmissions:
			claims.Admissions = uint8(c.uint("admissions", 2, 1<<8-1))
		default:
			m.unknown(c, key)
		}
	}
}

func (c *cursor) seat() string {
	start := c.at
	b := c.text("seat", MaxSeat)
	for i, char := range b {
		if char < ' ' || char > '~' {
			c.fail(ReasonClaims, start, "character %d of the seat is not printable ASCII", i+1)
			return ""
		}
	}
	return string(b)
}
