package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/guests"
	"usher/sync/journal"
	"usher/sync/sealed"
	"usher/sync/staff"
)

// Enrolment is who a gate is: what its card said and the server confirmed.
type Enrolment struct {
	Event     string
	Gate      string // the gate's code
	Role      grant.Role
	Name      string         // what people call the device
	ServerURL string         //
	Server    journal.NodeID // the server's journal of the event
	Pins      keyring.Pins   // root keys, as the card pinned them
	Ring      []byte         // the signed ring that the gate was enrolled with
	Node      journal.NodeID // this gate
	At        time.Time
	// Record is the server's record that admits this gate, as it was signed. It
	// introduces the gate to others that have not heard of it yet.
	Record []byte
	// Complete is set once the gate held all that the server had said at some
	// time. Before that it can't judge: it might lack half the revocations.
	Complete bool
}

// Enrolment gives who the gate is; fault.NotReady before it is enrolled.
func (s *Store) Enrolment(ctx context.Context) (*Enrolment, error) {
	var e Enrolment
	var role, server, node string
	var pins []byte
	var at int64
	found, err := one(ctx, s.db.Read(), `
		select event, gate, role, name, server_url, server_node, pins, ring, node, enrolled_at, record, complete from enrolment`, nil,
		&e.Event, &e.Gate, &role, &e.Name, &e.ServerURL, &server, &pins, &e.Ring, &node, &at, &e.Record, &e.Complete)
	if err != nil {
		return nil, stored(err, "reading who this gate is")
	}
	if !found {
		return nil, fault.New(fault.NotReady, "this gate is not enrolled yet: usher gate enrol --data %s", s.dir)
	}
	e.Role, e.At = grant.Role(role), time.UnixMilli(at)
	for ; len(pins) >= 32; pins = pins[32:] {
		e.Pins = append(e.Pins, [32]byte(pins[:32]))
	}
	if e.Server, err = journal.ParseNodeID(server); err != nil {
		return nil, fmt.Errorf("reading who this gate is: %w", err)
	}
	if e.Node, err = journal.ParseNodeID(node); err != nil {
		return nil, fmt.Errorf("reading who this gate is: %w", err)
	}
	return &e, nil
}

// Enrol stores who the gate is together with its first records, in one
// transaction. A gate is enrolled once: fault.Exists after that.
func (s *Store) Enrol(ctx context.Context, e Enrolment) error {
	var pins []byte
	for _, pin := range e.Pins {
		pins = append(pins, pin[:]...)
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		var rows int
		if err := tx.QueryRowContext(ctx, `select count(*) from enrolment`).Scan(&rows); err != nil {
			return err
		}
		if rows > 0 {
			return fault.New(fault.Exists, "the data in %s belongs to a gate that is enrolled already; a new enrolment needs a folder of its own", s.dir)
		}
		_, err := tx.ExecContext(ctx, `
			insert into enrolment (only_row, event, gate, role, name, server_url, server_node, pins, ring, node, enrolled_at, record)
			values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			e.Event, e.Gate, string(e.Role), e.Name, e.ServerURL, e.Server.String(), pins, e.Ring, e.Node.String(), e.At.UnixMilli(), e.Record)
		return err
	})
	return stored(err, "storing who this gate is")
}

// MarkComplete notes that the first download is complete.
func (s *Store) MarkComplete(ctx context.Context) error {
	return stored(s.db.Exec(ctx, `update enrolment set complete = 1`), "noting that the first download is complete")
}

// SaveDeviceKey writes the device's private key to a file that only its owner
// can read. It never overwrites one.
func (s *Store) SaveDeviceKey(key *keyring.Signer) error {
	path := filepath.Join(s.dir, keyFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Exists, "%s is there already", path)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write the device key")
	}
	_, err = f.WriteString(hex.EncodeToString(key.Seed()) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fault.Wrap(fault.Unavailable, errors.Join(err, os.Remove(path)), "can't write the device key")
	}
	return nil
}

// SaveGuestKey keeps the event's guest key in a file that only its owner can
// read; a zero key is none to keep.
func (s *Store) SaveGuestKey(key guests.Key) error { return s.saveKey(guestKeyFile, "guest key", key) }

// GuestKey reads the event's guest key; the zero key where this gate has none.
func (s *Store) GuestKey() (guests.Key, error) { return s.readKey(guestKeyFile, "guest key") }

// SaveStaffKey keeps the event's staff key as SaveGuestKey does the guest key.
func (s *Store) SaveStaffKey(key staff.Key) error { return s.saveKey(staffKeyFile, "staff key", key) }

// StaffKey reads the event's staff key; the zero key where this gate has none.
func (s *Store) StaffKey() (staff.Key, error) { return s.readKey(staffKeyFile, "staff key") }

func (s *Store) saveKey(file, what string, key sealed.Key) error {
	if key.IsZero() {
		return nil
	}
	if err := os.WriteFile(filepath.Join(s.dir, file), []byte(hex.EncodeToString(key[:])+"\n"), 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write the %s", what)
	}
	return nil
}

func (s *Store) readKey(file, what string) (sealed.Key, error) {
	path := filepath.Join(s.dir, file)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sealed.Key{}, nil
	}
	if err != nil {
		return sealed.Key{}, fault.Wrap(fault.Unavailable, err, "can't read the %s", what)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != len(sealed.Key{}) {
		return sealed.Key{}, fault.New(fault.Internal, "the %s in %s is damaged; enrol the device anew", what, path)
	}
	return sealed.Key(key), nil
}

// SaveEnded keeps the record that ended the gate's enrolment.
func (s *Store) SaveEnded(record []byte) error {
	if err := os.WriteFile(filepath.Join(s.dir, endedFile), record, 0o600); err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't write that the enrolment is over")
	}
	return nil
}

// Ended reads the record that ended the gate's enrolment; nil where there is none.
func (s *Store) Ended() ([]byte, error) {
	record, err := os.ReadFile(filepath.Join(s.dir, endedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "can't read whether the enrolment is over")
	}
	return record, nil
}

// DeviceKey reads the device's private key; fault.NotReady when there is none.
func (s *Store) DeviceKey() (*keyring.Signer, error) {
	path := filepath.Join(s.dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotReady, "this gate has no device key yet: usher gate enrol --data %s", s.dir)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "can't read the device key")
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fault.New(fault.Internal, "the device key in %s is damaged; enrol the device anew", path)
	}
	key, err := keyring.FromSeed(seed)
	if err != nil {
		return nil, fault.New(fault.Internal, "the device key in %s is damaged; enrol the device anew", path)
	}
	return key, nil
}
