package door

import (
	"testing"

	"usher/gate/shift"
)

// What a check found, and what to do about it, is said in each language without a
// hole; what a page said of its own checks stands.
func TestPreflightInEveryLanguage(t *testing.T) {
	r := newRig(t)
	for language, step := range map[string]string{
		"en": "Connect the device and let it sync.", "de": "Gerät verbinden und abgleichen lassen.",
		"fr": "Connecter l'appareil et le laisser se synchroniser.", "es": "Conectar el dispositivo y dejar que se sincronice.",
	} {
		q := r.request("POST", "/api/preflight", []byte(`{"page":[{"check":"sound","outcome":"fail","detail":"quiet","do":"turn it up"}]}`))
		q.Header.Set("Accept-Language", language)
		p := answered[shift.Preflight](t, r.serve(q))
		seen := 0
		for _, c := range p.Checks {
			if hole.MatchString(c.Do) || hole.MatchString(c.Detail) || c.Outcome != shift.Pass && c.Do == "" {
				t.Errorf("%s: %+v", language, c)
			}
			switch {
			case c.Name == shift.CheckList && c.Do == step, c.Name == shift.CheckSound && c.Do == "turn it up" && c.Detail == "quiet":
				seen++
			}
		}
		if seen != 2 {
			t.Errorf("%s: %+v", language, p.Checks)
		}
	}
}
