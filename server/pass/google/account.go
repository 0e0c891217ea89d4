// Package google makes passes for Google Wallet: the signed link that saves one, and
// the calls that make and change what Google keeps of it. It knows nothing of tickets;
// server/pass says what stands on a pass.
//
// # Where a pass lives
//
// Google keeps the class of an event and an object for each ticket, made over its REST
// interface before somebody is led there. The link names the object and holds nothing
// of the ticket, so that no code gets into a browser's history; a change of the object
// is what phones show next.
package google

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"

	"github.com/golang-jwt/jwt/v5"

	"usher/sync/fault"
)

// MaxAccount bounds the file of an account, in bytes.
const MaxAccount = 16 << 10

// Account is who makes passes: a service account of the operator's.
type Account struct {
	issuer   string // of passes, a number that Google gave the operator
	email    string
	key      *rsa.PrivateKey
	tokenURL string
}

var issuerID = regexp.MustCompile(`^[0-9]{1,24}$`)

// ParseAccount reads a service account's key file, as Google's console gives it.
// issuer is the operator's number in the Wallet console.
func ParseAccount(file []byte, issuer string) (*Account, error) {
	if !issuerID.MatchString(issuer) {
		return nil, fault.New(fault.BadInput, "%.40q is no issuer of Google Wallet: want its number", issuer)
	}
	var said struct {
		Type     string `json:"type"`
		Email    string `json:"client_email"`
		Key      string `json:"private_key"`
		TokenURL string `json:"token_uri"`
	}
	if err := json.Unmarshal(file, &said); err != nil || said.Type != "service_account" || said.Email == "" {
		return nil, fault.New(fault.BadInput, "the file is no key of a Google service account (JSON)") // no cause: it may quote the key
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(said.Key))
	if err != nil {
		return nil, fault.New(fault.BadInput, "the private key of the Google service account can't be read")
	}
	if u, err := url.Parse(said.TokenURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		return nil, fault.New(fault.BadInput, "the Google service account names no token_uri")
	}
	return &Account{issuer: issuer, email: said.Email, key: key, tokenURL: said.TokenURL}, nil
}

// ID is how Google knows what the operator calls name.
func (a *Account) ID(name string) string { return a.issuer + "." + name }

// sign makes a token of claims.
func (a *Account) sign(c jwt.MapClaims) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodRS256, c).SignedString(a.key)
}

// Format keeps the key out of whatever is printed, however it is printed.
func (a *Account) Format(s fmt.State, _ rune) {
	if a == nil {
		_, _ = io.WriteString(s, "no account")
		return
	}
	_, _ = fmt.Fprintf(s, "the account %s", a.email)
}
