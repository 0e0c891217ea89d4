package post

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/sync/fault"
)

// smtpTimeout bounds connecting, and each message.
const smtpTimeout = 30 * time.Second

// SMTP is a mail server to hand mail to.
type SMTP struct {
	host     string
	port     int
	security security
	user     string
	password string
	trust    *tls.Config // nil: the system's roots
	timeout  time.Duration
}

// security is how a connection is protected.
type security int

const (
	startTLS security = iota // it has to begin TLS before anything is said
	implicit                 // it is TLS from the first byte
	bare                     // none: a server on the same machine
)

// ParseSMTP reads the address of a mail server: smtp://USER:PASSWORD@HOST:PORT
// speaks STARTTLS, smtps:// TLS from the first byte, and smtp+insecure:// neither,
// for one on the same machine or a network of one's own. Ports are 587, 465 and 25
// where none is named. The error doesn't show the password.
func ParseSMTP(address string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.New(fault.BadInput, "the address of the mail server is no URL: want smtp://USER:PASSWORD@HOST:PORT")
	}
	s := &SMTP{host: u.Hostname(), timeout: smtpTimeout}
	switch u.Scheme {
	case "smtp":
		s.security, s.port = startTLS, 587
	case "smtps":
		s.security, s.port = implicit, 465
	case "smtp+insecure":
		s.security, s.port = bare, 25
	default:
		return nil, fault.New(fault.BadInput, "the address of the mail server begins with %.20q: want smtp://, smtps:// or smtp+insecure://", u.Scheme+"://")
	}
	if s.host == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, fault.New(fault.BadInput, "the address of the mail server: want smtp://USER:PASSWORD@HOST:PORT and nothing else")
	}
	if text := u.Port(); text != "" {
		if s.port, err = strconv.Atoi(text); err != nil || s.port < 1 || s.port > 65535 {
			return nil, fault.New(fault.BadInput, "port %.10q of the mail server: want 1 to 65535", text)
		}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
	if s.user != "" && s.security == bare {
		return nil, fault.New(fault.BadInput, "a password would travel in the open: use smtp:// or smtps:// with a user")
	}
	return s, nil
}

// String names the server, without user and password.
func (s *SMTP) String() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// Format is String whatever the verb.
func (s *SMTP) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// Open implements Transport.
func (s *SMTP) Open(ctx context.Context) (Session, error) {
	opts := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(s.timeout), gomail.WithoutNoop()}
	switch s.security {
	case startTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case implicit:
		opts = append(opts, gomail.WithSSL())
	case bare:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.trust != nil {
		opts = append(opts, gomail.WithTLSConfig(s.trust))
	}
	if s.user != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	client, err := gomail.NewClient(s.host, opts...)
	if err != nil {
		return nil, fmt.Errorf("the mail server %s: %w", s, err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return nil, fmt.Errorf("reaching the mail server %s: %w", s, err)
	}
	return &smtpSession{client}, nil
}

type smtpSession struct{ client *gomail.Client }

// Send implements Session. The library says that a message failed which the server
// has taken, when only the reset after it went wrong: what was taken is sent.
//
// A 5xx to the recipient or to the message is the server's last word on this
// message, a 4xx one for now. One before that is about us, and may be mended.
func (s *smtpSession) Send(_ context.Context, msg *gomail.Msg) error {
	err := s.client.Send(msg)
	if err == nil || msg.IsDelivered() {
		return nil
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) && (failed.Reason == gomail.ErrSMTPRcptTo || failed.Reason == gomail.ErrSMTPDataClose) {
		switch code := failed.ErrorCode(); {
		case code >= 500:
			return fmt.Errorf("%w: %w", ErrRefused, err)
		case code >= 400 && code != closing:
			return fmt.Errorf("%w: %w", ErrPutOff, err)
		}
	}
	return err
}

// closing is what a server says that hangs up (RFC 5321 section 3.8).
const closing = 421

// Close implements Session.
func (s *smtpSession) Close() error { return s.client.Close() }
