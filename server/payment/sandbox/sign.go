package sandbox

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher/server/payment"
	"usher/sync/fault"
)

// SignatureHeader carries the time at which a notice was sent and the HMAC-SHA-256
// of that time, a full stop and the body: t=1700000000,v1=9f86….
const SignatureHeader = "Usher-Sandbox-Signature"

// sign gives the header for a body that is sent at a time.
func sign(key string, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(key, t, body))
}

func mac(key, t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(t))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}

// readNotice makes sure of who sent a notice, and takes it apart.
func readNotice(key string, header http.Header, body []byte, now time.Time) (payment.Notice, error) {
	if len(body) > payment.MaxNotice {
		return payment.Notice{}, fault.New(fault.TooLarge, "a notice has %d bytes at most", payment.MaxNotice)
	}
	t, sum, ok := strings.Cut(header.Get(SignatureHeader), ",v1=")
	t, ok2 := strings.CutPrefix(t, "t=")
	sent, err := strconv.ParseInt(t, 10, 64)
	given, err2 := hex.DecodeString(sum)
	if !ok || !ok2 || err != nil || err2 != nil {
		return payment.Notice{}, fault.New(fault.Unauthorised, "a notice of the payment sandbox has a header %s", SignatureHeader)
	}
	if !hmac.Equal(given, mac(key, t, body)) {
		return payment.Notice{}, fault.New(fault.Unauthorised, "the signature is not the payment sandbox's")
	}
	if off := now.Sub(time.Unix(sent, 0)); off.Abs() > payment.Tolerance {
		return payment.Notice{}, fault.New(fault.Expired, "the notice was sent at another time than now")
	}
	var n wireNotice
	if err := readJSON(bytes.NewReader(body), payment.MaxNotice, &n); err != nil {
		return payment.Notice{}, err
	}
	if n.ID == "" || n.Payment == "" {
		return payment.Notice{}, fault.New(fault.BadInput, "the notice names no payment")
	}
	return payment.Notice{ID: n.ID, Ref: n.Payment, Kind: n.Kind, At: time.UnixMilli(n.At).UTC()}, nil
}
