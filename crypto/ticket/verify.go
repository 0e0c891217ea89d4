package ticket

import (
	"usher/crypto/base45"
	"usher/crypto/keyring"
)

// Verify says whether a text is genuine and what it claims: it checks length,
// prefix, Base45, envelope, header and key id, then the issuer's signature, then
// reads the claims. It looks neither at the key's state and time nor at the
// event, and doesn't verify the holder's proof: see [Judge].
//
// The text has to be clean: see [CleanInput]. The error is an [*Error].
func Verify(text string, keys Keys) (*Ticket, error) {
	t, _, err := verifyText(text, keys, MaxChars)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// VerifyBytes does the same as [Verify] for evidence from a record: the bytes of
// [Ticket.Evidence] or [Ticket.Bytes]. A holder-bound ticket is good here without
// its proof, because the question is only who issued it.
func VerifyBytes(b []byte, keys Keys) (*Ticket, error) {
	if len(b) > maxBytes {
		return nil, refuse(ReasonLength, "more bytes than a token may have")
	}
	t, _, err := verifyDecoded(append([]byte(nil), b...), formOf(b), keys)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// form says what bytes are to be.
type form uint8

const (
	static       form = iota // a ticket without holder, from a text
	presentation             // a ticket and its holder's proof
	bare                     // a ticket, with a holder or not, from a record
)

// formOf tells evidence apart by the length of its first byte string: 9 bytes are
// a ticket's protected header, a whole ticket has more.
func formOf(b []byte) form {
	const shortHead = 0x40 | protectedLen
	if len(b) > 1 && b[1] != shortHead {
		return presentation
	}
	return bare
}

func verifyText(text string, keys Keys, maxChars int) (*Ticket, keyring.Key, *Error) {
	raw, form, err := decodeText(text, maxChars)
	if err != nil {
		return nil, keyring.Key{}, err
	}
	return verifyDecoded(raw, form, keys)
}

func decodeText(text string, maxChars int) ([]byte, form, *Error) {
	if len(text) > maxChars {
		return nil, 0, refuse(ReasonLength, "more characters than a token may have")
	}
	form := static
	switch {
	case len(text) < prefixLen:
		return nil, 0, refuse(ReasonPrefix, "too short for a token")
	case text[:prefixLen] == PrefixPresentation:
		form = presentation
	case text[:prefixLen] != PrefixStatic:
		return nil, 0, refuse(ReasonPrefix, "it starts with neither UT1: nor UP1:")
	}
	body := text[prefixLen:]
	raw, err := base45.Decode(make([]byte, 0, base45.DecodedLen(len(body))), body)
	if err != nil {
		return nil, 0, textError(err)
	}
	return raw, form, nil
}

func textError(err error) *Error {
	fault, ok := err.(*base45.Error)
	if !ok {
		return refuse(ReasonBase45, err.Error())
	}
	reason := ReasonBase45
	if fault.Fault == base45.Charset {
		reason = ReasonCharset
	}
	return &Error{Reason: reason, Offset: prefixLen + fault.Offset, Detail: fault.Error()}
}

// verifyDecoded keeps raw as the ticket's evidence.
func verifyDecoded(raw []byte, form form, keys Keys) (*Ticket, keyring.Key, *Error) {
	t := &Ticket{evidence: raw}
	c := cursor{b: raw, end: len(raw)}
	if form == presentation {
		t.proof = c.presentation()
		t.Proof = &t.proof
	}
	t.ticket = raw[c.at:c.end]
	e := c.envelope()
	if c.err != nil {
		return nil, keyring.Key{}, c.err
	}
	t.KeyID = e.kid
	key, err := issuer(e, raw, keys)
	if err != nil {
		return nil, key, err.ofKey(e.kid)
	}
	payload := cursor{b: raw, at: e.payloadAt, end: e.payloadEnd}
	t.Claims = payload.claims(key.Events)
	payload.finish("the claims")
	if payload.err == nil {
		payload.bound(form, t.Holder != nil)
	}
	if payload.err != nil {
		return nil, key, payload.err.ofKey(e.kid)
	}
	return t, key, nil
}

// issuer gives the key that signed the ticket.
func issuer(e envelope, raw []byte, keys Keys) (keyring.Key, *Error) {
	key, ok := keys.Key(e.kid)
	if !ok {
		return key, refuse(ReasonKid, "no such key in the ring: a sync may bring it")
	}
	if key.Role != keyring.RoleIssuer {
		return key, refuse(ReasonKeyRole, "the key is not an issuer's but "+key.Role.String())
	}
	if err := keyring.CheckPublic(key.Public); err != nil {
		return key, refuse(ReasonKeyWeak, err.Error())
	}
	payload := raw[e.payloadAt:e.payloadEnd]
	if !key.Verify(e.protected, ticketAAD, payload, e.signature) {
		return key, refuse(ReasonSig, "the issuer's signature is bad")
	}
	return key, nil
}

// bound wants a holder-bound ticket to come with a proof, and no other.
func (c *cursor) bound(form form, hasHolder bool) {
	switch {
	case form == static && hasHolder:
		c.fail(ReasonProofMissing, nowhere, "the ticket is bound to a holder and has to come with a proof")
	case form == presentation && !hasHolder:
		c.fail(ReasonProofUnbound, nowhere, "there is a proof, but the ticket is bound to no holder")
	}
}

// VerifyProof checks the holder's signature of a presentation, not its time. For
// a static ticket there is nothing to check. The error is an [*Error].
func (t *Ticket) VerifyProof() error {
	if err := t.verifyProof(); err != nil {
		return err
	}
	return nil
}

func (t *Ticket) verifyProof() *Error {
	if t.Proof == nil {
		if t.Holder != nil {
			return refuse(ReasonProofMissing, "the ticket is bound to a holder and has to come with a proof").ofKey(t.KeyID)
		}
		return nil
	}
	// What is signed is the array without its last element: its head with one
	// element less, then the same bytes.
	var stack [maxBytes]byte
	signed := append(stack[:0], t.Proof.signed...)
	signed[0]--
	if !keyring.Verify(t.Holder, keyring.ProtectedEdDSA, proofAAD, signed, t.Proof.signature) {
		return refuse(ReasonProofSig, "the holder's signature is bad").ofKey(t.KeyID)
	}
	return nil
}
