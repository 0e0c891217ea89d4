package google

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// REST is the address of Google's interface.
const REST = "https://walletobjects.googleapis.com/walletobjects/v1"

// saveAt is where a browser is led to save a pass.
const saveAt = "https://pay.google.com/gp/v/save/"

// scope is what a token of ours is good for.
const scope = "https://www.googleapis.com/auth/wallet_object.issuer"

const (
	callWithin = 10 * time.Second
	maxAnswer  = 1 << 20         // bytes
	tokenLife  = time.Hour       // that is asked for
	early      = 1 * time.Minute // before its end a token is not used any more
	tokenPause = 5 * time.Second // after no token was to be had
)

// Client makes passes and changes them. It may be used by several goroutines.
type Client struct {
	Account *Account
	URL     string // of the interface; "": REST
	Now     func() time.Time

	http http.Client

	mu     sync.Mutex // of all below
	token  string
	until  time.Time
	failed error // why there is no token; it holds until again
	again  time.Time
}

// Save gives the link that saves an object which was made.
func (c *Client) Save(object, origin string) (string, error) {
	claims := jwt.MapClaims{
		"iss": c.Account.email, "aud": "google", "typ": "savetowallet", "iat": c.Now().Unix(),
		"payload": map[string]any{"eventTicketObjects": []map[string]string{{"id": object}}},
	}
	if origin != "" {
		claims["origins"] = []string{origin}
	}
	token, err := c.Account.sign(claims)
	return saveAt + token, err
}

// SetClass makes a class, or changes it to be so.
func (c *Client) SetClass(ctx context.Context, class Class) error {
	return c.set(ctx, "eventTicketClass", class.ID, class)
}

// SetObject makes an object, or changes it to be so.
func (c *Client) SetObject(ctx context.Context, object Object) error {
	return c.set(ctx, "eventTicketObject", object.ID, object)
}

// set changes what there is, and makes it where there is nothing.
func (c *Client) set(ctx context.Context, kind, id string, body any) error {
	status, err := c.call(ctx, http.MethodPut, "/"+kind+"/"+url.PathEscape(id), body)
	if status == http.StatusNotFound {
		status, err = c.call(ctx, http.MethodPost, "/"+kind, body)
	}
	if status == http.StatusConflict { // somebody made it in between
		_, err = c.call(ctx, http.MethodPut, "/"+kind+"/"+url.PathEscape(id), body)
	}
	return err
}

// call sends a body, once more with a new token where the one before is refused.
func (c *Client) call(ctx context.Context, method, path string, body any) (status int, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, fmt.Errorf("writing for Google Wallet: %w", err)
	}
	for range 2 {
		var token string
		if token, err = c.bearer(ctx); err != nil {
			return 0, err
		}
		if status, err = c.send(ctx, method, path, text, token); status != http.StatusUnauthorized {
			return status, err
		}
		c.drop(token)
	}
	return status, err
}

func (c *Client) send(ctx context.Context, method, path string, body []byte, token string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	base := c.URL
	if base == "" {
		base = REST
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("asking Google Wallet: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, fmt.Errorf("asking Google Wallet: %w", err)
	}
	defer answer.Body.Close()
	var said struct {
		Error struct {
			Status string `json:"status"`
		} `json:"error"`
	}
	_ = json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&said) // an answer without a reason has none
	if answer.StatusCode/100 != 2 {
		return answer.StatusCode, fmt.Errorf("the interface of Google Wallet answers %d %.80q to %s %s", answer.StatusCode, said.Error.Status, method, path)
	}
	return answer.StatusCode, nil
}

// bearer gives a token that calls are allowed with, a new one when there is none that
// is good for a while (RFC 7523).
func (c *Client) bearer(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if c.token != "" && now.Before(c.until.Add(-early)) {
		return c.token, nil
	}
	if c.failed != nil && now.Before(c.again) {
		return "", c.failed
	}
	token, err := c.fetch(ctx, now)
	if err != nil {
		if ctx.Err() == nil { // who waited behind this call needn't find out the same
			c.failed, c.again = err, c.Now().Add(tokenPause)
		}
		return "", err
	}
	c.failed = nil
	return token, nil
}

// fetch gets a new token. c.mu is held.
func (c *Client) fetch(ctx context.Context, now time.Time) (string, error) {
	assertion, err := c.Account.sign(jwt.MapClaims{
		"iss": c.Account.email, "scope": scope, "aud": c.Account.tokenURL, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("signing for Google: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Account.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("asking Google for a token: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.http.Do(r)
	if err != nil {
		return "", fmt.Errorf("asking Google for a token: %w", err)
	}
	defer answer.Body.Close()
	var said struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&said); err != nil || answer.StatusCode != http.StatusOK || said.Token == "" {
		return "", fmt.Errorf("no token from Google: status %d, %.80q", answer.StatusCode, said.Error)
	}
	c.token, c.until = said.Token, now.Add(time.Duration(said.Life)*time.Second)
	return c.token, nil
}

// drop forgets a token that was refused, unless there is another by now.
func (c *Client) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}
