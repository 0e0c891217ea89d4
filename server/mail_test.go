package server_test

import (
	"net/http"
	"strings"
	"testing"

	"usher/server"
)

// Mail that was given up stands on the manager's page with what the mail server
// said, and is sent again from there.
func TestMailThatWasGivenUp(t *testing.T) {
	s := newStall(t, server.Config{})
	if answer, body := s.get("/manage/mail", s.manager); answer.StatusCode != http.StatusOK || !strings.Contains(body, "No mail was given up") {
		t.Errorf("status %d: %s", answer.StatusCode, body)
	}
	for _, statement := range []string{
		`update mail set state = 'failed', kind = 'called_off', done_at = 5, problem = '<script>alert(1)</script>' where about in (select id from sale_order where state = 'paid')`,
		`insert into mail (id, kind, about, detail, address, state, tries, queued_at, due_at, done_at, problem) values ('of/none', 'lost', 'none', '', 'nobody@example.org', 'failed', 1, 1, 1, 1, '')`,
	} {
		if err := s.DB.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	answer, body := s.get("/manage/mail", s.manager)
	for _, want := range []string{"2 given up", "ada@example.org", s.code, "<td data-label=\"What\">event called off</td>", "&lt;script&gt;alert", `value="of/none"`} {
		if answer.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Fatalf("status %d, lacks %q: %s", answer.StatusCode, want, body)
		}
	}
	if _, body := s.get("/manage/orders/"+s.code, s.manager); !strings.Contains(body, "mail failed") || !strings.Contains(body, "event called off, to ada@example.org") {
		t.Error("the order's history says nothing of it")
	}
	if answer, _ := s.get("/manage/mail"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the key: status %d", answer.StatusCode)
	}
	if answer, _ := s.post("/manage/mail/again", "all=yes"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("sent again without the key: status %d", answer.StatusCode)
	}
	for _, c := range []struct{ form, want string }{
		{"", "0"}, {"mail=none", "0"}, {"mail=of/none", "1"}, {"mail=of/none", "0"}, {"all=yes", "1"}, {"all=yes", "0"},
	} {
		answer, _ := s.post("/manage/mail/again", c.form, s.manager)
		if to := answer.Header.Get("Location"); to != "/manage/mail?again="+c.want {
			t.Errorf("%q leads to %q, want %s", c.form, to, c.want)
		}
	}
	if _, body := s.get("/manage/mail?again=1", s.manager); !strings.Contains(body, "0 given up") || !strings.Contains(body, "1 to be sent again") {
		t.Errorf("after it: %s", body)
	}
}
