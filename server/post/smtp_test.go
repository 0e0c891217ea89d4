package post

import (
	"fmt"
	"strings"
	"testing"

	"usher/sync/fault"
)

func TestParseSMTP(t *testing.T) {
	for text, want := range map[string]SMTP{
		"smtp://u:p%40ss@mail.example":      {host: "mail.example", port: 587, security: startTLS, user: "u", password: "p@ss"},
		"smtps://u:p@mail.example/":         {host: "mail.example", port: 465, security: implicit, user: "u", password: "p"},
		"smtp+insecure://localhost:1025":    {host: "localhost", port: 1025, security: bare},
		"smtp://[2001:db8::1]:2525":         {host: "2001:db8::1", port: 2525, security: startTLS},
		"smtp+insecure://relay.internal":    {host: "relay.internal", port: 25, security: bare},
		"smtps://someone@mail.example:1465": {host: "mail.example", port: 1465, security: implicit, user: "someone"},
	} {
		want.timeout = smtpTimeout
		if got, err := ParseSMTP(text); err != nil || *got != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "mail.example", "mail.example:25", "http://mail.example", "smtp://", "smtp://mail.example:0", "smtp://mail.example:99999",
		"smtp://mail.example/path", "smtp://mail.example?a=b", "smtp+insecure://u:secret@mail.example", "smtp://u:se%cret@mail.example", "smtp://u:secret@mail.example:x"} {
		if _, err := ParseSMTP(text); fault.KindOf(err) != fault.BadInput || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "se%cret") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPasswordIsNotShown(t *testing.T) {
	s, err := ParseSMTP("smtp://somebody:secret@mail.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s", s, s, s)} {
		if strings.Contains(shown, "secret") || strings.Contains(shown, "somebody") {
			t.Errorf("it is shown: %s", shown)
		}
	}
}
