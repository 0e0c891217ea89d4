package inbox

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// message is a message as a mail program would show it.
type message struct {
	ID      string
	Arrived time.Time
	From    string
	To      string
	Subject string
	Text    string
	HTML    string
	Files   []file
}

// file is an attachment.
type file struct {
	Index int
	Name  string
	Type  string
	Body  []byte
}

// Recipient is whom it went to, without the brackets of a bare address.
func (m *message) Recipient() string { return strings.Trim(m.To, "<>") }

// Size says how long a file is.
func (f file) Size() string {
	if n := len(f.Body); n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d KiB", (len(f.Body)+1023)/1024)
}

// maxDepth bounds how deep parts are nested.
const maxDepth = 4

// parse reads a message from its bytes: it takes the way that a mail program
// takes, so what looks right here arrives right.
func parse(id string, at time.Time, raw []byte) (*message, error) {
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", id, err)
	}
	m := &message{
		ID: id, Arrived: at,
		From: words(read.Header.Get("From")), To: words(read.Header.Get("To")), Subject: words(read.Header.Get("Subject")),
	}
	if err := m.part(textproto.MIMEHeader(read.Header), read.Body, 0); err != nil {
		return nil, fmt.Errorf("message %s: %w", id, err)
	}
	return m, nil
}

// words decodes a header of RFC 2047.
func words(header string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(header)
	if err != nil {
		return header
	}
	return decoded
}

// part reads one part of a message, and the parts inside it.
func (m *message) part(head textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(head.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("a part's type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") && depth < maxDepth {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = m.part(p.Header, p, depth+1)
			}
			if err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(head.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("reading a part: %w", err)
	}
	disposition, named, _ := mime.ParseMediaType(head.Get("Content-Disposition"))
	switch {
	case disposition == "attachment":
		m.Files = append(m.Files, file{Index: len(m.Files), Name: words(named["filename"]), Type: kind, Body: b})
	case kind == "text/html":
		m.HTML = string(b)
	default:
		m.Text = string(b)
	}
	return nil
}
