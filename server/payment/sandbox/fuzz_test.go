package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// FuzzNotice: whatever comes, it is a notice that names a payment, or a clear error;
// and nothing that the sandbox didn't sign is taken.
func FuzzNotice(f *testing.F) {
	const key = "the key of the notices"
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, signed bool, header, body string) {
		h := http.Header{SignatureHeader: {header}}
		if signed {
			h.Set(SignatureHeader, sign(key, []byte(body), now))
		}
		n, err := readNotice(key, h, []byte(body), now)
		switch fault.KindOf(err) {
		case "":
			if n.ID == "" || n.Ref == "" || !signed && !strings.EqualFold(header, sign(key, []byte(body), now)) {
				t.Errorf("taken: %+v", n)
			}
		case fault.BadInput, fault.TooLarge:
			if !signed && len(body) <= payment.MaxNotice {
				t.Errorf("read before the signature was looked at: %v", err)
			}
		case fault.Unauthorised, fault.Expired:
			if signed {
				t.Errorf("refused what was signed: %v", err)
			}
		default:
			t.Errorf("kind %s", fault.KindOf(err))
		}
	})
}
