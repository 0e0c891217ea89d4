package shoptest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/migrations/sqldb"
	"usher/server/payment/sandbox"
)

// OpenSandbox opens a sandbox over a database, by the shop's clock. A shop takes payments
// there once it has it for its Provider.
func (s *Shop) OpenSandbox(t testing.TB, db *sqldb.DB) *sandbox.Sandbox {
	t.Helper()
	bank, err := sandbox.Open(t.Context(), sandbox.Config{DB: db, Now: s.Time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return bank
}

// PayAt pays by card at a sandbox's page.
func PayAt(ctx context.Context, bank *sandbox.Sandbox, page string) error {
	form := httptest.NewRequest(http.MethodPost, page+"/card", strings.NewReader(url.Values{"number": {"4242 4242 4242 4242"}}.Encode()))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	said := httptest.NewRecorder()
	if bank.Handler().ServeHTTP(said, form.WithContext(ctx)); said.Code != http.StatusSeeOther {
		return fmt.Errorf("the sandbox says %d: %s", said.Code, said.Body)
	}
	return nil
}
