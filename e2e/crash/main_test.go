package crash

import (
	"context"
	"flag"
	"os"
	"testing"

	"usher/e2e/venue"
	"usher/gate"
	"usher/sync/journal"
)

// rounds is how often a process is killed in each test.
var rounds = flag.Int("rounds", 12, "how often a process is killed in each test")

// The program is built to end at points of the scan path when it is told to.
func TestMain(m *testing.M) { os.Exit(venue.Main(m, "crashpoints")) }

// newVenue makes a venue whose server serves no more: nobody holds its data.
func newVenue(t *testing.T, tickets int, gates ...string) *venue.Venue {
	t.Helper()
	v := venue.New(t, tickets, gates...)
	v.CloseServer()
	return v
}

// scanned is a scan record.
type scanned struct {
	hash           journal.Hash
	result, reason string
}

// scansOf reads all scans of a gate's own journal, by ticket.
func scansOf(v *venue.Venue, name string) map[journal.TicketID][]scanned {
	v.T.Helper()
	p := v.Peek(name)
	defer p.Close()
	return scansIn(v, p)
}

func scansIn(v *venue.Venue, p *gate.Peek) map[journal.TicketID][]scanned {
	v.T.Helper()
	all := map[journal.TicketID][]scanned{}
	v.Must(p.Store.Each(context.Background(), func(r *journal.Record) error {
		if r.Chain.Node != p.Enrolment.Node || r.Kind != journal.KindScan {
			return nil
		}
		scan, err := journal.Read[journal.Scan](r)
		if err != nil {
			return err
		}
		all[scan.Ticket] = append(all[scan.Ticket], scanned{r.Hash(), scan.Result, scan.Reason})
		return nil
	}))
	return all
}
