package server_test

import (
	"errors"
	"net/http/httptest"
	"sync"
	"testing"

	"usher/server"
	"usher/sync/fault"
	"usher/sync/link"
)

// An exchange that is asked for while the server closes is refused, or ends with it;
// none begins on a server that is closed.
func TestNoExchangeAfterTheEnd(t *testing.T) {
	s := opened(t, server.Config{})
	handler, end, err := s.Handler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(handler)
	defer web.Close()
	address, err := link.Address(web.URL, event)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if conn, err := (link.Dialer{}).Dial(t.Context(), address); err == nil {
					conn.Close()
				}
			}
		})
	}
	end()
	group.Wait()
	if _, err := (link.Dialer{}).Dial(t.Context(), address); !errors.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}
