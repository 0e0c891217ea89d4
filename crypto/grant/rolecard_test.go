package grant

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func roleCode(b byte) (code Code) {
	copy(code[:], bytes.Repeat([]byte{b}, CodeSize))
	return code
}

func TestRoleCard(t *testing.T) {
	for _, code := range []Code{{}, roleCode(0x5a), roleCode(0xff)} {
		text := RoleCardText(code)
		if len(text) != len(PrefixRoleCard)+27 {
			t.Errorf("%s has %d characters", text, len(text))
		}
		for _, shown := range []string{
			text, strings.ToLower(text), "]Q1" + text + "\r\n", "\ufeff " + text, "x" + text, text + " ",
			strings.Replace(text, ":", "Ö", 1), strings.Replace(text, ":", ">", 1), // other keyboard layouts
			text[:9] + "-" + text[9:14] + " " + text[14:],
		} {
			if got, err := ParseRoleCard(shown); err != nil || got != code || !IsRoleCard(shown) {
				t.Errorf("%q: %v, is one: %v", shown, err, IsRoleCard(shown))
			}
		}
	}
}

// What is meant to be a role card is known for one, and a slip is noticed.
func TestGarbledRoleCard(t *testing.T) {
	text := RoleCardText(roleCode(0x5a))
	for name, shown := range map[string]string{
		"one lost":       text[:len(text)-1],
		"one more":       text + "7",
		"one other":      text[:10] + "0" + text[11:],
		"two swapped":    text[:8] + text[9:10] + text[8:9] + text[10:],
		"no symbol":      text[:10] + "U" + text[11:],
		"not so long":    text[:len(PrefixRoleCard)+leastOfRoleCard],
		"two in a burst": text + text,
	} {
		if _, err := ParseRoleCard(shown); !errors.Is(err, ErrRoleCard) || !IsRoleCard(shown) {
			t.Errorf("%s: %v, is one: %v", name, err, IsRoleCard(shown))
		}
	}
	for _, other := range []string{
		"", "US1", "US1:", "US1:SHORT", "US2:" + text[4:], text[4:], "BUS15" + text[4:], "US10" + text[4:],
		"https://example.org/US1/0123456789012345678901234567", "UE1:" + text[4:],
	} {
		if _, err := ParseRoleCard(other); err == nil || errors.Is(err, ErrRoleCard) || IsRoleCard(other) {
			t.Errorf("%q is taken for a role card: %v", other, err)
		}
	}
}

func TestRoleCardHash(t *testing.T) {
	if RoleCardHash(roleCode(1)) == RoleCardHash(roleCode(2)) {
		t.Error("the hash does not tell cards apart")
	}
	// The handle of a code names an enrolment card: neither says anything of the other.
	if strings.HasPrefix(fmt.Sprintf("%x", RoleCardHash(roleCode(1))), Handle(roleCode(1))) {
		t.Error("a role card's hash begins with the handle of its code")
	}
}

// FuzzRoleCard reads texts: a role card is read as the code whose text it is, and a
// refusal never shows the text.
func FuzzRoleCard(f *testing.F) {
	for range 3 {
		code, err := NewCode(rand.Reader)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(RoleCardText(code))
	}
	f.Add("US1:0123456789ABCDEFGHJKMNPQRST")
	f.Add("us1ö0000-0000 0000-0000")
	f.Fuzz(func(t *testing.T, text string) {
		code, err := ParseRoleCard(text)
		switch {
		case err == nil:
			if again, err := ParseRoleCard(RoleCardText(code)); err != nil || again != code || !IsRoleCard(text) {
				t.Errorf("%q is read as a code whose card is read otherwise: %v", text, err)
			}
		case errors.Is(err, ErrRoleCard) != IsRoleCard(text):
			t.Errorf("%q: %v, but is one: %v", text, err, IsRoleCard(text))
		case len(text) > 8 && strings.Contains(err.Error(), text):
			t.Errorf("the error shows %q", text)
		}
	})
}
