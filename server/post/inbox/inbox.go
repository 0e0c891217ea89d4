// Package inbox is where mail arrives when a server is tried out: messages are
// kept as they would have gone out, and pages show them as a mail program does,
// with what is attached. Whoever can open the pages reads everybody's mail, so it
// is for development and never beside real buyers.
package inbox

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/sync/fault"
)

// Inbox keeps messages. It is a post.Transport, and with Register has pages.
type Inbox struct {
	db  *sqldb.DB
	now func() time.Time
}

// New makes the inbox of a migrated database.
func New(db *sqldb.DB, now func() time.Time) *Inbox { return &Inbox{db: db, now: now} }

// Open implements post.Transport.
func (b *Inbox) Open(context.Context) (post.Session, error) { return session{b}, nil }

type session struct{ *Inbox }

// Send implements post.Session. A message that arrives again is one, as in a good
// mail program.
func (s session) Send(ctx context.Context, msg *gomail.Msg) error {
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return fmt.Errorf("writing a message: %w", err)
	}
	id, _, _ := strings.Cut(strings.Trim(msg.GetMessageID(), "<>"), "@")
	err := s.db.Exec(ctx, `insert into inbox_mail (id, arrived_at, raw) values ($1, $2, $3) on conflict (id) do nothing`,
		id, s.now().UnixMilli(), raw.Bytes())
	if err != nil {
		return fmt.Errorf("keeping a message: %w", err)
	}
	return nil
}

// Close implements post.Session.
func (session) Close() error { return nil }

// read gives a message as it arrived; fault.NotFound when there is none.
func (b *Inbox) read(ctx context.Context, id string) (*message, error) {
	var raw []byte
	var at int64
	err := b.db.Read().QueryRowContext(ctx, `select arrived_at, raw from inbox_mail where id = $1`, id).Scan(&at, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "there is no message %.40q", id)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	return parse(id, time.UnixMilli(at), raw)
}

// newest lists messages, the newest first.
func (b *Inbox) newest(ctx context.Context, limit int) (list []*message, err error) {
	rows, err := b.db.Read().QueryContext(ctx, `select id, arrived_at, raw from inbox_mail order by arrived_at desc, id limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the inbox: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var at int64
		var raw []byte
		if err := rows.Scan(&id, &at, &raw); err != nil {
			return nil, fmt.Errorf("reading the inbox: %w", err)
		}
		m, err := parse(id, time.UnixMilli(at), raw)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}
