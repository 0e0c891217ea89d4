package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"

	"usher/crypto/keyring"
)

// recordAAD separates record signatures from every other use of a key
// (FORMAT.md section 3).
const recordAAD = "usher-record-v1"

// Errors of records and chains. Callers compare with errors.Is.
var (
	// ErrMalformed: the bytes are no record in its one accepted encoding.
	ErrMalformed = errors.New("malformed record")
	// ErrSignature: the author's key did not sign this.
	ErrSignature = errors.New("record signature does not hold")
	// ErrGap: a record between the held head and this one is missing.
	ErrGap = errors.New("records are missing before this one")
	// ErrBroken: the record does not name the held head as the one before it.
	ErrBroken = errors.New("record does not fit the chain")

	errNotCanonical = errors.New("not in the one accepted encoding")
)

// Kind says what a record is about. Gates write kinds below 16, the server the
// others.
type Kind uint16

// The kinds (FORMAT.md section 3).
const (
	KindScan    Kind = 1 // an attempt to pass a gate, and its verdict
	KindUndo    Kind = 2 // the taking back of an admission
	KindAnswer  Kind = 3 // what a holder answered to the organiser's questions
	KindEvent   Kind = 16
	KindRevoke  Kind = 17
	KindRing    Kind = 18
	KindEnrol   Kind = 19
	KindExpel   Kind = 20
	KindResolve Kind = 21
	KindNotice  Kind = 22
	KindRoster  Kind = 23
	KindGuests  Kind = 24
	KindStaff   Kind = 25 // who may sign in at the gates, sealed
)

var kindNames = map[Kind]string{
	KindScan: "scan", KindUndo: "undo", KindAnswer: "answer", KindNotice: "notice", KindGuests: "guests", KindStaff: "staff", KindEvent: "event", KindRevoke: "revoke", KindRing: "ring",
	KindEnrol: "enrol", KindExpel: "expel", KindResolve: "resolve", KindRoster: "roster",
}

func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("kind-%d", uint16(k))
}

// FromServer reports whether only a server may write records of this kind.
func (k Kind) FromServer() bool { return k >= 16 }

// Stamp is when something happened, by a clock that may be wrong: the clock's
// reading, and where one is known the offset that corrects it.
type Stamp struct {
	Time        int64 // Unix ms by the author's own clock
	Offset      int64 // ms to add to get the server's time
	Uncertainty int64 // ms; the true time is within ± this of the corrected one
	Synced      bool  // whether Offset and Uncertainty are known at all
}

// Corrected is the best guess of the server's time, Unix ms.
func (s Stamp) Corrected() int64 {
	if !s.Synced {
		return s.Time
	}
	return s.Time + s.Offset
}

// body is the signed part of a record on the wire.
type body struct {
	Node        NodeID          `cbor:"1,keyasint"`
	Epoch       uint64          `cbor:"2,keyasint"`
	Seq         uint64          `cbor:"3,keyasint"`
	Prev        []byte          `cbor:"4,keyasint,omitempty"`
	Time        uint64          `cbor:"5,keyasint"`
	Offset      *int64          `cbor:"6,keyasint,omitempty"`
	Uncertainty *uint64         `cbor:"7,keyasint,omitempty"`
	Kind        uint16          `cbor:"8,keyasint"`
	Content     cbor.RawMessage `cbor:"9,keyasint"`
}

// Record is one parsed entry of a journal. Only Parse and Author.Write make
// one, so a Record in hand has the one accepted encoding; whether its author
// signed it is what Verify says.
type Record struct {
	Chain   Chain
	Seq     uint64 // from 1
	Prev    Hash   // zero for the first record of epoch 0
	Stamp   Stamp
	Kind    Kind
	Content []byte // deterministic CBOR; read it with the Content type of the kind

	raw  []byte
	body []byte // within raw
	sig  []byte // within raw
	hash Hash

	// written is what the author wrote as the content, where this is a record
	// that was just written: so it need not be read again.
	written any
}

// Bytes are the record as it was signed and as it travels. Do not change them.
func (r *Record) Bytes() []byte { return r.raw }

// Hash names the record.
func (r *Record) Hash() Hash { return r.hash }

// Head is what a chain's head is once r is appended.
func (r *Record) Head() Head { return Head{Seq: r.Seq, Hash: r.hash} }

