package vault_test

import (
	"testing"

	"usher/crypto/grant"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// What one server signs, another on the same data opens; without the passphrase
// nobody signs.
func TestLinkKey(t *testing.T) {
	each(t, func(t *testing.T, db *sqldb.DB) {
		if _, err := locked(db).LinkKey(t.Context()); err == nil {
			t.Error("a locked vault gives the key of links")
		}
		key, err := unlocked(t, db).LinkKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text, err := key.Sign(grant.Link{Kind: grant.LinkOrder, Subject: "one", Expires: expires.Unix()})
		if err != nil {
			t.Fatal(err)
		}
		again, err := unlocked(t, db).LinkKey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Open(text, grant.LinkOrder, start.Unix()); err != nil {
			t.Error(err)
		}
		_, err = locked(db).LinkKey(t.Context())
		wantKind(t, "the key of links, locked", err, fault.NotReady)
	})
}
