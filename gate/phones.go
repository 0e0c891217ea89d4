package gate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher/crypto/grant"
	"usher/gate/secure"
	"usher/sync/fault"
	"usher/sync/journal"
)

// TLS says how an agent lets phones open its page by HTTPS; the zero TLS: it
// doesn't.
type TLS struct {
	On bool
	// Cert and Key are the files of a real certificate, PEM; "": the agent is its
	// own authority.
	Cert, Key string
	// Hostname gives what the network calls the device; nil: as the system says.
	Hostname func() (string, error)
}

// identity gives what the agent shows to phones; nil: nothing.
func (g *Gate) identity(name string) (secure.Identity, error) {
	hostname := g.TLS.Hostname
	if hostname == nil {
		hostname = os.Hostname
	}
	now := func() time.Time { return time.UnixMilli(g.Time.Moment().At) }
	switch {
	case !g.TLS.On:
		return nil, nil
	case g.TLS.Cert != "" || g.TLS.Key != "":
		return secure.Load(g.TLS.Cert, g.TLS.Key, now)
	}
	return secure.Open(secure.Config{
		Dir: g.Data, Gate: name, Now: now, Device: func() secure.Device { return secure.ThisDevice(hostname, net.InterfaceAddrs) },
	})
}

// enrolledAuthority gives the fingerprint of the authority that the device was enrolled
// with; zero: it said none.
func (g *Gate) enrolledAuthority() (grant.Fingerprint, error) {
	record, err := journal.Parse(g.Enrolment.Record)
	if err != nil {
		return grant.Fingerprint{}, fmt.Errorf("the record that admits this gate: %w", err)
	}
	enrolled, err := journal.Read[journal.Enrol](record)
	if err != nil {
		return grant.Fingerprint{}, fmt.Errorf("the record that admits this gate: %w", err)
	}
	return grant.ReadFingerprint(enrolled.Authority), nil
}

// phones is what the agent file says of how phones come in.
type phones struct {
	Listen      string `json:"listen"`                // where the agent listens
	Host        string `json:"host,omitempty"`        // the name in a real certificate
	Fingerprint string `json:"fingerprint,omitempty"` // of the agent's own authority
	// Enrolled is the fingerprint that the server and other gates know; zero: none.
	Enrolled grant.Fingerprint `json:"enrolled,omitzero"`
	Gate     string            `json:"gate"`
	Event    string            `json:"event"`
	Language string            `json:"language,omitempty"` // of the event
}

// PhoneCard enrols a phone with an agent: it says where the door page is, and by
// what the phone knows that it is the gate's.
type PhoneCard struct {
	Gate  string `json:"gate"`
	Event string `json:"event"`
	Link  string `json:"link,omitempty"` // of the door page, with the door key in it
	// Trust is the page that says how a phone is told to trust the gate, and
	// Fingerprint what it has to compare; both "" with a real certificate.
	Trust       string `json:"trust,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256 of the authority's certificate
	// Before is the fingerprint that the device was enrolled with, and that the server
	// and other gates print, where the certificate was made anew since; else "".
	Before string `json:"fingerprint_before,omitempty"`
	// Language is the event's; "": it has none.
	Language string `json:"-"`
}

// ReadPhoneCard makes the card of the agent that runs on the data folder. host is
// how phones reach this device; "": by the name in its real certificate, or by its
// first address.
func ReadPhoneCard(data, host string) (PhoneCard, error) {
	const start = "start it so: usher gate run --tls --listen :8430"
	text, err := os.ReadFile(filepath.Join(data, agentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return PhoneCard{}, fault.New(fault.NotReady, "no agent runs on %s; %s", data, start)
	}
	if err != nil {
		return PhoneCard{}, fault.Wrap(fault.Unavailable, err, "can't read where the agent of %s answers", data)
	}
	var at address
	if err := json.Unmarshal(text, &at); err != nil {
		return PhoneCard{}, fault.Wrap(fault.Internal, err, "the file that says where the agent of %s answers is damaged", data)
	}
	if at.Phones == nil {
		return PhoneCard{}, fault.New(fault.NotReady, "the agent of %s speaks no TLS, without which a phone's browser gives no camera; %s", data, start)
	}
	return at.Phones.card(at.Key, host)
}

func (p *phones) card(key, host string) (PhoneCard, error) {
	if host == "" {
		host = p.Host
	}
	place, port, err := net.SplitHostPort(p.Listen)
	if err != nil {
		return PhoneCard{}, fault.Wrap(fault.Internal, err, "the agent says that it listens on %q", p.Listen)
	}
	if host == "" {
		addr, err := netip.ParseAddr(place)
		switch {
		case err == nil && addr.IsLoopback():
			return PhoneCard{}, fault.New(fault.NotReady, "the agent listens to its own device alone; start it with --listen :%s, or say --host", port)
		case err == nil && addr.IsUnspecified():
			host = outward()
		default:
			host = place
		}
	}
	base, err := placeOf(host, port)
	if err != nil {
		return PhoneCard{}, err
	}
	c := PhoneCard{Gate: p.Gate, Event: p.Event, Link: "https://" + base + "/?key=" + key, Fingerprint: p.Fingerprint, Language: p.Language}
	if p.Fingerprint != "" {
		c.Trust = "http://" + base + secure.TrustPath // in plain text: who comes here trusts nobody yet
		if before := p.Enrolled.String(); before != p.Fingerprint {
			c.Before = before
		}
	}
	return c, nil
}

// placeOf joins a host that a person named with a port.
func placeOf(host, port string) (string, error) {
	base := net.JoinHostPort(host, port)
	if u, err := url.Parse("https://" + base); err != nil || u.Host != base || strings.ContainsAny(host, "@/?#") {
		return "", fault.New(fault.BadInput, "%.80q is no name or address of a device", host)
	}
	return base, nil
}

// usualPort is where agents answer that were not told where.
const usualPort = "8430"

// CardOf makes as much of a gate's card as those know who have its enrolment: whom
// phones have to trust. The link has the door key in it, which the gate alone has. at
// is where phones reach the gate's agent, HOST or HOST:PORT; "": the card doesn't say.
func CardOf(gate, event string, authority grant.Fingerprint, at string) (PhoneCard, error) {
	c := PhoneCard{Gate: gate, Event: event, Fingerprint: authority.String()}
	if at == "" {
		return c, nil
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		host, port = strings.Trim(at, "[]"), usualPort
	}
	base, err := placeOf(host, port)
	if err != nil {
		return PhoneCard{}, err
	}
	c.Trust = "http://" + base + secure.TrustPath
	return c, nil
}
