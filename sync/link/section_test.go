package link_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/journal"
	"usher/sync/link"
)

// signed is a journal file whose checks hold, whatever its sections say: only
// those who made a file can make one like it.
type signed []byte

func (b *signed) section(kind byte, body []byte) {
	*b = append(*b, kind)
	*b = append(binary.BigEndian.AppendUint32(*b, uint32(len(body))), body...)
	sum := sha256.Sum256(*b)
	*b = append(*b, sum[:8]...)
}

// end writes the end that tells of so many records.
func (b *signed) end(t testing.TB, records uint64) {
	t.Helper()
	digest := sha256.Sum256(*b)
	body, err := journal.Encode(map[int]any{1: records, 2: digest[:]})
	if err != nil {
		t.Fatal(err)
	}
	b.section(4, body)
}

// sectionsOf cuts a file into its sections' bodies.
func sectionsOf(file []byte) (kinds []byte, bodies [][]byte) {
	const magic, head, check = 8, 5, 8
	for at := magic; at < len(file); {
		n := int(binary.BigEndian.Uint32(file[at+1:]))
		kinds, bodies = append(kinds, file[at]), append(bodies, file[at+head:at+head+n])
		at += head + n + check
	}
	return kinds, bodies
}

// The helpers of this file write what WriteFile writes.
func TestSignedFile(t *testing.T) {
	server := exchangetest.NewServer(t)
	server.Own(t, 3)
	server.Local.Now = time.Now
	file := write(t, server)
	kinds, bodies := sectionsOf(file)
	again := signed("USHERJ1\n")
	for i := range len(kinds) - 1 {
		again.section(kinds[i], bodies[i])
	}
	again.end(t, 3)
	if !bytes.Equal(again, file) {
		t.Errorf("made %x, want %x", again, file)
	}
}

// FuzzSections reads files whose checks hold and whose sections say anything, and
// imports those that are whole: they are refused, or taken in as from a peer.
func FuzzSections(f *testing.F) {
	server := exchangetest.NewServer(f)
	server.Local.Now = func() time.Time { return time.UnixMilli(1_783_184_400_000) }
	server.Own(f, 2)
	kinds, bodies := sectionsOf(write(f, server))
	f.Add(bodies[0], byte(kinds[1]), bodies[1], uint64(0))
	for i, kind := range kinds {
		if kind == 3 {
			f.Add(bodies[0], kind, bodies[i], uint64(2))
			f.Add(bodies[0], kind, bytes.Replace(bodies[i], []byte{3, 1, 4}, []byte("\x03\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x04"), 1), uint64(2))
		}
	}
	f.Fuzz(func(t *testing.T, header []byte, kind byte, body []byte, records uint64) {
		b := signed("USHERJ1\n")
		b.section(1, header)
		b.section(kind, body)
		b.end(t, records)
		file, err := link.ReadFile(bytes.NewReader(b))
		if err != nil {
			blamedOrTooLarge(t, err)
			return
		}
		if file.Records != records {
			t.Errorf("%d records, and the end says %d", file.Records, records)
		}
		gate := exchangetest.NewGate(t, "reader", server)
		gate.Local.Now = time.Now
		got, err := exchange.Import(t.Context(), gate.Local, file.Batches())
		if err != nil {
			blamedOrTooLarge(t, err)
			return
		}
		if got.Taken+got.Known > records || got.Taken+got.Known < records && len(got.Refused) == 0 {
			t.Errorf("%d records, of them %d taken in and %d known, and refused %v", records, got.Taken, got.Known, got.Refused)
		}
	})
}
