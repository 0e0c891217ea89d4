package journal

import (
	"crypto/sha256"
	"fmt"

	"usher/crypto/keyring"
	"usher/sync/fault"
)

// Author writes the records of one chain. It holds no position: the caller
// passes the head it read in the transaction that will store the record, so
// there is no second copy of the head to drift.
type Author struct {
	Signer *keyring.Signer
	Epoch  uint64
}

// Chain is the chain that the author writes.
func (a *Author) Chain() Chain {
	return Chain{Node: nodeOf(a.Signer.Fingerprint()), Epoch: a.Epoch}
}

// Write makes the record that follows head. content must encode to CBOR; pass
// one of the content types of this package, and do not change it afterwards. What
// Read would refuse is not written: nobody would know what the record says.
func (a *Author) Write(head Head, at Stamp, kind Kind, content any) (*Record, error) {
	if c, ok := content.(Content); ok {
		if c.kind() != kind {
			return nil, fmt.Errorf("writing a %s record with the content of a %s record", kind, c.kind())
		}
		if err := c.check(); err != nil {
			return nil, fault.New(fault.BadInput, "nobody could read this %s record: %v", kind, err)
		}
	}
	inner, err := Encode(content)
	if err != nil {
		return nil, fmt.Errorf("encoding the content of a %s record: %w", kind, err)
	}
	chain := a.Chain()
	w := body{Node: chain.Node, Epoch: chain.Epoch, Seq: head.Seq + 1, Time: uint64(at.Time), Kind: uint16(kind), Content: inner}
	if head.Seq > 0 {
		w.Prev = head.Hash[:]
	}
	if at.Synced {
		uncertainty := uint64(at.Uncertainty)
		w.Offset, w.Uncertainty = &at.Offset, &uncertainty
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("writing a %s record: %w", kind, err)
	}
	signed, err := Encode(w)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s record: %w", kind, err)
	}
	sig := a.Signer.Sign(keyring.ProtectedEdDSA, recordAAD, signed)
	raw, err := Encode(envelope{Body: signed, Sig: sig[:]})
	if err != nil {
		return nil, fmt.Errorf("encoding a %s record: %w", kind, err)
	}
	if len(raw) > MaxRecordBytes {
		return nil, fmt.Errorf("a %s record of %d bytes is over the limit of %d", kind, len(raw), MaxRecordBytes)
	}
	r := &Record{
		Chain: chain, Seq: w.Seq, Stamp: at, Kind: kind, Content: inner,
		raw: raw, body: signed, sig: sig[:], hash: sha256.Sum256(raw), written: content,
	}
	copy(r.Prev[:], w.Prev)
	return r, nil
}
