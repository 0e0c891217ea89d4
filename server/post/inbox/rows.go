package inbox

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/sync/fault"
)

// arrival is a message as the list shows it.
type arrival struct {
	ID         string
	Arrived    time.Time
	Recipients string // of the envelope
	Subject    string
	Files      int
}

// identity tells messages apart: by what they call themselves, and whom they go to.
func identity(m *message, raw []byte, to []string) string {
	own := m.id
	if own == "" {
		own = string(raw)
	}
	sum := sha256.New()
	for _, part := range append([]string{own}, to...) {
		fmt.Fprintf(sum, "%q\n", part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// keep keeps a message, unless it has arrived before.
func (b *Inbox) keep(ctx context.Context, to []string, m *message, raw []byte) error {
	return b.DB.Exec(ctx, `insert into inbox_mail (id, arrived_at, recipients, subject, files, raw)
		values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing`,
		identity(m, raw, to), b.Now().UnixMilli(), readable(strings.Join(to, ", ")), m.Subject, len(m.Files), raw)
}

// read gives a message as it arrived; fault.NotFound when there is none.
func (b *Inbox) read(ctx context.Context, id string) (arrival, []byte, error) {
	a, at, raw := arrival{ID: id}, int64(0), []byte(nil)
	err := b.DB.Read().QueryRowContext(ctx, `select arrived_at, recipients, subject, files, raw from inbox_mail where id = $1`, id).
		Scan(&at, &a.Recipients, &a.Subject, &a.Files, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return a, nil, fault.New(fault.NotFound, "there is no message %.40q", id)
	}
	if err != nil {
		return a, nil, fmt.Errorf("reading a message: %w", err)
	}
	a.Arrived = time.UnixMilli(at)
	return a, raw, nil
}

// newest lists messages, the newest first.
func (b *Inbox) newest(ctx context.Context, limit int) (list []arrival, err error) {
	rows, err := b.DB.Read().QueryContext(ctx, `select id, arrived_at, recipients, subject, files from inbox_mail order by arrived_at desc, id limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var a arrival
		var at int64
		if err := rows.Scan(&a.ID, &at, &a.Recipients, &a.Subject, &a.Files); err != nil {
			return nil, fmt.Errorf("reading the inbox: %w", err)
		}
		a.Arrived = time.UnixMilli(at)
		list = append(list, a)
	}
	return list, rows.Err()
}
