package enrolment

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/journal/journaltest"
	"usher/sync/sealed"
	"usher/sync/staff"
)

const event = "GALA"

// desk is a server that makes a card and admits the device that used it, written
// with nothing of this package.
type desk struct {
	root, device *keyring.Signer
	server       *journaltest.Writer
	ring         keyring.Ring
	card         grant.Presented
	enrol        journal.Enrol
	guests       guests.Key
	staff        staff.Key
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	const now, year = 1_783_184_400, 365 * 24 * 3600
	d := &desk{root: journaltest.Signer(t, "root"), device: journaltest.Signer(t, "device"), server: journaltest.NewWriter(t, "server")}
	journalKey := d.server.Signer
	d.ring = keyring.Ring{
		Seq: 1, Organiser: "Gala Ltd", IssuedAt: now, Expires: now + year, Threshold: 1, Roots: []ed25519.PublicKey{d.root.Public()},
		Keys: []keyring.Key{{ID: journalKey.ID(), Public: journalKey.Public(), Role: keyring.RoleJournal, Events: []string{event}, NotBefore: now, Expires: now + year}},
	}
	pins := keyring.PinsOf(d.ring.Roots)
	d.card = grant.Presented{
		Code: grant.Code{9}, PinsDigest: pins.Digest(), Server: "https://usher.test", Pins: pins,
		Event: event, Gate: "north", Role: grant.RoleSupervisor, Expires: now + 3600,
	}
	d.enrol = journal.Enrol{Node: journal.NodeOf(d.device.Public()), Public: d.device.Public(), Gate: "north", Role: string(grant.RoleSupervisor), Name: "Handheld 7", Authority: bytes.Repeat([]byte{6}, 32)}
	d.guests, d.staff = guests.Key{7}, staff.Key{8}
	return d
}

// self is what the device says of itself.
func (d *desk) self() Device {
	return Device{Public: d.device.Public(), Authority: grant.ReadFingerprint(d.enrol.Authority), Name: "Handheld 7"}
}

// reply is the server's answer as the desk has it now.
func (d *desk) reply(t testing.TB) Reply {
	t.Helper()
	signed, err := d.ring.Sign(d.root)
	if err != nil {
		t.Fatal(err)
	}
	seal := func(key sealed.Key) []byte {
		box, err := grant.SealSecret(bytes.NewReader(make([]byte, 64)), d.card.Code, d.device.Public(), key[:])
		if err != nil {
			t.Fatal(err)
		}
		return box
	}
	writer := d.server.Fork()
	return Reply{
		Event: event, Ring: signed.Bytes(), Record: writer.Write(t, journal.KindEnrol, &d.enrol).Bytes(), Guests: seal(d.guests), Staff: seal(d.staff),
	}
}
