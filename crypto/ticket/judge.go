package ticket

import "usher/crypto/keyring"

// Window is how far a proof's time may be from now, in seconds, both edges
// included.
type Window struct{ Past, Future int64 }

// DefaultWindow allows for a code that is renewed every 15 s, a slow scan and
// clocks that differ.
var DefaultWindow = Window{Past: 45, Future: 15}

// GenerationNever is a lowest good generation that no ticket reaches: revoked for
// good.
const GenerationNever uint32 = 1 << 16

// Context is what a verifier without state knows when it judges.
type Context struct {
	Keys  Keys
	Event string
	Now   int64 // Unix seconds
	// Window of a proof's time; nil means DefaultWindow.
	Window *Window
	// MaxChars of a text; 0 means the constant MaxChars.
	MaxChars int
	// MinGeneration gives the lowest generation of a ticket that is still good;
	// nil, and an answer of 0, mean that all are.
	MinGeneration func(ID) uint32
	// InRoster says whether the roster knows a ticket, which a roster-only key
	// asks for; nil means that there is no roster, and such a key is refused.
	InRoster func(ID) bool
	// Challenge is what this gate asked the holder to type in; nil for nothing.
	// A static ticket can't answer one.
	Challenge *uint32
}

// Judge says whether a text is good in a context: [Verify], then, in this order,
// the key's state and time, event, nbf, exp, generation, the holder's proof, its
// time and the challenge. On an error after the claims were read it gives the
// ticket too, so that a refusal can say whose. The error is an [*Error].
func Judge(text string, ctx Context) (*Ticket, error) {
	limit := MaxChars
	if ctx.MaxChars > 0 {
		limit = ctx.MaxChars
	}
	t, key, err := verifyText(text, ctx.Keys, limit)
	if err != nil {
		return nil, err
	}
	if err := t.judge(key, ctx); err != nil {
		return t, err.ofKey(t.KeyID)
	}
	return t, nil
}

func (t *Ticket) judge(key keyring.Key, ctx Context) *Error {
	for _, check := range [...]func(keyring.Key, Context) *Error{
		t.judgeKey, t.judgeEvent, t.judgeTime, t.judgeGeneration, t.judgeProof,
	} {
		if err := check(key, ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *Ticket) judgeKey(key keyring.Key, ctx Context) *Error {
	switch {
	case key.State == keyring.Revoked:
		return refuse(ReasonKeyRevoked, "the issuing key is revoked")
	case ctx.Now < key.NotBefore:
		return refuse(ReasonKeyNotBefore, "the issuing key is not good yet")
	case ctx.Now >= key.Expires:
		return refuse(ReasonKeyExpired, "the issuing key has expired")
	case key.State == keyring.Active:
		return nil
	case ctx.InRoster == nil || !ctx.InRoster(t.ID):
		return refuse(ReasonKeyRosterOnly, "the issuing key may be stolen, and the roster doesn't know the ticket")
	}
	return nil
}

func (t *Ticket) judgeEvent(key keyring.Key, ctx Context) *Error {
	switch {
	case t.Event != ctx.Event:
		return refuse(ReasonAud, "the ticket is for event "+t.Event)
	case !key.For(t.Event):
		return refuse(ReasonKeyAud, "the issuing key is not for event "+t.Event)
	}
	return nil
}

func (t *Ticket) judgeTime(_ keyring.Key, ctx Context) *Error {
	switch {
	case t.NotBefore.Set && ctx.Now < t.NotBefore.Unix:
		return refuse(ReasonNotBefore, "the ticket is not good yet")
	case t.Expires.Set && ctx.Now >= t.Expires.Unix:
		return refuse(ReasonExpired, "the ticket has expired")
	}
	return nil
}

func (t *Ticket) judgeGeneration(_ keyring.Key, ctx Context) *Error {
	if ctx.MinGeneration != nil && uint32(t.Generation) < ctx.MinGeneration(t.ID) {
		return refuse(ReasonGeneration, "the ticket was reissued, transferred or revoked")
	}
	return nil
}

func (t *Ticket) judgeProof(_ keyring.Key, ctx Context) *Error {
	if err := t.verifyProof(); err != nil {
		return err
	}
	if t.Proof != nil {
		window := DefaultWindow
		if ctx.Window != nil {
			window = *ctx.Window
		}
		if t.Proof.Time < ctx.Now-window.Past || t.Proof.Time > ctx.Now+window.Future {
			return refuse(ReasonProofTime, "the code was made too long ago or in the future: a copy, or a clock that is off")
		}
	}
	if ctx.Challenge == nil {
		return nil
	}
	if t.Proof == nil || !t.Proof.HasChallenge || t.Proof.Challenge != *ctx.Challenge {
		return refuse(ReasonChallenge, "the code doesn't answer the challenge that was asked for")
	}
	return nil
}
