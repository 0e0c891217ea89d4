package apple

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// APNs is the address of Apple's push service.
const APNs = "https://api.push.apple.com"

// pushWithin bounds how long one push may take.
const pushWithin = 10 * time.Second

// ErrGone says that a device no longer has what a push was for: it is not to be told of
// anything again.
var ErrGone = errors.New("the device has no such pass any more")

// MaxPushToken bounds what a device is told by, in characters.
const MaxPushToken = 200

var pushToken = regexp.MustCompile(`^[0-9a-fA-F]{8,200}$`)

// IsPushToken says whether a text may be what a device is told by.
func IsPushToken(text string) bool { return pushToken.MatchString(text) }

// Push tells devices that a pass of theirs changed. A device asks what changed by
// itself: a push says nothing.
type Push struct {
	client *http.Client
	url    string
	topic  string
}

// NewPush makes a way to tell devices, by the service at an address. roots are whom to
// trust instead of the system's; nil for those.
func NewPush(i *Identity, at string, roots *x509.CertPool) *Push {
	return &Push{
		client: &http.Client{Timeout: pushWithin, Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{Certificates: []tls.Certificate{i.certificate()}, RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
		}},
		url: strings.TrimSuffix(at, "/"), topic: i.passType,
	}
}

// Tell has a device look for what changed. ErrGone means that it never has to be told
// again; any other error, that it may be tried later.
func (p *Push) Tell(ctx context.Context, token string) error {
	if !IsPushToken(token) {
		return ErrGone
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/3/device/"+token, strings.NewReader("{}"))
	if err != nil {
		return fmt.Errorf("asking Apple's push service: %w", err)
	}
	r.Header.Set("apns-topic", p.topic)
	r.Header.Set("apns-push-type", "background")
	r.Header.Set("apns-priority", "5")
	answer, err := p.client.Do(r)
	if failed, is := errors.AsType[*url.Error](err); is {
		err = failed.Err // the address has the device's token in it, which is for no log
	}
	if err != nil {
		return fmt.Errorf("asking Apple's push service: %w", err)
	}
	defer answer.Body.Close()
	var said struct {
		Reason string `json:"reason"`
	}
	_ = json.NewDecoder(io.LimitReader(answer.Body, 4<<10)).Decode(&said) // an answer without a reason has none
	switch {
	case answer.StatusCode == http.StatusOK:
		return nil
	case answer.StatusCode == http.StatusGone, said.Reason == "BadDeviceToken", said.Reason == "DeviceTokenNotForTopic":
		return ErrGone
	}
	return fmt.Errorf("the push service answers %d %.80q", answer.StatusCode, said.Reason)
}
