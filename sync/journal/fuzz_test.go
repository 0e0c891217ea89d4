package journal_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"usher/sync/fault"
	"usher/sync/journal"
)

// FuzzParse wants a refusal, or a record that says the same when it is written
// again: by its author with the same bytes. What is not whole is the body, which
// the gate signs.
func FuzzParse(f *testing.F) {
	file, _ := loadVectors(f)
	for _, v := range file.Records {
		f.Add(unhex(v.Bytes), true)
	}
	for _, v := range file.Refused {
		f.Add(unhex(v.Bytes), true)
	}
	for _, c := range refusedBodies() {
		f.Add(unhex(c.body), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole {
			b = gate.record(hexOf(b))
		}
		r, err := journal.Parse(b)
		if err != nil {
			if !errors.Is(err, journal.ErrMalformed) || r != nil {
				t.Errorf("%x: %v and %v", b, r, err)
			}
			return
		}
		if !bytes.Equal(r.Bytes(), b) || r.Head() != (journal.Head{Seq: r.Seq, Hash: r.Hash()}) {
			t.Errorf("%x is accepted as %x", b, r.Bytes())
		}
		again, err := gate.author(r.Chain.Epoch).Write(journal.Head{Seq: r.Seq - 1, Hash: r.Prev}, r.Stamp, r.Kind, cbor.RawMessage(r.Content))
		if err != nil {
			t.Fatalf("%x can't be written again: %v", b, err)
		}
		read, err := journal.Parse(again.Bytes())
		if err != nil {
			t.Fatalf("%x was written and can't be read: %v", again.Bytes(), err)
		}
		if read.Seq != r.Seq || read.Prev != r.Prev || read.Stamp != r.Stamp || read.Kind != r.Kind || !bytes.Equal(read.Content, r.Content) {
			t.Errorf("%+v was written again as %+v", r, read)
		}
		if signed := r.Verify(gate.public()) == nil; signed != bytes.Equal(again.Bytes(), b) {
			t.Errorf("%x: the gate signed it is %v, and it writes %x", b, signed, again.Bytes())
		}
	})
}

// FuzzParseCheckpoint wants a refusal or what its author signs again.
func FuzzParseCheckpoint(f *testing.F) {
	file, _ := loadVectors(f)
	for _, v := range file.Checkpoints {
		f.Add(unhex(v.Bytes), true)
	}
	for _, v := range file.Refused {
		f.Add(unhex(v.Bytes), true)
	}
	f.Add(unhex("a6"+node+epoch+one+headHash+time+expires), false)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole {
			b = gate.checkpoint(hexOf(b))
		}
		c, err := journal.ParseCheckpoint(b)
		if err != nil {
			if !errors.Is(err, journal.ErrMalformed) || c != nil {
				t.Errorf("%x: %v and %v", b, c, err)
			}
			return
		}
		again, err := gate.author(c.Chain.Epoch).Checkpoint(c.Head, c.Time, c.Expires)
		if err != nil {
			t.Fatalf("%x can't be signed again: %v", b, err)
		}
		if again.Head != c.Head || again.Time != c.Time || again.Expires != c.Expires {
			t.Errorf("%+v was signed again as %+v", c, again)
		}
		if signed := c.Verify(gate.public()) == nil; signed != bytes.Equal(again.Bytes(), b) || !bytes.Equal(c.Bytes(), b) {
			t.Errorf("%x: the gate signed it is %v, and it signs %x", b, signed, again.Bytes())
		}
	})
}

// fuzzContents wants a refusal of kind fault.BadInput or the bytes back.
func fuzzContents(f *testing.F, kinds ...journal.Kind) {
	golden := goldens(f)
	for i, kind := range kinds {
		f.Add(uint8(i), golden[kind])
		for _, bad := range slices.Concat(badScans(), badAnswers(), badEvents(), badServerContents()) {
			b, err := journal.Encode(bad.content)
			if err != nil {
				f.Fatal(err)
			}
			if bad.kind == kind && len(b) < 1000 {
				f.Add(uint8(i), b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		kind := kinds[int(which)%len(kinds)]
		content, err := readContent(kind, b)
		if err != nil {
			if !errors.Is(err, fault.BadInput) {
				t.Errorf("%x as %s: %v", b, kind, err)
			}
			return
		}
		again, err := journal.Encode(content)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is accepted as %s beside %x (%v)", b, kind, again, err)
		}
		unpack(t, content)
	})
}

// unpack takes out all that a packed content has.
func unpack(t *testing.T, content any) {
	switch c := content.(type) {
	case *journal.Revoke:
		list := make([]journal.Revocation, c.Len())
		for i := range list {
			list[i] = c.At(i)
		}
		if again := journal.NewRevoke(c.Reason, c.Since, c.Note, list); !bytes.Equal(again.Packed, c.Packed) {
			t.Errorf("revocations %x are packed again as %x", c.Packed, again.Packed)
		}
	case *journal.Roster:
		for _, g := range c.Groups {
			var again journal.RosterGroup
			for i := range g.Len() {
				again.Add(g.At(i))
			}
			if !bytes.Equal(again.Packed, g.Packed) {
				t.Errorf("tickets %x are packed again as %x", g.Packed, again.Packed)
			}
		}
	}
}

func FuzzGateContent(f *testing.F) {
	fuzzContents(f, journal.KindScan, journal.KindUndo, journal.KindAnswer)
}

func FuzzEventContent(f *testing.F) {
	small, err := journal.Encode(journal.Event{Code: "A", Zone: "UTC", Ends: 1, Policy: journal.Policy{Stale: "ask"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), small)
	fuzzContents(f, journal.KindEvent)
}

func FuzzServerContent(f *testing.F) {
	fuzzContents(f, journal.KindRevoke, journal.KindRing, journal.KindEnrol, journal.KindExpel,
		journal.KindResolve, journal.KindNotice, journal.KindRoster, journal.KindGuests, journal.KindStaff)
}
