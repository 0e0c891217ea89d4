package transfer

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"usher/crypto/ticket"
	"usher/migrations/sqldb"
	"usher/sync/fault"
)

const selected = `id, event, tickets, state, from_name, from_email, to_name, to_email, named, language, reads, made_at, until, ended_at`

func scan(row func(...any) error) (o Offer, err error) {
	var ids, state string
	var made, until, ended int64
	err = row(&o.ID, &o.Event, &ids, &state, &o.From.Name, &o.From.Email, &o.To.Name, &o.To.Email, &o.Named, &o.Language, &o.Reads, &made, &until, &ended)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fault.New(fault.NotFound, "this link leads to no tickets; was all of it copied?")
	}
	if err == nil {
		o.Tickets, err = readIDs(ids)
	}
	o.State, o.Made, o.Until = State(state), time.UnixMilli(made).UTC(), time.UnixMilli(until).UTC()
	if ended != 0 {
		o.Ended = time.UnixMilli(ended).UTC()
	}
	return o, err
}

func (x *Transfers) insert(ctx context.Context, tx *sqldb.Tx, o *Offer, hash string) error {
	ids, err := writeIDs(o.Tickets)
	if err != nil {
		return err
	}
	named := 0
	if o.Named {
		named = 1
	}
	_, err = tx.ExecContext(ctx, `insert into transfer_offer (token, `+selected+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0)`,
		hash, o.ID, o.Event, ids, string(o.State), o.From.Name, o.From.Email, o.To.Name, o.To.Email, named, o.Language, o.Reads, o.Made.UnixMilli(), o.Until.UnixMilli())
	return err
}

// turn turns an open offer into something else, and gives it as it is then. Of those
// who race to it one does; the others get fault.NotFound.
func turn(ctx context.Context, tx *sqldb.Tx, id string, to State, at time.Time) (Offer, error) {
	return scan(tx.QueryRowContext(ctx, `update transfer_offer set state = $2, ended_at = $3 where id = $1 and state = 'open' returning `+selected,
		id, string(to), at.UnixMilli()).Scan)
}

func find(ctx context.Context, q sqldb.Queryer, where string, value string) (Offer, error) {
	return scan(q.QueryRowContext(ctx, `select `+selected+` from transfer_offer where `+where, value).Scan)
}

func list(ctx context.Context, q sqldb.Queryer, rest string, args ...any) (found []Offer, err error) {
	rows, err := q.QueryContext(ctx, `select `+selected+` from transfer_offer `+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		o, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, rows.Err()
}

func writeIDs(ids []ticket.ID) (string, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	b, err := json.Marshal(texts)
	return string(b), err
}

func readIDs(text string) ([]ticket.ID, error) {
	var texts []string
	if err := json.Unmarshal([]byte(text), &texts); err != nil {
		return nil, err
	}
	ids := make([]ticket.ID, len(texts))
	for i := range texts {
		var err error
		if ids[i], err = ticket.ParseID(texts[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
