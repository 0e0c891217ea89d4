package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"usher/sync/fault"
)

// What all servers on one database share, by its name in the table setting.
const (
	publicURL  = "public_url"  // the address under which devices reach them
	managerKey = "manager_key" // see managerRow
	busChannel = "bus_channel" // what their channel in Redis is called, which others may use too
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

// managers gives how to tell who holds the manager key. While the keys are locked
// and there is none yet, nobody does.
func (s *Server) managers(ctx context.Context) (func(key string) bool, error) {
	if s.Vault.Unlocked() {
		if _, err := s.ManagerKey(ctx); err != nil {
			return nil, err
		}
	}
	row, there, err := s.manager(ctx)
	return func(key string) bool {
		return there && subtle.ConstantTimeCompare([]byte(hashOf(key)), []byte(row.hash)) == 1
	}, err
}

// NotedURL is the address under which devices reach the servers, as it was noted
// last; fault.BadInput where there was none yet.
func (s *Server) NotedURL(ctx context.Context) (string, error) {
	text, there, err := s.setting(ctx, publicURL)
	if err == nil && !there {
		err = fault.New(fault.BadInput, "nobody said yet under which address devices reach the server; add --server URL, or start it first")
	}
	return text, err
}

// NoteURL notes the address for cards that are made later.
func (s *Server) NoteURL(ctx context.Context, url string) error {
	err := s.DB.Exec(ctx, `insert into setting (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, publicURL, url)
	if err != nil {
		return fmt.Errorf("noting the server's address: %w", err)
	}
	return nil
}

// busName is what the servers' channel in Redis is called. The first call draws it;
// of several servers that try at once one does.
func (s *Server) busName(ctx context.Context) (string, error) {
	name, there, err := s.setting(ctx, busChannel)
	if err != nil || there {
		return name, err
	}
	text, err := s.drawText()
	if err != nil {
		return "", err
	}
	err = s.DB.Exec(ctx, `insert into setting (name, value) values ($1, $2) on conflict do nothing`, busChannel, "usher:"+text)
	if err != nil {
		return "", fmt.Errorf("naming the channel of the servers: %w", err)
	}
	name, _, err = s.setting(ctx, busChannel)
	return name, err
}

// drawText draws what nobody can guess.
func (s *Server) drawText() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.Rand, raw); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the source of randomness fails")
	}
	return hex.EncodeToString(raw), nil
}

func (s *Server) setting(ctx context.Context, name string) (value string, there bool, err error) {
	err = s.DB.Read().QueryRowContext(ctx, `select value from setting where name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading what the servers share: %w", err)
	}
	return value, true, nil
}
