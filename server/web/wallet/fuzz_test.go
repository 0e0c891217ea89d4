package wallet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"usher/sync/fault"
)

// FuzzReadBind wants what a phone sends refused with a reason, or read as it would be
// written again.
func FuzzReadBind(f *testing.F) {
	for _, s := range []string{
		`{"event":"NIGHT","id":"0011223344556677","generation":3,"take_over":true,"phone":"AAAA","challenge":"AQID","signature":"BAUG"}`,
		`{}`, `[]`, `null`, `{"generation":-1}`, `{"generation":65536}`, `{"generation":1.5}`, `{"phone":"A"}`, `{"phone":"AB=="}`, `{"phone":"AAB"}`,
		`{"phone":"` + "\n" + `"}`, `{} {}`, `{"event":"NIGHT"} x`, `{"x":1}`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, claim, err := readBind(httptest.NewRequest("POST", "/wallet/bind", bytes.NewReader(body)))
		if err != nil {
			if fault.KindOf(err) != fault.BadInput || fault.Message(err) == "" {
				t.Errorf("refused as %v", err)
			}
			return
		}
		again, err := json.Marshal(asked)
		if err != nil {
			t.Fatal(err)
		}
		same, twin, err := readBind(httptest.NewRequest("POST", "/wallet/bind", bytes.NewReader(again)))
		if err != nil || same != asked || !bytes.Equal(twin.Holder, claim.Holder) || twin.Generation != claim.Generation {
			t.Errorf("%q is read as %+v, and that as %+v, %v", body, asked, same, err)
		}
		if base64.RawURLEncoding.EncodeToString(claim.Challenge) != asked.Challenge || base64.RawURLEncoding.EncodeToString(claim.Signature) != asked.Signature {
			t.Errorf("two texts are the same bytes: %q, %q", asked.Challenge, asked.Signature)
		}
	})
}
