package site

import (
	"net/http/httptest"
	"testing"

	"usher/server/speech"
	"usher/sync/fault"
)

// Whatever goes wrong, its page says so in the language of who looks at it.
func TestWhatIsWrongInWords(t *testing.T) {
	in := func(code string, kind fault.Kind) (title, detail string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", code)
		return wrong(Accepted(r), kind)
	}
	for _, kind := range fault.Kinds() {
		title, detail := in("en", kind)
		for _, code := range speech.Codes() {
			if a, b := in(code, kind); a == "" || b == "" || code != "en" && (a == title || b == detail) {
				t.Errorf("%s in %s: %q, %q", kind, code, a, b)
			}
		}
	}
}
