package apple

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"usher/server/pass/passtest"
	"usher/sync/fault"
)

// identity gives an identity, and the authority that a device trusts.
func identity(t *testing.T) (*Identity, *passtest.Authority) {
	t.Helper()
	a := passtest.NewAuthority(t)
	i, err := ParseIdentity(passtest.Identity(t, a))
	if err != nil {
		t.Fatal(err)
	}
	return i, a
}

// unpacked gives the files of a pass.
func unpacked(t *testing.T, pass []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pass), int64(len(pass)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	return files
}

// A pass is what a device takes: the manifest has the sum of every other file and is
// signed by the pass certificate, which leads to the authority; the pass says whose it
// is, its pictures are there at their sizes and its texts in every language.
func TestPack(t *testing.T) {
	i, a := identity(t)
	pass, err := i.Pack(Pass{
		Serial: "0123", Organisation: "Pier 7", Description: "Ticket", Barcodes: QR("UT1:ABC", "7K3M"),
		Ticket: Fields{Primary: []Field{{Key: "event", Label: "EVENT", Value: "Night"}}},
		Texts:  map[string]map[string]string{"de": {"EVENT": `"Nacht"` + "\n\\ am Kai"}, "en": {"EVENT": "EVENT"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, pass)
	var sums map[string]string
	if err := json.Unmarshal(files["manifest.json"], &sums); err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		sum := sha1.Sum(body)
		if name != "manifest.json" && name != "signature" && sums[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("the manifest has %q for %s", sums[name], name)
		}
	}
	if len(sums) != len(files)-2 {
		t.Errorf("the manifest has %d files of %d", len(sums), len(files)-2)
	}
	signature, err := pkcs7.Parse(files["signature"])
	if err != nil {
		t.Fatal(err)
	}
	if len(signature.Content) != 0 {
		t.Error("the signature holds the manifest")
	}
	signature.Content = files["manifest.json"]
	if err := signature.VerifyWithChain(a.Pool()); err != nil {
		t.Errorf("the signature: %v", err)
	}
	if got := signature.Signers[0].DigestAlgorithm.Algorithm; !got.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
		t.Errorf("signed with %v", got)
	}
	signature.Content = append([]byte(" "), files["manifest.json"]...)
	if signature.VerifyWithChain(a.Pool()) == nil {
		t.Error("the signature is good for another manifest")
	}
	var face map[string]any
	if err := json.Unmarshal(files["pass.json"], &face); err != nil {
		t.Fatal(err)
	}
	if face["formatVersion"] != 1.0 || face["passTypeIdentifier"] != passtest.Type || face["teamIdentifier"] != passtest.Team || face["serialNumber"] != "0123" {
		t.Errorf("the pass is %s", files["pass.json"])
	}
	for name, size := range map[string]int{"icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87, "logo.png": 50} {
		if shape, err := png.DecodeConfig(bytes.NewReader(files[name])); err != nil || shape.Width != size {
			t.Errorf("%s is %d pixels wide: %v", name, shape.Width, err)
		}
	}
	if got := string(files["de.lproj/pass.strings"]); got != `"EVENT" = "\"Nacht\"\n\\ am Kai";`+"\n" {
		t.Errorf("German is %s", got)
	}
	if again, err := i.Pack(Pass{Serial: "0123"}); err != nil || len(unpacked(t, again)) == 0 {
		t.Errorf("a bare pass: %v", err)
	}
}

// A file that is no identity is refused by what it lacks, and what is said has nothing
// of the key.
func TestIdentityRefused(t *testing.T) {
	a := passtest.NewAuthority(t)
	key := passtest.RSAKey(t)
	leaf := a.Issue(t, passtest.Subject(), key)
	other := a.Issue(t, pkix.Name{CommonName: "other"}, key)
	bare := passtest.Subject()
	bare.OrganizationalUnit = nil
	noTeam := a.Issue(t, bare, key)
	keyText := passtest.KeyPEM(t, key)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		text []byte
		says string
	}{
		"empty":         {nil, "no private key"},
		"no key":        {passtest.PEM(t, leaf, a.Cert), "no private key"},
		"two keys":      {join(keyText, keyText), "two private keys"},
		"no leaf":       {join(keyText, passtest.PEM(t, a.Cert)), "no certificate of its private key"},
		"no chain":      {join(keyText, passtest.PEM(t, leaf)), "WWDR"},
		"another kind":  {join(keyText, passtest.PEM(t, other, a.Cert)), "none for passes"},
		"no team":       {join(keyText, passtest.PEM(t, noTeam, a.Cert)), "no team"},
		"broken cert":   {bytes.Replace(passtest.PEM(t, leaf), []byte("MII"), []byte("MIX"), 1), "certificate 1"},
		"passphrase":    {[]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "passphrase"},
		"broken key":    {[]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "can't be read"},
		"anything else": {[]byte("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"), "doesn't belong"},
	} {
		i, err := ParseIdentity(c.text)
		if i != nil || !errors.Is(err, fault.BadInput) || !strings.Contains(fault.Message(err), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	i, err := ParseIdentity(join(passtest.PEM(t, a.Cert), keyText, passtest.PEM(t, leaf)))
	if err != nil || i.Type() != passtest.Type || i.Until() != leaf.NotAfter {
		t.Fatalf("in another order: %v", err)
	}
	if text := fmt.Sprint(i); text != "the identity of "+passtest.Type {
		t.Errorf("it prints as %s", text)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb, i); strings.Contains(text, key.D.String()) || text != "the identity of "+passtest.Type {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// A push reaches the service over HTTP/2 with the pass certificate and says nothing; a
// device that is gone is told apart from a service that is.
func TestPush(t *testing.T) {
	i, _ := identity(t)
	answers := map[string]struct {
		status int
		body   string
		want   error
		fails  bool
	}{
		"aabbccdd01": {200, "", nil, false},
		"aabbccdd02": {410, `{"reason":"Unregistered"}`, ErrGone, true},
		"aabbccdd03": {400, `{"reason":"BadDeviceToken"}`, ErrGone, true},
		"aabbccdd04": {503, `{"reason":"ServiceUnavailable"}`, nil, true},
		"aabbccdd05": {429, `nonsense`, nil, true},
		"aabbccdd06": {403, `{"reason":"BadCertificate"}`, nil, true},
	}
	service := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.ProtoMajor != 2 || r.Method != http.MethodPost || string(body) != "{}" || r.Header.Get("apns-topic") != passtest.Type {
			t.Errorf("%s %s %s with %q, topic %q", r.Proto, r.Method, r.URL, body, r.Header.Get("apns-topic"))
		}
		if len(r.TLS.PeerCertificates) == 0 || !slices.Equal(r.TLS.PeerCertificates[0].Raw, i.leaf.Raw) {
			t.Error("the service sees no pass certificate")
		}
		a := answers[strings.TrimPrefix(r.URL.Path, "/3/device/")]
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	service.EnableHTTP2 = true
	service.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	service.StartTLS()
	t.Cleanup(service.Close)
	roots := passtest.NewAuthority(t).Pool()
	roots.AddCert(service.Certificate())
	push := NewPush(i, service.URL+"/", roots)
	for token, a := range answers {
		err := push.Tell(t.Context(), token)
		if (err != nil) != a.fails || errors.Is(err, ErrGone) != (a.want != nil) {
			t.Errorf("%s, status %d: %v", token, a.status, err)
		}
	}
	for _, bad := range []string{"", "zz", "../../x", strings.Repeat("a", 201)} {
		if err := push.Tell(t.Context(), bad); !errors.Is(err, ErrGone) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	// Whoever isn't the service gets nothing.
	if err := NewPush(i, service.URL, passtest.NewAuthority(t).Pool()).Tell(t.Context(), "aabbccdd01"); err == nil || strings.Contains(err.Error(), "aabbccdd01") {
		t.Errorf("a service of somebody else's: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := push.Tell(ctx, "aabbccdd01"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// FuzzIdentity wants any file refused with a reason, or read.
func FuzzIdentity(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		i, err := ParseIdentity(text)
		if (i == nil) == (err == nil) || err != nil && fault.KindOf(err) != fault.BadInput {
			t.Errorf("%v, %v", i, err)
		}
	})
}
