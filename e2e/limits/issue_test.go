package limits

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"usher/crypto/keyring"
	"usher/server"
	"usher/server/catalog"
	"usher/server/document"
	"usher/server/ticketing"
	"usher/sync/journal"
)

// people is how many tickets are issued.
const people = 10_000

// BenchmarkIssue10000 issues tickets to a guest list of 10,000 and encodes their
// codes as documents do: reading and checking the list, drawing ids, signing,
// storing the tickets durably with the roster and the sealed guest list in the
// journal, and a QR matrix each. The raw limit, in the same run and on the same
// cores: 10,000 bare Ed25519 signatures and as many calls of the QR encoder.
func BenchmarkIssue10000(b *testing.B) {
	key, message := ed25519.NewKeyFromSeed(make([]byte, keyring.SeedSize)), make([]byte, 120) // about a ticket's Sig_structure
	for b.Loop() {
		_, tokens, took := issued(b, people)
		drawn, raw := inTurn(b, len(tokens),
			func(i int) error {
				_, err := document.QR(tokens[i], document.Print)
				return err
			},
			func(i int) error {
				return rawCode(key, message, tokens[i], qrcode.High)
			})
		b.ReportMetric(took.Seconds(), "issue-s")
		b.ReportMetric(drawn.Seconds(), "draw-s")
		b.ReportMetric(raw.Seconds(), "raw-s")
		b.ReportMetric((took+drawn).Seconds()/raw.Seconds(), "x-raw")
	}
}

// rawCode is the least that a ticket takes.
func rawCode(key ed25519.PrivateKey, message []byte, token string, level qrcode.RecoveryLevel) error {
	ed25519.Sign(key, message)
	code, err := qrcode.New(token, level)
	if err != nil {
		return err
	}
	code.DisableBorder = true
	code.Bitmap()
	return nil
}

// office opens a server with an event and no tickets.
func office(b *testing.B) *server.Server {
	b.Helper()
	ctx := b.Context()
	s, err := server.Open(ctx, server.Config{Data: filepath.Join(b.TempDir(), "server"), Unsealed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	})
	if err := s.Unlock(ctx); err != nil {
		b.Fatal(err)
	}
	_, err = s.Catalog.Apply(ctx, &catalog.Spec{
		File: "bench", Code: "ISSUE", Name: "Issue", Zone: "Europe/Berlin", Starts: time.Now().Unix(), Ends: time.Now().Add(time.Hour).Unix(),
		Policy:   journal.Policy{StaleAfter: 3600, Stale: "accept", ProofPast: 45, ProofFuture: 15},
		Zones:    []catalog.ZoneSpec{{Code: "main", Name: "Main"}},
		Products: []catalog.ProductSpec{{Code: "ga", Name: "General", Zones: []string{"main"}}},
		Gates:    []catalog.GateSpec{{Code: "north", Name: "North", Zone: "main", All: true}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// issued issues tickets to n people.
func issued(b *testing.B, n int) (s *server.Server, tokens []string, took time.Duration) {
	b.Helper()
	s = office(b)
	var list strings.Builder
	list.WriteString("external_id,name,email,product\n")
	for i := range n {
		fmt.Fprintf(&list, "T%06d,Guest Number %d,guest%d@example.org,ga\n", i, i, i)
	}
	runtime.GC()
	began := time.Now()
	if _, err := s.Tickets.Import(b.Context(), "ISSUE", "guests.csv", strings.NewReader(list.String()), nil); err != nil {
		b.Fatal(err)
	}
	took = time.Since(began)
	err := s.Tickets.Each(b.Context(), "ISSUE", func(k ticketing.Ticket) error {
		tokens = append(tokens, k.Token)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, tokens, took
}

// inTurn does two things n times each on all cores, one after the other, so that
// both meet the same machine, and gives how long each would have taken alone.
func inTurn(b *testing.B, n int, one, other func(i int) error) (first, second time.Duration) {
	b.Helper()
	runtime.GC()
	width := runtime.GOMAXPROCS(0)
	spent, errs := make([][2]time.Duration, width), make([]error, width)
	var cores sync.WaitGroup
	for core := range width {
		cores.Go(func() {
			for i := core; i < n && errs[core] == nil; i += width {
				for k, do := range [...]func(int) error{one, other} {
					began := time.Now()
					errs[core] = errors.Join(errs[core], do(i))
					spent[core][k] += time.Since(began)
				}
			}
		})
	}
	cores.Wait()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	for _, s := range spent {
		first, second = first+s[0]/time.Duration(width), second+s[1]/time.Duration(width)
	}
	return first, second
}
