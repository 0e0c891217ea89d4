package keyring

// The CDDL of FORMAT.md §2, for crypto/canonical.

type wireSignedRing struct {
	_    struct{} `cbor:",toarray"`
	Ring []byte
	Sigs []wireSig
}

type wireSig struct {
	_   struct{} `cbor:",toarray"`
	Kid []byte
	Sig []byte
}

type wireRing struct {
	Seq       uint64    `cbor:"1,keyasint"`
	Organiser string    `cbor:"2,keyasint"`
	IssuedAt  int64     `cbor:"3,keyasint"`
	Expires   int64     `cbor:"4,keyasint"`
	Roots     [][]byte  `cbor:"5,keyasint"`
	Threshold int       `cbor:"6,keyasint"`
	Keys      []wireKey `cbor:"7,keyasint"`
	Previous  []byte    `cbor:"8,keyasint,omitempty"`
}

type wireKey struct {
	ID        []byte   `cbor:"1,keyasint"`
	Public    []byte   `cbor:"2,keyasint"`
	Role      Role     `cbor:"3,keyasint"`
	Events    []string `cbor:"4,keyasint"`
	NotBefore int64    `cbor:"5,keyasint"`
	Expires   int64    `cbor:"6,keyasint"`
	State     State    `cbor:"7,keyasint,omitempty"`
}

type wireSealed struct {
	Version    uint64     `cbor:"1,keyasint"`
	Salt       []byte     `cbor:"2,keyasint"`
	Params     wireParams `cbor:"3,keyasint"`
	Nonce      []byte     `cbor:"4,keyasint"`
	Ciphertext []byte     `cbor:"5,keyasint"`
}

type wireParams struct {
	_       struct{} `cbor:",toarray"`
	Time    uint32
	KiB     uint32
	Threads uint8
}

func (w wireParams) params() Params { return Params{w.Time, w.KiB, w.Threads} }
