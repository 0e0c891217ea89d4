package vault

import (
	"context"

	"usher/crypto/grant"
	"usher/sync/fault"
)

// linkLabel separates the key of links from what else follows from the root key.
const linkLabel = "usher-links-v1"

// LinkKey gives the key that links to orders are signed with. It follows from the
// root key, so it rests sealed with it and there is nothing more to keep. Errors
// are those of Issuer.
func (v *Vault) LinkKey(ctx context.Context) (grant.LinkKey, error) {
	root, err := v.root(ctx, v.db.Read())
	if err != nil {
		return grant.LinkKey{}, err
	}
	key, err := root.Derive(linkLabel)
	if err != nil {
		return grant.LinkKey{}, fault.Wrap(fault.Internal, err, "can't make the key of links")
	}
	return key, nil
}
