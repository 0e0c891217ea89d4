// Package enrol makes a device a gate: it makes the device's key and the authority
// that phones will trust, presents a card to the server, checks what comes back against the card's pins and stores
// who the gate is.
package enrol

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"usher/crypto/grant"
	"usher/crypto/keyring"
	"usher/gate/secure"
	"usher/gate/store"
	"usher/sync/enrolment"
	"usher/sync/fault"
)

// Timeout bounds one try to reach the server.
const Timeout = 20 * time.Second

// Config is what an enrolment needs.
type Config struct {
	Store  *store.Store
	Server string       // base URL; "" takes the one on the card
	Card   string       // text of the card's QR code, or what is typed from it
	Name   string       // what people call the device; "" takes the gate's code
	Client *http.Client // nil: one with Timeout
	Rand   io.Reader
	Now    func() time.Time
	Device func() secure.Device // what the network calls the device; nil: as the system says
}

// Check says what is wrong with a configuration without a store, so that nothing
// has to be made for a card that can't be used.
func (cfg Config) Check() error {
	_, _, err := cfg.parse()
	return err
}

// parse reads the card and finds the server to go to.
func (cfg Config) parse() (card grant.Presented, base *url.URL, err error) {
	if card, err = grant.ParseCard(cfg.Card); err != nil {
		return card, nil, fault.Wrap(fault.BadInput, err, "this is no enrolment card")
	}
	if card.Expires != 0 && cfg.Now().Unix() >= card.Expires+expirySlack {
		return card, nil, fault.New(fault.Expired, "this card expired at %s; make a new one", time.Unix(card.Expires, 0).Format(time.DateTime))
	}
	if err := enrolment.CheckName(cfg.Name); err != nil {
		return card, nil, err
	}
	base, err = serverURL(cfg.Server, card)
	return card, base, err
}

// Enrol enrols the device. A device key that an earlier try left is used again,
// so that a lost answer doesn't strand the gate.
func Enrol(ctx context.Context, cfg Config) (*enrolment.Admitted, error) {
	card, base, err := cfg.parse()
	if err != nil {
		return nil, err
	}
	if e, err := cfg.Store.Enrolment(ctx); err == nil {
		return nil, fault.New(fault.Exists, "this data is already gate %s of event %s; a new enrolment needs a folder of its own", e.Gate, e.Event)
	}
	key, err := deviceKey(cfg)
	if err != nil {
		return nil, err
	}
	authority, err := cfg.authority(card)
	if err != nil {
		return nil, err
	}
	self := enrolment.Device{Public: key.Public(), Authority: authority, Name: cfg.Name}
	request, err := enrolment.NewRequest(card, self, cfg.Rand)
	if err != nil {
		return nil, err
	}
	reply, err := post(ctx, cfg.Client, base.JoinPath("api", "v1", "enrol").String(), request)
	if err != nil {
		return nil, err
	}
	admitted, err := reply.Verify(card, self)
	if err != nil {
		return nil, err
	}
	if err := cfg.Store.SaveGuestKey(admitted.Guests); err != nil {
		return nil, err
	}
	if err := cfg.Store.SaveStaffKey(admitted.Staff); err != nil {
		return nil, err
	}
	return admitted, cfg.Store.Enrol(ctx, store.Enrolment{
		Event: admitted.Event, Gate: admitted.Gate, Role: admitted.Role, Name: admitted.Name,
		ServerURL: base.String(), Server: admitted.Server, Pins: admitted.Pins, Ring: admitted.Ring.Bytes(),
		Node: admitted.Node, At: cfg.Now(), Record: reply.Record,
	})
}

// expirySlack is how far, in seconds, the device's clock may be ahead before it
// calls a card expired by itself. The server decides in the end.
const expirySlack = 24 * 3600

func deviceKey(cfg Config) (*keyring.Signer, error) {
	key, err := cfg.Store.DeviceKey()
	if fault.KindOf(err) != fault.NotReady {
		return key, err
	}
	if key, err = keyring.Generate(cfg.Rand); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't make a device key")
	}
	return key, cfg.Store.SaveDeviceKey(key)
}

// authority makes the device's own authority, which phones at its door page have to
// trust, if a try before did not, and gives its fingerprint. It goes by the name that
// phones show: the device's, or the gate's as far as the card says it.
func (cfg Config) authority(card grant.Presented) (grant.Fingerprint, error) {
	device := cfg.Device
	if device == nil {
		device = func() secure.Device { return secure.ThisDevice(os.Hostname, net.InterfaceAddrs) }
	}
	own, err := secure.Open(secure.Config{Dir: cfg.Store.Dir(), Gate: cmp.Or(cfg.Name, card.Gate), Device: device, Now: cfg.Now})
	if err != nil {
		return grant.Fingerprint{}, err
	}
	return secure.FingerprintOf(own.Authority()), nil
}

func serverURL(given string, card grant.Presented) (*url.URL, error) {
	if given == "" {
		given = card.Server
	}
	if given == "" {
		return nil, fault.New(fault.BadInput, "a typed card doesn't say where the server is; add --server URL")
	}
	u, err := url.Parse(strings.TrimRight(given, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fault.New(fault.BadInput, "%q is no server address; want http://HOST:PORT or https://HOST", given)
	}
	return u, nil
}

func post(ctx context.Context, client *http.Client, to string, request enrolment.Request) (enrolment.Reply, error) {
	var reply enrolment.Reply
	if client == nil {
		client = &http.Client{Timeout: Timeout}
	}
	body, err := json.Marshal(request)
	if err != nil {
		return reply, fault.Wrap(fault.Internal, err, "can't write the request")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return reply, fault.Wrap(fault.BadInput, err, "can't ask %s", to)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		if failed, of := errors.AsType[*url.Error](err); of {
			err = failed.Err // it names the address once more
		}
		return reply, fault.Wrap(fault.Unavailable, err, "can't reach the server at %s", to)
	}
	defer answer.Body.Close()
	limited := io.LimitReader(answer.Body, enrolment.MaxReply)
	if answer.StatusCode != http.StatusOK {
		return reply, refusal(answer, limited)
	}
	if err := json.NewDecoder(limited).Decode(&reply); err != nil {
		return reply, fault.Wrap(fault.Unavailable, err, "what answers at %s is no usher server (a captive portal, perhaps)", to)
	}
	return reply, nil
}

// refusal reads why the server said no. Something that is no usher server (a
// captive portal, a proxy) is named by its status.
func refusal(answer *http.Response, body io.Reader) error {
	var p fault.Problem
	if err := json.NewDecoder(body).Decode(&p); err != nil || p.Detail == "" {
		return fault.New(fault.Unavailable, "the server answered %s, and not as usher does", answer.Status)
	}
	return p.Err()
}
