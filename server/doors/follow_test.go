package doors

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb"
	"usher/sync/fault"
	"usher/sync/journal"
)

// until waits for something that has to be so in the end.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s in vain", what)
		}
	}
}

// logged is what a log is told, as it comes.
type logged chan string

func (l logged) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

// What the journals hold comes into the picture when they can be read again, though
// nothing is written any more: a gate waits for the last revocation.
func TestJournalsThatCannotBeRead(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		log := make(logged, 100)
		w.log = slog.New(slog.NewTextHandler(log, nil))
		st, err := w.State(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		var good []byte
		var seq uint64
		err = w.db.InTx(t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
			records, err := w.journals.Write(ctx, tx, event, journal.KindNotice, &journal.Notice{Node: journal.NodeID{1}, Seq: 1, Why: "x"})
			if err != nil {
				return err
			}
			good, seq = records[0].Bytes(), records[0].Seq
			_, err = tx.ExecContext(ctx, `update record set bytes = $2 where bytes = $1`, good, []byte("none"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if line := <-log; !strings.Contains(line, "following the journals") {
			t.Errorf("logged is %s", line)
		}
		if err := w.db.Exec(t.Context(), `update record set bytes = $1 where bytes = $2`, good, []byte("none")); err != nil {
			t.Fatal(err)
		}
		until(t, "the record", func() bool { return st.Position().Seq >= seq })
	})
}

// A record holds up no other, however much there is to say of what is wrong with it.
func TestMuchIsWrongWithARecord(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		north := w.enrol("n", "north", grant.RoleScanner)
		bad := north.admit("1").Hash()
		w.Screen(func(r *journal.Record) error {
			if r.Hash() == bad {
				return fault.New(fault.Refused, "%s", strings.Repeat("bäd ", 200))
			}
			return nil
		})
		north.admit("2")
		if server, gate := north.meet(); server != nil || gate != nil {
			t.Fatalf("the session ended with %v and %v", server, gate)
		}
		st, err := w.State(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		until(t, "the record behind it", func() bool { return len(st.Past(journal.TicketID(w.tickets["2"].ID))) == 1 })
		until(t, "its gate to be told", func() bool { return st.Noticed(north.Chain(), 1) })
		if past := st.Past(journal.TicketID(w.tickets["1"].ID)); len(past) > 0 {
			t.Errorf("it counts: %+v", past)
		}
	})
}
