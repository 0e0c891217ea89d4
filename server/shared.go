package server

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"usher/sync/fault"
)

// What all servers on one database share, by its name in the table setting.
const (
	publicURL  = "public_url"  // the address under which devices reach them
	managerKey = "manager_key" // see manager.go
	busChannel = "bus_channel" // what their channel in Redis is called, which others may use too
)

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
