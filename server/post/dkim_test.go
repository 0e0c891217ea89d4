package post

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	netmail "net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"

	"usher/migrations"
	"usher/migrations/sqldb/dbtest"
	"usher/sync/fault"
)

// pemOf writes a private key as openssl does.
func pemOf(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func signers(t *testing.T) map[string]*Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})
	list := map[string]*Signer{}
	for name, key := range map[string][]byte{"ed25519": pemOf(t, ed), "rsa": pemOf(t, rsaKey), "rsa of old": pkcs1} {
		if list[name], err = NewSigner("hall.example", "usher", key); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// What arrives is signed by the sender's domain with all that a reader sees, whatever
// stands in it; a change to any of it is found, and so is a header that was added.
func TestMailIsSigned(t *testing.T) {
	for name, signer := range signers(t) {
		t.Run(name, func(t *testing.T) {
			record, text, err := signer.Record()
			if err != nil || record != "usher._domainkey.hall.example" {
				t.Fatalf("%q, %v", record, err)
			}
			s := &server{}
			o := open(dbtest.Open(t, migrations.Server), s.listening(t), func(ctx context.Context, m Mail) (Letter, error) {
				l, err := full.Letter()
				l.Subject, l.Files = strings.Repeat("Grüße ", 40)+"\r\nBcc: all@evil.example", []File{{Name: "t\r\nx: y \u202efdp.ü" + strings.Repeat("n", 3000) + ".pdf", Type: "application/pdf", Body: make([]byte, 5000)}}
				l.Text += "\n.\n" + strings.Repeat("long ", 1000)
				return l, err
			})
			o.Sign = signer
			o.queue(t, ticketsMail("A1"))
			o.drain(t)
			got := s.arrivals()
			if len(got) != 1 {
				t.Fatalf("%d arrived: %+v", len(got), o.only(t, "A1"))
			}
			raw := got[0].raw
			verified := func(raw string) error {
				list, err := dkim.VerifyWithOptions(strings.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
					if domain != record {
						t.Errorf("the key is looked for at %q", domain)
					}
					return []string{text}, nil
				}})
				if err != nil || len(list) != 1 || list[0].Domain != "hall.example" {
					t.Fatalf("%d signatures, %v", len(list), err)
				}
				return list[0].Err
			}
			if err := verified(raw); err != nil {
				t.Errorf("the signature: %v\n%s", err, raw)
			}
			for what, changed := range map[string]string{
				"another subject": strings.Replace(raw, "\r\nSubject:", "\r\nSubject: x", 1), "another body": strings.Replace(raw, "bient", "biemt", 1),
				"another sender": strings.Replace(raw, "tickets@hall", "tockets@hall", 1), "a second sender": "From: <bank@evil.example>\r\n" + raw,
				"a second subject": "Subject: pay\r\n" + raw, "other answers": strings.Replace(raw, "box@pier", "fox@pier", 1), "to another": strings.Replace(raw, "a1@buyers", "b2@buyers", 1),
			} {
				if changed == raw || verified(changed) == nil {
					t.Errorf("the signature is good for %s", what)
				}
			}
			wellFormed(t, raw)
		})
	}
}

// wellFormed checks a message as it goes over the wire (RFC 5322 and 2045).
func wellFormed(t *testing.T, raw string) {
	t.Helper()
	for line := range strings.SplitSeq(raw, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a line has %d bytes: %.200q", len(line), line)
		}
	}
	read, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Bcc": "", "X": "", "Mime-Version": "1.0", "Auto-Submitted": "auto-generated", "To": "<a1@buyers.example>", "Content-Language": "fr"} {
		if got := read.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-Id", "Reply-To", "Content-Type", "Dkim-Signature"} {
		if len(read.Header[name]) != 1 {
			t.Errorf("%s stands there %d times", name, len(read.Header[name]))
		}
	}
	if !strings.HasSuffix(read.Header.Get("Message-Id"), "@hall.example>") {
		t.Errorf("the message is %s", read.Header.Get("Message-Id"))
	}
}

func TestKeysThatDontSign(t *testing.T) {
	good := pemOf(t, ed25519.NewKeyFromSeed(make([]byte, 32)))
	for name, c := range map[string]struct {
		domain, selector string
		key              []byte
	}{
		"no key": {"a.example", "usher", nil}, "no PEM": {"a.example", "usher", []byte("hello")}, "no domain": {"", "usher", good},
		"no selector": {"a.example", "", good}, "a selector of others": {"a.example", "a;b", good}, "a long selector": {"a.example", strings.Repeat("a", 300), good},
		"a public key": {"a.example", "usher", []byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")},
	} {
		if s, err := NewSigner(c.domain, c.selector, c.key); fault.KindOf(err) != fault.BadInput || s != nil || len(fault.Message(err)) > 200 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One mailbox that is full, or that wants us to come back, keeps no other mail.
func TestOneIsPutOff(t *testing.T) {
	s := &server{}
	o := open(dbtest.Open(t, migrations.Server), s.listening(t), letter)
	s.greylisted = "a1@buyers.example"
	o.queue(t, ticketsMail("A1"), ticketsMail("B2"), ticketsMail("C3"))
	o.drain(t)
	if got := s.arrivals(); len(got) != 2 {
		t.Errorf("%d arrived", len(got))
	}
	if m := o.only(t, "A1"); m.State != Waiting || !m.Due.Equal(start.Add(firstPause)) || !strings.Contains(m.Problem, "greylisted") {
		t.Errorf("it is noted as %+v", m)
	}
	s.set(func(s *server) { s.greylisted = "" })
	o.clock.Pass(firstPause)
	o.drain(t)
	if m := o.only(t, "A1"); m.State != Sent || m.Tries != 2 {
		t.Errorf("then as %+v", m)
	}
}

var later = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted: come back"}
