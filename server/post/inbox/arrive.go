package inbox

import (
	"context"
	"io"
	"slices"

	"github.com/emersion/go-smtp"

	"usher/server/post"
)

// NewSession implements smtp.Backend.
func (b *Inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{inbox: b}, nil }

// delivery is what a client has said of the message that it brings.
type delivery struct {
	inbox *Inbox
	to    []string
}

// Mail implements smtp.Session.
func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, to)
	return nil
}

// Reset implements smtp.Session.
func (d *delivery) Reset() { d.to = nil }

// Logout implements smtp.Session.
func (d *delivery) Logout() error { return nil }

// Data implements smtp.Session. What can't be shown is refused for good, with the
// reason, so that who wrote it learns of it.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if timedOut(err) {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 4, 2}, Message: "The message takes too long"}
	}
	if err != nil {
		return err // the library's own, with its answer
	}
	m, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The message can't be shown: " + post.Line(err.Error())}
	}
	slices.Sort(d.to)
	ctx, cancel := context.WithTimeout(d.inbox.closing, keepWithin)
	defer cancel()
	if err := d.inbox.keep(ctx, slices.Compact(d.to), m, raw); err != nil {
		d.inbox.Log.Warn("the inbox can't keep a mail", "error", err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The message can't be kept now"}
	}
	return nil
}
