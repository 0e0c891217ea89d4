package exchange

import (
	"encoding/binary"
	"fmt"

	"usher/sync/journal"
)

// entrySize is the size of one packed entry of a vector: node, epoch, number
// and hash of the head.
const entrySize = 8 + 8 + 8 + 32

// vector says how far a node holds chains durably: the first of a session all
// of them, every later one those that went on.
type vector struct {
	Packed []byte `cbor:"1,keyasint"`
}

func (*vector) kind() kind { return kindVector }

// check refuses entries that are no heads or not in the chains' order, so a
// vector has one encoding.
func (v *vector) check() error {
	if v.Packed == nil || len(v.Packed)%entrySize != 0 || len(v.Packed) > MaxChains*entrySize {
		return fmt.Errorf("%d bytes of entries: want a multiple of %d and at most %d entries", len(v.Packed), entrySize, MaxChains)
	}
	var before journal.Chain
	for i := range v.len() {
		chain, head := v.at(i)
		if i > 0 && before.Compare(chain) >= 0 {
			return fmt.Errorf("entry %d, %s, is not after %s", i, chain, before)
		}
		if head.Seq == 0 {
			return fmt.Errorf("entry %d, %s, is empty", i, chain)
		}
		before = chain
	}
	return nil
}

func (v *vector) len() int { return len(v.Packed) / entrySize }

func (v *vector) at(i int) (journal.Chain, journal.Head) {
	b := v.Packed[i*entrySize:]
	chain := journal.Chain{Node: journal.NodeID(b[:8]), Epoch: binary.BigEndian.Uint64(b[8:])}
	return chain, journal.Head{Seq: binary.BigEndian.Uint64(b[16:]), Hash: journal.Hash(b[24:entrySize])}
}

// pack makes the message. Entries beyond MaxChains, which no honest event has,
// are left out.
func pack(heads journal.Vector) *vector {
	packed := make([]byte, 0, len(heads)*entrySize)
	for i, chain := range heads.Chains() {
		if i == MaxChains {
			break
		}
		head := heads[chain]
		packed = append(packed, chain.Node[:]...)
		packed = binary.BigEndian.AppendUint64(packed, chain.Epoch)
		packed = binary.BigEndian.AppendUint64(packed, head.Seq)
		packed = append(packed, head.Hash[:]...)
	}
	return &vector{Packed: packed}
}

// unpack gives the heads.
func (v *vector) unpack() journal.Vector {
	heads := make(journal.Vector, v.len())
	for i := range v.len() {
		chain, head := v.at(i)
		heads[chain] = head
	}
	return heads
}
