package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"usher/sync/fault"
)

// managerRow is what is kept of the manager key. The key itself is kept nowhere: it
// follows from the root key and the salt, and its hash says whether somebody has
// it, while the keys are locked too.
type managerRow struct{ salt, hash string }

// ManagerKey is the key that opens the manager's pages, the same on every server of
// the database. The first call makes it. The keys have to be unlocked.
func (s *Server) ManagerKey(ctx context.Context) (string, error) {
	row, there, err := s.manager(ctx)
	if err != nil {
		return "", err
	}
	if !there {
		if row, err = s.newManager(ctx); err != nil {
			return "", err
		}
	}
	key, err := s.managerKeyOf(ctx, row.salt)
	if err == nil && hashOf(key) != row.hash {
		err = fault.New(fault.Internal, "the manager key doesn't follow from the root key of %s", s.Where())
	}
	return key, err
}

// newManager makes the manager key; of several servers that try at once one does.
func (s *Server) newManager(ctx context.Context) (managerRow, error) {
	salt, err := s.drawText()
	if err != nil {
		return managerRow{}, err
	}
	key, err := s.managerKeyOf(ctx, salt)
	if err != nil {
		return managerRow{}, err
	}
	err = s.DB.Exec(ctx, `insert into setting (name, value) values ($1, $2) on conflict do nothing`, managerKey, salt+" "+hashOf(key))
	if err != nil {
		return managerRow{}, fmt.Errorf("keeping the manager key: %w", err)
	}
	row, there, err := s.manager(ctx)
	if err == nil && !there {
		err = fault.New(fault.Internal, "the manager key was not kept")
	}
	return row, err
}

func (s *Server) managerKeyOf(ctx context.Context, salt string) (string, error) {
	secret, err := s.Vault.Derive(ctx, "usher-manager-v1/"+salt)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(secret[:16]), nil
}

// hashOf needs no salt and no stretching: a key has 128 bits.
func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func (s *Server) manager(ctx context.Context) (row managerRow, there bool, err error) {
	text, there, err := s.setting(ctx, managerKey)
	row.salt, row.hash, _ = strings.Cut(text, " ")
	return row, there, err
}

// RotateManager gives the manager another key: links and browsers that have the one of
// before open nothing any more, at every server within managerStale. The keys have to be
// unlocked.
func (s *Server) RotateManager(ctx context.Context) (string, error) {
	salt, err := s.drawText()
	if err != nil {
		return "", err
	}
	key, err := s.managerKeyOf(ctx, salt)
	if err != nil {
		return "", err
	}
	err = s.DB.Exec(ctx, `insert into setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, managerKey, salt+" "+hashOf(key))
	if err != nil {
		return "", fmt.Errorf("keeping the manager key: %w", err)
	}
	return key, nil
}

// managerStale is how old what a server knows of the manager key may be.
const managerStale = time.Second

// managers tells who holds the manager key.
type managers struct {
	server *Server

	mu   sync.Mutex // covers what follows
	row  managerRow // empty: there is none
	read time.Time
}

// managers gives how to tell who holds the manager key. While the keys are locked
// and there is none yet, nobody does.
func (s *Server) managers(ctx context.Context) (*managers, error) {
	if s.Vault.Unlocked() {
		if _, err := s.ManagerKey(ctx); err != nil {
			return nil, err
		}
	}
	row, _, err := s.manager(ctx)
	return &managers{server: s, row: row, read: s.Now()}, err
}

// is says whether it is the manager key, in a time that tells nothing of it. While the
// database can't be reached, the key of before counts.
func (m *managers) is(key string) bool {
	row := m.newest()
	return row.hash != "" && subtle.ConstantTimeCompare([]byte(hashOf(key)), []byte(row.hash)) == 1
}

func (m *managers) newest() managerRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.server.Now()
	if age := now.Sub(m.read); age >= 0 && age < managerStale {
		return m.row
	}
	ctx, cancel := context.WithTimeout(context.Background(), notedWithin)
	defer cancel()
	if row, _, err := m.server.manager(ctx); err == nil {
		m.row = row
	}
	m.read = m.server.Now() // behind the answer, which whoever waited shares
	return m.row
}
