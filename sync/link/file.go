package link

import "usher/sync/journal"

// Header says what a journal file is.
type Header struct {
	Event   string         // code
	Node    journal.NodeID // who wrote the file
	Written int64          // when, by the writer's clock, Unix ms
}

type headerSection struct {
	Event   string         `cbor:"1,keyasint"`
	Node    journal.NodeID `cbor:"2,keyasint"`
	Written int64          `cbor:"3,keyasint"`
}

type checkpointsSection struct {
	List [][]byte `cbor:"1,keyasint"`
}

type batchSection struct {
	Node    journal.NodeID `cbor:"1,keyasint"`
	Epoch   uint64         `cbor:"2,keyasint"`
	First   uint64         `cbor:"3,keyasint"`
	Records [][]byte       `cbor:"4,keyasint"`
}

type endSection struct {
	Records uint64 `cbor:"1,keyasint"`
	Digest  []byte `cbor:"2,keyasint"` // SHA-256 of all of the file before this section
}
