package shift

import (
	"testing"

	"usher/crypto/grant"
)

// Whom phones trust is checked where they are shown a certificate of the agent's own.
func TestCertificateCheck(t *testing.T) {
	own, other, none := grant.Fingerprint{1}, grant.Fingerprint{2}, grant.Fingerprint{}
	for name, c := range map[string]struct {
		shown, enrolled grant.Fingerprint
		want            Outcome // "": no such check
		found           string
	}{
		"as enrolled":        {own, own, Pass, "check.found.certificate"},
		"made anew":          {own, other, Fail, "check.found.certificate_anew"},
		"enrolled with none": {own, none, Pass, "check.found.certificate_unsaid"},
		"a real one":         {none, own, "", ""},
	} {
		k := New(Config{Certificate: func() (shown, enrolled grant.Fingerprint) { return c.shown, c.enrolled }})
		got, made := k.certificate()
		if made != (c.want != "") || got.Outcome != c.want || got.found != c.found || (got.Outcome == Fail) != (got.do != "") {
			t.Errorf("%s: %+v, made %v", name, got, made)
		}
	}
	if _, made := New(Config{}).certificate(); made {
		t.Error("a device to which no phone comes by HTTPS has its certificate checked")
	}
}
