package doorpage

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/e2e/browser"
	"usher/e2e/rig"
	"usher/gate"
	"usher/gate/secure"
)

// A phone that trusts the gate scans with its camera, by an address that is not its
// own, and goes on with the network off. By plain HTTP it has no camera.
func TestPhone(t *testing.T) {
	t.Parallel()
	called := func() (string, error) { return "handheld", nil }
	h := newSite(t, setup{tls: gate.TLS{On: true, Hostname: called}})
	name := secure.ThisDevice(called, net.InterfaceAddrs).Names[1]
	var card gate.PhoneCard
	rig.Wait(t, "the agent says where it answers", func() (err error) {
		card, err = gate.ReadPhoneCard(h.dir, name)
		return err
	})
	phones := trusting(t, h, name)
	tab := func() *browser.Tab {
		tab, closed, err := phones.Tab(390, 844)
		h.must(err)
		t.Cleanup(closed)
		return tab
	}
	d := &door{site: h, t: t, Tab: tab()}

	d.visit(card.Link)
	if got := eval[string](d, `location.protocol + " " + isSecureContext + " " + typeof navigator.mediaDevices?.getUserMedia + " " + location.search`); got != "https: true function " {
		t.Errorf("the phone's page is %q", got)
	}
	d.until(`navigator.serviceWorker.controller`)
	d.startCamera()
	d.shows("green", "tick", "ADMIT")
	d.readHere()

	d.stop()
	d.must(d.Go(strings.TrimSuffix(card.Link, card.Link[strings.Index(card.Link, "?"):])))
	d.readHere()
	d.start()

	d.Tab = tab() // which knows no cookie of the encrypted page
	d.visit(strings.Replace(card.Link, "https", "http", 1))
	if eval[bool](d, `isSecureContext`) {
		t.Fatal("plain text by another name is secure to this browser, so nothing was shown")
	}
	d.startCamera()
	d.shows("hatch", "hatch", "NO CAMERA")
	if why := eval[string](d, `document.getElementById("why").textContent`); !strings.Contains(why, "without encryption") {
		t.Errorf("without encryption the page says %q", why)
	}
}

// trusting is the browser of phones that were told to trust the gate's authority, and
// that find the gate by a name.
func trusting(t *testing.T, h *site, name string) *browser.Browser {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(h.dir, "tls-authority.pem"))
	h.must(err)
	block, _ := pem.Decode(text)
	root, err := x509.ParseCertificate(block.Bytes)
	h.must(err)
	pin := sha256.Sum256(root.RawSubjectPublicKeyInfo)
	film := filepath.Join(t.TempDir(), "camera.y4m")
	h.must(browser.WriteCamera(film, still(t, h.Venue)))
	b, closed, err := browser.Start(context.WithoutCancel(t.Context()), browser.Config{
		Profile: t.TempDir(), Camera: film,
		Flags: map[string]string{
			"host-resolver-rules":                 "MAP " + name + " 127.0.0.1",
			"ignore-certificate-errors-spki-list": base64.StdEncoding.EncodeToString(pin[:]),
		},
	})
	h.must(err)
	t.Cleanup(closed)
	return b
}
