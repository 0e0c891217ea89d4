package journal

import (
	"context"
	"fmt"
)

// Store keeps the chains of one event on one node. Implementations are safe for
// use by several goroutines; every method returns when ctx ends.
type Store interface {
	// Vector says how far each chain is held durably.
	Vector(ctx context.Context) (Vector, error)
	// Read gives the records of the chain from number from on, oldest first, as
	// Bytes gives them: at most maxRecords, and no more after maxBytes are
	// reached (at least one if there is one).
	Read(ctx context.Context, chain Chain, from uint64, maxRecords, maxBytes int) ([][]byte, error)
	// Append stores records that were verified, in one durable transaction: all
	// or none. Each must follow its chain's head (or another of the batch);
	// records held already are passed over without error. A record that does
	// not fit gives ErrGap or ErrBroken and stores nothing.
	Append(ctx context.Context, records []*Record) error
	// KeepFork stores proof that an author wrote two records with one number.
	// Keeping the same proof again changes nothing.
	KeepFork(ctx context.Context, fork Fork) error
}

// Fork is proof of a fault: two records by one author with one number.
type Fork struct {
	Held *Record // the one this node has in its chain
	Seen *Record // the other one
}

// Check says whether the fork proves anything: both signed by pub, one chain,
// one number, different bytes.
func (f Fork) Check(pub []byte) error {
	if f.Held.Chain != f.Seen.Chain || f.Held.Seq != f.Seen.Seq || f.Held.Hash() == f.Seen.Hash() {
		return fmt.Errorf("records %d of %s and %d of %s are no fork", f.Held.Seq, f.Held.Chain, f.Seen.Seq, f.Seen.Chain)
	}
	return firstError(f.Held.Verify(pub), f.Seen.Verify(pub))
}

// Plan orders a batch for appending: it passes over what the vector covers and
// checks that the rest of each chain follows its head. What it gives is what a
// Store has to insert. The first record of a later epoch is checked against the
// epoch before it where the vector holds exactly that record, and taken on its
// author's word otherwise.
func Plan(have Vector, records []*Record) ([]*Record, error) {
	heads := make(Vector, 4)
	fresh := make([]*Record, 0, len(records))
	for _, r := range records {
		head, moved := heads[r.Chain]
		if !moved {
			head = have[r.Chain]
		}
		if head.Seq == 0 && r.Chain.Epoch > 0 {
			head = Head{Seq: r.Seq - 1, Hash: r.Prev}
			before := have[Chain{r.Chain.Node, r.Chain.Epoch - 1}]
			if before.Seq == r.Seq-1 && before.Hash != r.Prev {
				return nil, r.Follows(before)
			}
		}
		if r.Seq <= head.Seq {
			if r.Seq == head.Seq && r.Hash() != head.Hash {
				return nil, r.Follows(head)
			}
			continue
		}
		if err := r.Follows(head); err != nil {
			return nil, err
		}
		heads[r.Chain] = r.Head()
		fresh = append(fresh, r)
	}
	return fresh, nil
}
