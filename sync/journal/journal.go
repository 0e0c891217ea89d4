// Package journal holds the one mechanism by which usher's nodes know things:
// append-only lists of signed records.
//
// # Journals
//
// Every node that can say something, the server and each gate, has a journal
// for an event: records numbered from 1, each naming the SHA-256 of the one
// before, each signed by its author ([Record]). Nobody can change, drop or
// reorder a record without the chain showing it; two different records with one
// number from one author are proof of a cloned or restored device ([Fork]).
//
// # Epochs
//
// A journal is made of chains, one an epoch ([Chain]). Nearly all journals have
// only epoch 0. A server that was restored from a backup begins the next epoch:
// its first record goes on from a record of the epoch before, so what others
// still hold of the old epoch beyond that point is not contradicted, and can be
// taken back from them.
//
// # Vectors
//
// What a node knows is which chains it holds and how far: a [Vector]. Comparing
// two vectors says exactly what each side lacks, so synchronisation needs no
// other bookkeeping and resumes by itself after any cut.
//
// # What is promised
//
//   - [Parse] accepts exactly one encoding of a record: core deterministic CBOR
//     (RFC 8949 section 4.2.1), closed maps, no trailing bytes. The content is one
//     item of CBOR to it; [Read] holds that to the same.
//   - Nothing here opens a file or socket, reads the clock or draws randomness.
//   - A record of a kind that this build does not know parses, verifies and can
//     be passed on; only what it says is for a newer usher.
package journal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// NodeID names an author: the first 8 bytes of the SHA-256 of its public key.
type NodeID [8]byte

// NodeOf gives the id of the node that holds the key.
func NodeOf(pub ed25519.PublicKey) NodeID { return nodeOf(sha256.Sum256(pub)) }

func nodeOf(fingerprint [sha256.Size]byte) NodeID { return NodeID(fingerprint[:8]) }

// ParseNodeID reads the 16 hexadecimal digits that String writes.
func ParseNodeID(text string) (NodeID, error) {
	var id NodeID
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("node id %q: want 16 hexadecimal digits", text)
	}
	return NodeID(b), nil
}

func (n NodeID) String() string { return hex.EncodeToString(n[:]) }

// MarshalText and UnmarshalText make node ids readable in JSON.
func (n NodeID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (n *NodeID) UnmarshalText(b []byte) (err error) {
	*n, err = ParseNodeID(string(b))
	return err
}

// Compare orders node ids by their bytes.
func (n NodeID) Compare(o NodeID) int { return bytes.Compare(n[:], o[:]) }

// Hash is the SHA-256 of a record's bytes: the record's name everywhere.
type Hash [32]byte

// ParseHash reads the 64 hexadecimal digits that String writes.
func ParseHash(text string) (Hash, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != sha256.Size {
		return Hash{}, fmt.Errorf("record hash %q: want 64 hexadecimal digits", text)
	}
	return Hash(b), nil
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h is unset.
func (h Hash) IsZero() bool { return h == Hash{} }

// Compare orders hashes by their bytes.
func (h Hash) Compare(o Hash) int { return bytes.Compare(h[:], o[:]) }

// MarshalText makes hashes readable in JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// Chain names one epoch of one author's journal.
type Chain struct {
	Node  NodeID `json:"node"`
	Epoch uint64 `json:"epoch"`
}

func (c Chain) String() string {
	if c.Epoch == 0 {
		return c.Node.String()
	}
	return fmt.Sprintf("%s/%d", c.Node, c.Epoch)
}

// Compare orders chains by node, then epoch.
func (c Chain) Compare(o Chain) int {
	if d := c.Node.Compare(o.Node); d != 0 {
		return d
	}
	switch {
	case c.Epoch < o.Epoch:
		return -1
	case c.Epoch > o.Epoch:
		return 1
	}
	return 0
}

// Head is the newest record of a chain: its number and hash. The zero Head is
// an empty chain.
type Head struct {
	Seq  uint64 `json:"seq"`
	Hash Hash   `json:"hash"`
}

// Vector says how far a node holds each chain. It is the cursor of every
// exchange.
type Vector map[Chain]Head

// Clone copies the vector.
func (v Vector) Clone() Vector { return maps.Clone(v) }

// Chains lists the chains in their order.
func (v Vector) Chains() []Chain {
	return slices.SortedFunc(maps.Keys(v), Chain.Compare)
}

// Covers reports whether v holds everything that w holds, by number.
func (v Vector) Covers(w Vector) bool {
	for c, h := range w {
		if v[c].Seq < h.Seq {
			return false
		}
	}
	return true
}

// Missing counts the records that w holds and v does not.
func (v Vector) Missing(w Vector) uint64 {
	var n uint64
	for c, h := range w {
		if have := v[c].Seq; have < h.Seq {
			n += h.Seq - have
		}
	}
	return n
}
