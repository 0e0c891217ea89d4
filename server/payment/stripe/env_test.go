package stripe

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"usher/sync/fault"
)

func TestFromEnv(t *testing.T) {
	files := map[string]string{"/key": "sk_live_a\n", "/hooks": "whsec_a\nwhsec_b\n", "/huge": strings.Repeat("x", maxSecretFile+1)}
	read := func(path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
	for _, c := range []struct {
		name  string
		env   map[string]string
		key   string
		hooks []string
		says  string // of the error
	}{
		{"values", map[string]string{EnvKey: "sk_live_a", EnvHook: "whsec_a, whsec_b"}, "sk_live_a", []string{"whsec_a", "whsec_b"}, ""},
		{"files", map[string]string{EnvKey + "_FILE": "/key", EnvHook + "_FILE": "/hooks"}, "sk_live_a", []string{"whsec_a", "whsec_b"}, ""},
		{"none", nil, "", nil, EnvKey},
		{"no hook", map[string]string{EnvKey: "sk_live_a"}, "", nil, EnvHook},
		{"both", map[string]string{EnvKey: "sk_live_a", EnvKey + "_FILE": "/key"}, "", nil, EnvKey + "_FILE"},
		{"no file", map[string]string{EnvKey + "_FILE": "/gone"}, "", nil, EnvKey + "_FILE"},
		{"huge", map[string]string{EnvKey: "sk_live_a", EnvHook + "_FILE": "/huge"}, "", nil, EnvHook + "_FILE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := FromEnv(func(name string) string { return c.env[name] }, read)
			if c.says != "" {
				if fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "sk_live") {
					t.Errorf("%v; want bad input about %s", err, c.says)
				}
				return
			}
			if err != nil || cfg.Key != c.key || !slices.Equal(cfg.HookSecrets, c.hooks) {
				t.Errorf("%+v, %v", cfg, err)
			}
		})
	}
}
