package post

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// List lists mails that have failed, newest first, or that wait: those first that were
// tried, and of these those that are tried next. What was sent is found by what it is about.
func (p *Post) List(ctx context.Context, state State, limit int) ([]Queued, error) {
	order := map[State]string{Failed: "done_at desc", Waiting: "case when tries > 0 then 0 else 1 end, due_at"}[state]
	if order == "" {
		return nil, fault.New(fault.BadInput, "mail is listed that is %s or %s, not %.20q", Failed, Waiting, state)
	}
	return list(ctx, p.DB.Read(), `select `+selected+` from mail where state = '`+string(state)+`' order by `+order+`, id limit $1`, limit)
}

// againAtOnce is how many mails one transaction puts back.
const againAtOnce = 100

// Again sends mails once more that have failed, as if they had just been queued, and
// says how many those are: not such as wait, were sent or aren't there.
func (p *Post) Again(ctx context.Context, ids ...string) (n int, err error) {
	for some := range slices.Chunk(ids, againAtOnce) {
		done, err := p.again(ctx, some)
		n += done
		if err != nil {
			return n, stored(err, "sending mails again")
		}
	}
	p.Wake()
	return n, nil
}

func (p *Post) again(ctx context.Context, ids []string) (n int, err error) {
	in, args := make([]string, len(ids)), []any{p.Now().UnixMilli()}
	for i, id := range ids {
		args = append(args, id)
		in[i] = "$" + strconv.Itoa(len(args))
	}
	err = p.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, `update mail set state = 'waiting', tries = 0, queued_at = $1, due_at = $1, done_at = 0
			where state = 'failed' and id in (`+strings.Join(in, ", ")+`)`, args...)
		if err != nil {
			return err
		}
		changed, err := done.RowsAffected()
		n = int(changed)
		return err
	})
	return n, err
}

// AgainAll sends all mails once more that have failed until now, and says how many:
// for when it was the mail server's fault.
func (p *Post) AgainAll(ctx context.Context) (n int, err error) {
	for until := p.Now().UnixMilli(); ; {
		failed, err := list(ctx, p.DB.Read(), `select `+selected+` from mail where state = 'failed' and done_at <= $1 order by done_at, id limit $2`, until, againAtOnce)
		if err != nil || len(failed) == 0 {
			return n, err
		}
		ids := make([]string, len(failed))
		for i, m := range failed {
			ids[i] = m.ID
		}
		some, err := p.Again(ctx, ids...)
		n += some
		if err != nil || some == 0 { // somebody else is at it
			return n, err
		}
	}
}
