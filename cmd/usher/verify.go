package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/crypto/ticket/vectors"
	"usher/gate/scan"
	"usher/sync/fault"
)

func newVerify() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify --ring FILE CODE|PICTURE|-",
		Short: "Say whether a code is genuine, and what it says",
		Long: `Checks a code with a key ring and nothing else: whether an issuing key of the ring
signed it, what it says, and whether it is good at this time. It knows no state: a
ticket that was used, revoked or reissued is genuine all the same. Only a gate or
the server knows that.

The code is given as text, in a picture, or on standard input (-). The ring file
comes from usher keys export and is trusted as it is given: compare the
fingerprints of its roots with what the organiser says they are.

With --vectors, judges a file of test vectors instead and prints one line of JSON,
{"id","ok","reason"}, for each.

Exit status: 0 genuine and in its time, 1 not, 2 it could not be judged.`,
		Example: `  usher verify --ring harbour.ring ticket.png
  usher verify --ring harbour.ring --event HARBOUR-26 --at 2026-07-04T19:30:00+02:00 "UT1:…"
  usher verify --vectors tickets.json`,
		Args: func(c *cobra.Command, args []string) error {
			switch vectorFile := flag(c, "vectors"); {
			case vectorFile != "" && (len(args) > 0 || flag(c, "ring") != ""):
				return fault.New(fault.BadInput, "usher verify --vectors FILE takes no ring and no code: the file has all of it")
			case vectorFile == "" && (len(args) != 1 || args[0] == "" || flag(c, "ring") == ""):
				return fault.New(fault.BadInput, "usher verify needs --ring FILE and one code, picture or -; see usher verify --help")
			case len(args) == 1 && args[0] == "-" && flag(c, "ring") == "-":
				return fault.New(fault.BadInput, "standard input can be the ring or the code, not both")
			}
			return nil
		},
		RunE: runVerify,
	}
	c.Flags().String("ring", "", "`FILE` with the organiser's key ring")
	c.Flags().String("event", "", "the `EVENT` that the code has to be for (default: the one that it says)")
	c.Flags().String("at", "", "judge as if it were this `TIME` (2026-07-04T19:30:00+02:00)")
	c.Flags().String("vectors", "", "judge the test vectors in `FILE`")
	return c
}

func runVerify(c *cobra.Command, args []string) error {
	if path := flag(c, "vectors"); path != "" {
		return judgeVectors(c, path)
	}
	ring, err := readRing(c, flag(c, "ring"))
	if err != nil {
		return err
	}
	at, err := moment(c, "at", time.Now())
	if err != nil {
		return err
	}
	codes, err := codesIn(c, args[0])
	if err != nil {
		return err
	}
	good := true
	for _, code := range codes {
		v := verifyCode(code, ring, flag(c, "event"), at)
		good = good && v.Good
		if err := v.print(c); err != nil {
			return err
		}
	}
	if !good {
		return errRefused
	}
	return nil
}

// moment reads a flag that holds a time; otherwise is what it is when left out.
func moment(c *cobra.Command, name string, otherwise time.Time) (time.Time, error) {
	text := flag(c, name)
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Unix() <= 0 {
		return at, fault.New(fault.BadInput, "--%s %q: want a time like 2026-07-04T19:30:00+02:00", name, text)
	}
	return at, nil
}

// readRing reads a ring file and walks its chain. The first ring vouches for
// itself: who handed over the file is trusted to have handed over the right one.
func readRing(c *cobra.Command, path string) (*keyring.Ring, error) {
	name, file, err := readFile(c, path, keyring.MaxFile)
	if err != nil {
		return nil, err
	}
	chain, err := keyring.ParseFile(file)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "%s is no ring file; usher keys export writes one", name)
	}
	if err := chain[0].VerifyPinned(keyring.PinsOf(chain[0].Ring.Roots)); err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the first ring in %s is not signed by its own roots", name)
	}
	last, err := keyring.Walk(chain[0], chain[1:]...)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the rings in %s don't follow from each other", name)
	}
	return &last.Ring, nil
}

// maxCode bounds a code on standard input, in bytes; a picture may be larger.
const maxCode = 4096

// codesIn gives the code that an argument is, or those in the picture it names.
func codesIn(c *cobra.Command, arg string) ([]string, error) {
	if arg != "-" {
		if looksLikeCode(arg) || !namesFile(arg) {
			return []string{ticket.CleanInput(arg)}, nil
		}
		texts, err := readPicture(c, arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		return texts, nil
	}
	name, input, err := readFile(c, arg, scan.MaxFile)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(input)) == 0 {
		return nil, fault.New(fault.BadInput, "%s is empty: want a code or a picture", name)
	}
	if text := ticket.CleanInput(string(input[:min(len(input), maxCode)])); looksLikeCode(text) {
		return []string{text}, nil
	}
	texts, err := scan.Picture(strings.NewReader(string(input)))
	if err != nil && len(input) <= maxCode && !errors.Is(err, scan.ErrNoCode) {
		return []string{ticket.CleanInput(string(input))}, nil // text, and not a ticket's
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return texts, nil
}

func looksLikeCode(text string) bool {
	text = ticket.CleanInput(text)
	return strings.HasPrefix(text, ticket.PrefixStatic) || strings.HasPrefix(text, ticket.PrefixPresentation)
}

// namesFile says whether an argument that is no ticket's code is meant as a file.
func namesFile(arg string) bool {
	if _, err := os.Stat(arg); err == nil {
		return true
	}
	switch suffix := strings.ToLower(arg[strings.LastIndexByte(arg, '.')+1:]); suffix {
	case "png", "jpg", "jpeg", "gif", "webp", "bmp":
		return true
	}
	return false
}

func judgeVectors(c *cobra.Command, path string) (err error) {
	_, file, err := openFile(c, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	list, err := vectors.Load(io.LimitReader(file, vectors.MaxFile+1))
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "%s can't be judged", path)
	}
	for _, v := range list.Vectors {
		if err := printJSON(c.OutOrStdout(), list.Judge(v)); err != nil {
			return err
		}
	}
	return nil
}
