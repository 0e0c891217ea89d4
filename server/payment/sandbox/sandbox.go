// Package sandbox is a payment provider that takes no money: a small payment
// server of its own inside usher, for trying, for demonstrations and for tests.
//
// It does what a real provider does, over the same kind of wire. The shop talks to
// it by an interface over HTTP ([Client], a payment.Provider); the buyer pays on a
// page of it; and it tells the shop by signed notices, which it sends until they
// are taken. Its books are in tables of its own, sandbox_*, so a restart loses
// nothing, and any number of usher processes on one database are one sandbox.
//
// The number of the card decides what happens: see [Cards]. Delays run by the
// clock that the sandbox is given.
package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"usher/migrations/sqldb"
	"usher/server/payment"
	"usher/sync/fault"
)

// Name is what the sandbox is called in addresses and in the ledger.
const Name = "sandbox"

// Prefix is the path below which Handler answers.
const Prefix = "/sandbox/"

// Config is what a sandbox is made of. Zero members get their defaults.
type Config struct {
	DB   *sqldb.DB        // holds the tables sandbox_*
	Rand io.Reader        // default: the system's
	Now  func() time.Time // default: time.Now
	HTTP *http.Client     // sends notices; default: one that gives up after HookTimeout and follows no redirect
	Log  *slog.Logger     // default: none
}

// Sandbox is the payment server.
type Sandbox struct {
	Config
	apiKey  string
	hookKey string
	pages   *pages
	handler http.Handler
	wake    chan struct{} // holds one when notices were written that may be due
}

// Open opens the sandbox of a database. The first to open it makes its secrets.
func Open(ctx context.Context, cfg Config) (*Sandbox, error) {
	s := &Sandbox{Config: cfg.withDefaults(), wake: make(chan struct{}, 1)}
	if err := s.readSecrets(ctx); err != nil {
		return nil, err
	}
	var err error
	if s.pages, err = newPages(); err != nil {
		return nil, err
	}
	s.handler = s.routes()
	return s, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: HookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Handler answers below Prefix: the buyers' pages, and the interface.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Provider is the shop's side of the sandbox. What it asks goes to Handler without
// a network in between.
func (s *Sandbox) Provider() payment.Provider {
	return NewClient(ClientConfig{
		Key: s.apiKey, HookKey: s.hookKey,
		HTTP: &http.Client{Transport: direct{s.handler}},
	})
}

// readSecrets reads the secrets, which all processes share, and makes them where
// there are none.
func (s *Sandbox) readSecrets(ctx context.Context) error {
	api, err := s.draw("api_")
	if err != nil {
		return err
	}
	hook, err := s.draw("hook_")
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into sandbox_secret (only_row, api_key, hook_key) values (1, $1, $2)
			on conflict do nothing`, api, hook)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `select api_key, hook_key from sandbox_secret where only_row = $1`, 1).Scan(&s.apiKey, &s.hookKey)
	})
	if err != nil {
		return fmt.Errorf("opening the payment sandbox: %w", err)
	}
	return nil
}

// draw makes a name or a secret that nobody guesses.
func (s *Sandbox) draw(prefix string) (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.Rand, raw); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the sandbox can't draw a number")
	}
	return prefix + hex.EncodeToString(raw), nil
}

// now is the time as the tables keep it.
func (s *Sandbox) now() time.Time { return s.Now().Truncate(time.Millisecond).UTC() }

// nudge has Run look for notices.
func (s *Sandbox) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
