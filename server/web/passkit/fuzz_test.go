package passkit

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"usher/server/pass/apple"
	"usher/sync/fault"
)

// FuzzRegistration wants what a device sends refused with a reason, or a token by which
// it can be told.
func FuzzRegistration(f *testing.F) {
	for _, s := range []string{`{"pushToken":"aabbccddee"}`, `{"pushToken":""}`, `{"pushToken":1}`, `{}`, `[]`, `null`, `{} {}`, ``, `{"pushToken":"aabbccddee","x":1}`, `{"pushToken":"../../x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		to, err := readRegistration(bytes.NewReader(body))
		if err != nil {
			if fault.KindOf(err) != fault.BadInput || fault.Message(err) == "" || to != "" {
				t.Errorf("refused as %v with %q", err, to)
			}
			return
		}
		if !apple.IsPushToken(to) {
			t.Errorf("%q tells nobody", to)
		}
	})
}

// FuzzLogs wants what a device writes harmless in a log, and short.
func FuzzLogs(f *testing.F) {
	for _, s := range []string{`{"logs":["it failed"]}`, `{"logs":["\u001b[31m\n\u202e"]}`, `{"logs":[]}`, `{"logs":"x"}`, `{}`, `{"logs":[null]}`, `{"logs":["` + strings.Repeat("ä", 600) + `"]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		lines, err := readLogs(bytes.NewReader(body))
		if err != nil {
			if fault.KindOf(err) != fault.BadInput {
				t.Errorf("refused as %v", err)
			}
			return
		}
		if len(lines) > maxLogs {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if !utf8.ValidString(line) || utf8.RuneCountInString(line) > maxLog+1 || strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("%q", line)
			}
		}
	})
}

// FuzzTag wants a tag read as it was written and no other way.
func FuzzTag(f *testing.F) {
	for _, s := range []string{"", "0", "17", "-1", "+1", "01", "1e3", "9223372036854775807", "9223372036854775808", " 1", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := readTag(text)
		switch {
		case err != nil && fault.KindOf(err) != fault.BadInput:
			t.Errorf("refused as %v", err)
		case err == nil && n < 0 && text != "":
			t.Errorf("%q is %d", text, n)
		}
	})
}
