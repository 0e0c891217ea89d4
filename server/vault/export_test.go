package vault

import (
	"io"

	"usher/crypto/keyring"
)

// Cheap makes sealing cost next to nothing.
func (v *Vault) Cheap() *Vault {
	v.params = keyring.Params{Time: 1, KiB: 64, Threads: 1}
	return v
}

// Draw replaces the source of randomness.
func (v *Vault) Draw(rand io.Reader) { v.rand = rand }

// Opened is how many keys are open in memory.
func (v *Vault) Opened() int { return len(v.open) }
