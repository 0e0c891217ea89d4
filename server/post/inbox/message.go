package inbox

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"unicode"

	"usher/server/post"
)

// message is a message as a mail program would show it.
type message struct {
	From    string
	To      string
	Subject string
	Text    string
	HTML    string // to be shown in a frame that lets nothing run or load
	Files   []file

	id    string // its Message-ID; empty: none
	parts int    // that were read
}

// file is an attachment.
type file struct {
	Index int
	Name  string
	Type  string // kind/subkind, without parameters
	Body  []byte
}

// Recipient is whom it says that it goes to, without the brackets of a bare address.
func (m *message) Recipient() string { return strings.Trim(m.To, "<>") }

// Size says how long a file is.
func (f file) Size() string {
	if n := len(f.Body); n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d KiB", (len(f.Body)+1023)/1024)
}

// Bounds of what is shown.
const (
	maxDepth = 5        // multiparts in one another
	maxParts = 100      // with those that hold others
	maxField = 16 << 10 // bytes of a header field that is shown
)

// parse reads a message from its bytes: it takes the way that a mail program
// takes, so what looks right here arrives right.
func parse(raw []byte) (*message, error) {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("its headers: %w", err)
	}
	for _, name := range []string{"From", "To", "Subject", "Message-Id"} {
		if n := len(read.Header.Get(name)); n > maxField {
			return nil, fmt.Errorf("its %s has %d bytes: want at most %d", name, n, maxField)
		}
	}
	shown := func(name string) string { return post.Line(words(read.Header.Get(name))) }
	m := message{From: shown("From"), To: shown("To"), Subject: shown("Subject"), id: read.Header.Get("Message-Id")}
	if err := m.part(textproto.MIMEHeader(read.Header), read.Body, ""); err != nil {
		return nil, err
	}
	return &m, nil
}

// words decodes a header of RFC 2047. One in a charset that isn't known stays as it is.
func words(header string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return decoded
}

// readable is text with nothing in it that no page can show.
func readable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// part reads one part of a message, and the parts inside it. Number is where it stands, as in
// "2.1"; the message itself has none.
func (m *message) part(head textproto.MIMEHeader, body io.Reader, number string) error {
	where := "its body"
	if number != "" {
		where = "part " + number
	}
	failed := func(err error) error { return fmt.Errorf("%s: %w", where, err) }
	if m.parts++; m.parts > maxParts {
		return failed(fmt.Errorf("more than %d parts", maxParts))
	}
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		kind, params = "text/plain", nil // as RFC 2045 has it, section 5.2
	}
	if strings.HasPrefix(kind, "multipart/") {
		return m.inside(params["boundary"], body, number, failed)
	}
	switch strings.ToLower(strings.TrimSpace(head.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return failed(err)
	}
	disposition, named, _ := mime.ParseMediaType(head.Get("Content-Disposition"))
	switch {
	case disposition != "attachment" && kind == "text/html":
		m.HTML += strings.ToValidUTF8(string(b), "\ufffd")
	case disposition != "attachment" && kind == "text/plain":
		m.Text += readable(string(b))
	default:
		name := cmp.Or(post.Line(words(named["filename"])), post.Line(words(params["name"])), where)
		m.Files = append(m.Files, file{Index: len(m.Files), Name: name, Type: kind, Body: b})
	}
	return nil
}

// inside reads the parts of a multipart.
func (m *message) inside(boundary string, body io.Reader, number string, failed func(error) error) error {
	if boundary == "" {
		return failed(errors.New("parts without a boundary"))
	}
	depth := strings.Count(number, ".") + 1
	if number == "" {
		depth = 0
	}
	if depth >= maxDepth {
		return failed(fmt.Errorf("parts more than %d deep", maxDepth))
	}
	parts := multipart.NewReader(body, boundary)
	for n := 1; ; n++ {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failed(err)
		}
		if err := m.part(p.Header, p, strings.TrimPrefix(fmt.Sprintf("%s.%d", number, n), ".")); err != nil {
			return err
		}
	}
}
