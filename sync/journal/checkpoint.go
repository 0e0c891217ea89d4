package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"usher/crypto/keyring"
)

const checkpointAAD = "usher-checkpoint-v1"

// Checkpoint is an author's signed word on how long its journal was at a time.
// The server's says how old a gate's revocation list is; a gate's says how
// lately others have heard from it, through whatever path it came.
type Checkpoint struct {
	Chain   Chain
	Head    Head
	Time    int64 // Unix ms, the author's corrected time
	Expires int64 // Unix ms; after it the word counts as stale

	raw, body, sig []byte
}

type checkpointBody struct {
	Node    NodeID `cbor:"1,keyasint"`
	Epoch   uint64 `cbor:"2,keyasint"`
	Seq     uint64 `cbor:"3,keyasint"`
	Hash    []byte `cbor:"4,keyasint"`
	Time    uint64 `cbor:"5,keyasint"`
	Expires uint64 `cbor:"6,keyasint"`
}

// Checkpoint signs that the author's chain stood at head at the time.
func (a *Author) Checkpoint(head Head, at, expires int64) (*Checkpoint, error) {
	chain := a.Chain()
	inner, err := Encode(checkpointBody{chain.Node, chain.Epoch, head.Seq, head.Hash[:], uint64(at), uint64(expires)})
	if err != nil {
		return nil, fmt.Errorf("encoding a checkpoint: %w", err)
	}
	sig := a.Signer.Sign(keyring.ProtectedEdDSA, checkpointAAD, inner)
	raw, err := Encode(envelope{Body: inner, Sig: sig[:]})
	if err != nil {
		return nil, fmt.Errorf("encoding a checkpoint: %w", err)
	}
	return ParseCheckpoint(raw)
}

// ParseCheckpoint reads the one accepted encoding of a checkpoint. The error
// wraps ErrMalformed.
func ParseCheckpoint(b []byte) (*Checkpoint, error) {
	var env envelope
	if err := Decode(b, &env); err != nil {
		return nil, fmt.Errorf("%w: checkpoint: %w", ErrMalformed, err)
	}
	var w checkpointBody
	if err := Decode(env.Body, &w); err != nil {
		return nil, fmt.Errorf("%w: checkpoint body: %w", ErrMalformed, err)
	}
	if len(env.Sig) != ed25519.SignatureSize || len(w.Hash) != sha256.Size || w.Time > maxTime || w.Expires > maxTime ||
		w.Epoch > maxNumber || w.Seq > maxNumber {
		return nil, fmt.Errorf("%w: checkpoint of %s: a member is out of range", ErrMalformed, w.Node)
	}
	return &Checkpoint{
		Chain: Chain{w.Node, w.Epoch}, Head: Head{w.Seq, Hash(w.Hash)},
		Time: int64(w.Time), Expires: int64(w.Expires), raw: b, body: env.Body, sig: env.Sig,
	}, nil
}

// Bytes are the checkpoint as it was signed.
func (c *Checkpoint) Bytes() []byte { return c.raw }

// Verify reports whether pub is the author's key and signed the checkpoint.
func (c *Checkpoint) Verify(pub ed25519.PublicKey) error {
	if NodeOf(pub) != c.Chain.Node || !keyring.Verify(pub, keyring.ProtectedEdDSA, checkpointAAD, c.body, c.sig) {
		return fmt.Errorf("%w: checkpoint of %s", ErrSignature, c.Chain)
	}
	return nil
}
