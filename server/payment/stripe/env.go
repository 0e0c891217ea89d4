package stripe

import (
	"strings"

	"usher/sync/fault"
)

// The environment that FromEnv reads. Each may end in _FILE instead, and then names
// a file that holds the secret, as container platforms hand them out.
const (
	EnvKey  = "USHER_STRIPE_KEY"            // Config.Key
	EnvHook = "USHER_STRIPE_WEBHOOK_SECRET" // Config.HookSecrets, parted by commas or spaces
)

// maxSecretFile is far more than any secret has.
const maxSecretFile = 4 << 10

// FromEnv is a Config with the secrets of the environment. getenv is os.Getenv and
// readFile os.ReadFile.
func FromEnv(getenv func(string) string, readFile func(string) ([]byte, error)) (Config, error) {
	key, err := fromEnv(EnvKey, getenv, readFile)
	if err != nil {
		return Config{}, err
	}
	hooks, err := fromEnv(EnvHook, getenv, readFile)
	if err != nil {
		return Config{}, err
	}
	secrets := strings.FieldsFunc(hooks, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' })
	return Config{Key: key, HookSecrets: secrets}, nil
}

func fromEnv(name string, getenv func(string) string, readFile func(string) ([]byte, error)) (string, error) {
	value, path := strings.TrimSpace(getenv(name)), getenv(name+"_FILE")
	switch {
	case value != "" && path != "":
		return "", fault.New(fault.BadInput, "%s and %s_FILE are both set: leave one", name, name)
	case value != "":
		return value, nil
	case path == "":
		return "", fault.New(fault.BadInput, "payment by Stripe needs %s, or a file that %s_FILE names", name, name)
	}
	text, err := readFile(path)
	if err != nil {
		return "", fault.Wrap(fault.BadInput, err, "can't read the file of %s_FILE", name)
	}
	if len(text) > maxSecretFile {
		return "", fault.New(fault.BadInput, "the file of %s_FILE holds more than a secret", name)
	}
	return strings.TrimSpace(string(text)), nil
}
