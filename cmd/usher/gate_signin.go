package main

import (
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/gate"
	"usher/gate/door"
	"usher/sync/fault"
)

// pinEnv names the variable that may hold a PIN.
const pinEnv = "USHER_PIN"

// addSignIn adds the flags by which a person does something at a gate, not the
// device alone.
func addSignIn(c *cobra.Command) {
	c.Flags().String("sign-in", "", "`NAME` of who does it, as the staff list has it; docs/door-api.md says who may do what")
	c.Flags().String("pin-file", "", "`FILE` with the PIN of who signs in (or set "+pinEnv+", or be asked)")
}

// signIn signs in whom --sign-in names, until the gate is let go.
func signIn(c *cobra.Command, g gate.Reached) error {
	name := flag(c, "sign-in")
	if name == "" {
		if flag(c, "pin-file") != "" {
			return fault.New(fault.BadInput, "--pin-file is for --sign-in NAME")
		}
		return nil
	}
	pin, err := pinOf(c, name)
	if err != nil {
		return err
	}
	_, err = g.SignIn(c.Context(), door.SignIn{Name: name, PIN: pin})
	return err
}

// pinOf gives the PIN from the file, the environment or a prompt, in that order.
func pinOf(c *cobra.Command, name string) (string, error) {
	if path := flag(c, "pin-file"); path != "" {
		pin, err := secretFrom(path, "PIN file")
		return string(pin), err
	}
	if pin := os.Getenv(pinEnv); pin != "" {
		return pin, nil
	}
	in, isFile := c.InOrStdin().(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return "", fault.New(fault.BadInput, "--sign-in %s: add --pin-file FILE or set %s", name, pinEnv)
	}
	pin, err := ask(c, in, "PIN of "+printable(name)+": ")
	return string(pin), err
}
