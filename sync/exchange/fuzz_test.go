package exchange

import (
	"bytes"
	"errors"
	"testing"

	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
)

// oneOfEach gives a message of every kind.
func oneOfEach(t testing.TB) []message {
	w := journaltest.NewWriter(t, "gate")
	records := journaltest.Bytes(w.Scans(t, 3))
	point, err := w.Checkpoint(w.Head, w.Stamp.Time, w.Stamp.Time+1)
	if err != nil {
		t.Fatal(err)
	}
	chain, problem := w.Chain(), fault.Problem{Kind: fault.Refused, Detail: "no", Where: "here"}
	offset, uncertainty := int64(-7), uint64(3)
	return []message{
		&hello{Event: "GALA", Public: w.Signer.Public(), Share: make([]byte, shareSize)},
		&proof{Sig: make([]byte, 64), Introduction: records[0]},
		pack(journal.Vector{chain: w.Head, {Node: chain.Node, Epoch: 1}: {Seq: 9}}),
		&batch{Node: chain.Node, First: 1, Records: records},
		&refusal{Node: chain.Node, First: 1, Problem: problem},
		&dispute{Node: chain.Node, Seq: 2, Record: records[1]},
		&dispute{Node: chain.Node, Seq: 2, Answer: true},
		&checkpoints{List: [][]byte{point.Bytes()}},
		&ping{Number: 4},
		&pong{Number: 4, Received: 1, Sent: 2, Offset: &offset, Error: &uncertainty},
		&lastWord{Problem: problem, Ended: records[2]},
		&bye{},
		&claim{Number: 7, Ticket: journaltest.Ticket(1)},
		&grant{Number: 7},
		&grant{Number: 7, Marks: []mark{{Node: chain.Node, Seq: 3}, {Node: chain.Node, Epoch: 1, Seq: 9}}},
		&move{Within: 2000},
	}
}

func TestOneOfEach(t *testing.T) {
	seen := map[kind]bool{}
	for _, m := range oneOfEach(t) {
		seen[m.kind()] = true
		b, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(b); err != nil {
			t.Errorf("%s: %v", m.kind(), err)
		}
	}
	for k, name := range kindNames {
		if !seen[k] {
			t.Errorf("there is no %s message among them", name)
		}
	}
}

// FuzzParse wants a refusal that says whose fault it is, or the bytes back. A kind
// other than 0 says that b is a message's body.
func FuzzParse(f *testing.F) {
	for _, m := range oneOfEach(f) {
		whole, err := encode(m)
		if err != nil {
			f.Fatal(err)
		}
		body, err := journal.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(0), whole)
		f.Add(uint8(m.kind()), body)
	}
	f.Add(uint8(0), []byte{0x83, Version + 1, 1, 0xa0})
	f.Fuzz(func(t *testing.T, k uint8, b []byte) {
		switch {
		case k > 0 && k < 24:
			b = append([]byte{0x83, Version, k}, b...)
		case k >= 24:
			b = append([]byte{0x83, Version, 0x18, k}, b...)
		}
		m, err := parse(b)
		if err != nil {
			if m != nil || !errors.Is(err, fault.BadInput) && !errors.Is(err, fault.Newer) {
				t.Errorf("%x: %v", b, err)
			}
			return
		}
		again, err := encode(m)
		if len(b) <= MaxMessage-sealOverhead && (err != nil || !bytes.Equal(again, b)) {
			t.Errorf("%x is accepted as %s beside %x (%v)", b, m.kind(), again, err)
		}
		if v, ok := m.(*vector); ok && !bytes.Equal(pack(v.unpack()).Packed, v.Packed) {
			t.Errorf("%x says %v", b, v.unpack())
		}
	})
}
