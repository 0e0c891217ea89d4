package aftersale

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// postbox is a mail server, with everybody's letters in it.
type postbox struct {
	address string

	mu      sync.Mutex          // covers what follows
	letters map[string][]letter // by the address that they went to
	seen    map[string]bool     // by their ids: one may be sent twice
}

// letter is a mail that has arrived.
type letter struct{ subject, text string }

func newPostbox(t testing.TB) *postbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &postbox{address: l.Addr().String(), letters: map[string][]letter{}, seen: map[string]bool{}}
	s := smtp.NewServer(b)
	s.ErrorLog = quiet{}
	var running sync.WaitGroup
	running.Go(func() { _ = s.Serve(l) }) // which ends with Close
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // which Close does not know of before Serve has run
		running.Wait()
	})
	return b
}

// quiet says nothing of who hangs up: servers are killed.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// NewSession implements smtp.Backend.
func (b *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{postbox: b}, nil }

type delivery struct {
	*postbox
	to string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error      { return nil }
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error { d.to = to; return nil }
func (d *delivery) Reset()                                    { d.to = "" }
func (d *delivery) Logout() error                             { return nil }

// Data takes a letter in. What can't be read is refused, which the outbox says.
func (d *delivery) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := plain(m)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if id := m.Header.Get("Message-Id") + d.to; !d.seen[id] {
		d.seen[id] = true
		d.letters[d.to] = append(d.letters[d.to], letter{subject, text})
	}
	return nil
}

// plain is the letter as text.
func plain(m *mail.Message) (string, error) {
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return "", err
	}
	return textPart(m.Header.Get("Content-Type"), body)
}

func textPart(kind string, body []byte) (string, error) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return string(body), err
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart() // which undoes quoted-printable
		if err != nil {
			return "", err
		}
		inner, err := io.ReadAll(part)
		if err != nil {
			return "", err
		}
		kind := part.Header.Get("Content-Type")
		if strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "text/plain") {
			return textPart(kind, inner)
		}
	}
}

// links gives the paths that letters to an address lead to and that match, the oldest
// first.
func (b *postbox) links(to string, match *regexp.Regexp) (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters[to] {
		list = append(list, match.FindAllString(l.text, -1)...)
	}
	return list
}