const (
	// maxTime is the largest time a record may carry: FORMAT.md's time40, in ms.
	maxTime = 1 << 50
	// maxNumber is the largest number of a record or an epoch, what every database
	// has room for.
	maxNumber = math.MaxInt64
)

type envelope struct {
	_    struct{} `cbor:",toarray"`
	Body []byte
	Sig  []byte
}

// Parse reads the one accepted encoding of a record. It keeps b. The error wraps
// ErrMalformed.
func Parse(b []byte) (*Record, error) {
	if len(b) > MaxRecordBytes {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", ErrMalformed, len(b), MaxRecordBytes)
	}
	var env envelope
	if err := Decode(b, &env); err != nil {
		return nil, fmt.Errorf("%w: envelope: %w", ErrMalformed, err)
	}
	if len(env.Sig) != ed25519.SignatureSize {
		return nil, fmt.Errorf("%w: signature of %d bytes", ErrMalformed, len(env.Sig))
	}
	var w body
	if err := Decode(env.Body, &w); err != nil {
		return nil, fmt.Errorf("%w: body: %w", ErrMalformed, err)
	}
	r := &Record{
		Chain: Chain{Node: w.Node, Epoch: w.Epoch}, Seq: w.Seq, Kind: Kind(w.Kind), Content: w.Content,
		raw: b, body: env.Body, sig: env.Sig, hash: sha256.Sum256(b),
	}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	copy(r.Prev[:], w.Prev)
	r.Stamp.Time = int64(w.Time)
	if w.Offset != nil {
		r.Stamp.Offset, r.Stamp.Uncertainty, r.Stamp.Synced = *w.Offset, int64(*w.Uncertainty), true
	}
	return r, nil
}

// check holds what the CDDL says of a body beyond its types.
func (w *body) check() error {
	switch first := w.Seq == 1; {
	case w.Seq == 0:
		return errors.New("number 0: records are numbered from 1")
	case w.Seq > maxNumber || w.Epoch > maxNumber:
		return fmt.Errorf("record %d of epoch %d: nobody gets there by counting", w.Seq, w.Epoch)
	case first && w.Epoch > 0:
		return fmt.Errorf("epoch %d begins with record 1, which goes on from none", w.Epoch)
	case first && len(w.Prev) != 0:
		return errors.New("the first record names one before it")
	case !first && len(w.Prev) != sha256.Size:
		return fmt.Errorf("record %d names no record before it", w.Seq)
	case w.Time > maxTime:
		return fmt.Errorf("time %d out of range", w.Time)
	case (w.Offset == nil) != (w.Uncertainty == nil):
		return errors.New("offset and uncertainty come together")
	case w.Offset != nil && (*w.Offset > maxTime || *w.Offset < -maxTime || *w.Uncertainty > maxTime):
		return errors.New("clock offset out of range")
	case len(w.Content) == 0:
		return errors.New("no content")
	}
	return nil
}

// Verify reports whether pub is the author's key and signed the record. The
// error wraps ErrSignature.
func (r *Record) Verify(pub ed25519.PublicKey) error {
	if NodeOf(pub) != r.Chain.Node {
		return fmt.Errorf("%w: record %d of %s checked with the key of %s", ErrSignature, r.Seq, r.Chain, NodeOf(pub))
	}
	if !keyring.Verify(pub, keyring.ProtectedEdDSA, recordAAD, r.body, r.sig) {
		return fmt.Errorf("%w: record %d of %s", ErrSignature, r.Seq, r.Chain)
	}
	return nil
}

// Follows reports whether r is the next record after head: nil, ErrGap when
// records between them are missing, ErrBroken when it names another one before
// it, which is proof of a fault if both are signed.
//
// The first record that a holder sees of a later epoch goes on from the epoch
// before: pass the head of that chain at r.Seq-1 for it.
func (r *Record) Follows(head Head) error {
	switch {
	case r.Seq > head.Seq+1:
		return fmt.Errorf("%w: have %d of %s, got %d", ErrGap, head.Seq, r.Chain, r.Seq)
	case r.Seq <= head.Seq || r.Prev != head.Hash:
		return fmt.Errorf("%w: record %d of %s after head %d", ErrBroken, r.Seq, r.Chain, head.Seq)
	}
	return nil
}
