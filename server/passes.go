package server

import (
	"time"

	"usher/server/pass"
	"usher/server/pass/apple"
	"usher/server/pass/google"
)

// PassKeys are what makes passes for the wallets of others. The zero value makes none.
type PassKeys struct {
	Apple     *apple.Identity // nil: none for Apple
	Push      pass.Teller     // of Apple's devices; nil: they look by themselves
	Google    *google.Account // nil: none for Google
	GoogleURL string          // of its interface; "": Google's own
}

// warnBefore is how long before its end a pass certificate is worth a word.
const warnBefore = 30 * 24 * time.Hour

// openPasses assembles what makes passes.
func (s *Server) openPasses() (err error) {
	cfg := pass.Config{
		DB: s.DB, Journals: s.Journals, Catalog: s.Catalog, Tickets: s.Tickets, Secret: s.Vault.Derive, Public: s.shopURL, Organiser: s.Organiser,
		Apple: s.PassKeys.Apple, Push: s.PassKeys.Push, Now: s.Now, Log: s.Log,
	}
	if s.PassKeys.Google != nil {
		cfg.Google = &google.Client{Account: s.PassKeys.Google, URL: s.PassKeys.GoogleURL, Now: s.Now}
	}
	s.Passes, err = pass.New(cfg)
	return err
}

// passNote says when the pass certificate is about to end: without it nobody gets a pass
// that a device takes.
func (s *Server) passNote() string {
	if s.PassKeys.Apple == nil {
		return ""
	}
	until := s.PassKeys.Apple.Until()
	switch left := until.Sub(s.Now()); {
	case left <= 0:
		return "the certificate for Apple's passes ended on " + until.Format(time.DateOnly) + ": devices take none"
	case left < warnBefore:
		return "the certificate for Apple's passes ends on " + until.Format(time.DateOnly)
	}
	return ""
}
