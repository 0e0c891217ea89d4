package grant

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestMACIsWhatTheFormatSays(t *testing.T) {
	code, pub, nonce := Code{1, 2, 3}, bytes.Repeat([]byte{7}, 32), []byte("nonce")
	h := hmac.New(sha256.New, code[:])
	fmt.Fprintf(h, "usher-enrol-v1%s%s", pub, nonce)
	mac := MAC(code, pub, nonce)
	if !bytes.Equal(h.Sum(nil), mac[:]) {
		t.Error("the MAC is over something else")
	}
	for name, ok := range map[string]bool{
		"code":  CheckMAC(Code{1, 2, 4}, pub, nonce, mac[:]),
		"key":   CheckMAC(code, bytes.Repeat([]byte{8}, 32), nonce, mac[:]),
		"nonce": CheckMAC(code, pub, []byte("nonse"), mac[:]),
		"MAC":   CheckMAC(code, pub, nonce, mac[:31]),
		"none":  CheckMAC(code, pub, nonce, nil),
	} {
		if ok {
			t.Errorf("another %s is accepted", name)
		}
	}
	if !CheckMAC(code, pub, nonce, mac[:]) {
		t.Error("the MAC is refused")
	}
}

// The proof of an authority is the other one, made over more, under another name.
func TestAuthorityMAC(t *testing.T) {
	code, pub, nonce, authority := Code{1, 2, 3}, bytes.Repeat([]byte{7}, 32), []byte("nonce"), Fingerprint{9}
	h := hmac.New(sha256.New, code[:])
	fmt.Fprintf(h, "usher-enrol-authority-v1%s%s%s", pub, nonce, authority[:])
	mac := AuthorityMAC(code, pub, nonce, authority)
	if !bytes.Equal(h.Sum(nil), mac[:]) {
		t.Error("the MAC is over something else")
	}
	for name, ok := range map[string]bool{
		"code":      CheckAuthorityMAC(Code{1, 2, 4}, pub, nonce, authority, mac[:]),
		"key":       CheckAuthorityMAC(code, bytes.Repeat([]byte{8}, 32), nonce, authority, mac[:]),
		"nonce":     CheckAuthorityMAC(code, pub, []byte("nonse"), authority, mac[:]),
		"authority": CheckAuthorityMAC(code, pub, nonce, Fingerprint{8}, mac[:]),
		"MAC":       CheckAuthorityMAC(code, pub, nonce, authority, mac[:31]),
		"none":      CheckAuthorityMAC(code, pub, nonce, authority, nil),
	} {
		if ok {
			t.Errorf("another %s is accepted", name)
		}
	}
	if !CheckAuthorityMAC(code, pub, nonce, authority, mac[:]) {
		t.Error("the MAC is refused")
	}
}

func TestHandle(t *testing.T) {
	code := Code{1, 2, 3}
	sum := sha256.Sum256(append([]byte("usher-enrol-handle-v1"), code[:]...))
	if got := Handle(code); got != hex.EncodeToString(sum[:8]) {
		t.Errorf("Handle = %s", got)
	}
}

func TestNewCode(t *testing.T) {
	code, err := NewCode(strings.NewReader("0123456789abcdef and more"))
	if err != nil || code != Code([]byte("0123456789abcdef")) {
		t.Errorf("%x, %v", code[:], err)
	}
	if _, err := NewCode(strings.NewReader("too little")); err == nil {
		t.Error("a code was made of too little randomness")
	}
}

func TestCodeIsNeverPrinted(t *testing.T) {
	code := Code([]byte("SECRETsecret1234"))
	card := goodCard(t)
	card.Code = code
	presented, err := ParseCard(card.Text())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, v := range []any{code, &code, card, presented, []Code{code}, map[string]Code{"c": code}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	lower := strings.ToLower(out.String())
	for _, form := range []string{"secret1", hex.EncodeToString(code[:6]), "83 69 67", "83,69,67", "83, 69", "0x53, 0x45"} {
		if strings.Contains(lower, form) {
			t.Errorf("the code is printed as %q", form)
		}
	}
	if !strings.Contains(lower, Handle(code)) {
		t.Error("what is printed doesn't name the code by its handle")
	}
}

func TestParseRole(t *testing.T) {
	for _, role := range []Role{RoleScanner, RoleSupervisor, RoleBoxOffice} {
		if got, err := ParseRole(string(role)); err != nil || got != role {
			t.Errorf("ParseRole(%s) = %s, %v", role, got, err)
		}
	}
	for _, bad := range []string{"", "Scanner", "scanner ", strings.Repeat("x", 1<<20)} {
		if _, err := ParseRole(bad); err == nil || len(err.Error()) > 150 {
			t.Errorf("ParseRole(%.20q): %v", bad, err)
		}
	}
}
