package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"usher/crypto/keyring"
	"usher/sync/fault"
)

func newKeys() *cobra.Command {
	return group("keys", "Look at the organiser's keys, rotate them, hand out the ring",
		newKeysList(), newKeysRotate(), newKeysState(), newKeysExport(), newKeysManager())
}

func newKeysList() *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the keys", Args: cobra.NoArgs, RunE: runKeysList,
		Example: "  usher keys list",
	}
	addData(c, "server")
	return c
}

func runKeysList(c *cobra.Command, _ []string) error {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	list, err := s.Vault.Keys(c.Context())
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), list)
	}
	t := newTable(c.OutOrStdout(), "KEY", "ROLE", "EVENT", "STATE", "SIGNS", "MADE", "GOOD UNTIL")
	for _, k := range list {
		t.row(k.ID, k.Role, dash(k.Event), k.State, yes(k.Signs), k.Created.Format(minute), orDash(k.Expires))
	}
	return t.flush()
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func orDash(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(minute)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func newKeysRotate() *cobra.Command {
	c := &cobra.Command{
		Use:   "rotate --event E",
		Short: "Give an event a new key for signing tickets",
		Long: `Gives an event a new issuing key. Tickets are signed with it from now on; those
that are out stay good, because the old key keeps verifying until it expires or
is revoked (usher keys state). The event's gates hear of the new key with their
next sync, so rotate before new tickets are needed at doors that are offline.`,
		Example: "  usher keys rotate --event HARBOUR-26",
		Args:    cobra.NoArgs,
		RunE:    runKeysRotate,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
	return c
}

func runKeysRotate(c *cobra.Command, _ []string) error {
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	key, err := s.Catalog.Rotate(c.Context(), flag(c, "event"))
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"event": flag(c, "event"), "key": key.ID, "expires": time.Unix(key.Expires, 0).UTC()})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "Event %s signs tickets with key %s from now on. Tickets that are out stay good.\n", flag(c, "event"), key.ID)
	return err
}

func newKeysState() *cobra.Command {
	c := &cobra.Command{
		Use:   "state --event E KEY STATE",
		Short: "Say how far a rotated-out key is still believed",
		Long: `Says how far a key that was rotated out is believed:

  active       its tickets are good
  roster-only  somebody else may sign with it: of its tickets only those that this
               server issued are let in, at gates that have the list of them
  revoked      none of its tickets is good, for ever

The key that signs now has to be rotated out first.`,
		Example: "  usher keys rotate --event HARBOUR-26\n  usher keys state --event HARBOUR-26 6f0d2a91 roster-only",
		Args:    exactly(2, "a key's id and a state: active, roster-only or revoked"),
		RunE:    runKeysState,
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, true, "code of the event")
	return c
}

func runKeysState(c *cobra.Command, args []string) error {
	kid, err := keyring.ParseKeyID(args[0])
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "%.40q is no key's id; usher keys list shows them", args[0])
	}
	state, err := keyState(args[1])
	if err != nil {
		return err
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	err = s.Catalog.SetKeyState(c.Context(), flag(c, "event"), kid, state)
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"event": flag(c, "event"), "key": kid, "state": state.String()})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "Key %s of event %s is %s. Gates hear of it with their next sync.\n", kid, flag(c, "event"), state)
	return err
}

func keyState(text string) (keyring.State, error) {
	for _, s := range []keyring.State{keyring.Active, keyring.RosterOnly, keyring.Revoked} {
		if s.String() == text {
			return s, nil
		}
	}
	return 0, fault.New(fault.BadInput, "%.40q is no state of a key: want active, roster-only or revoked", text)
}

func newKeysExport() *cobra.Command {
	c := &cobra.Command{
		Use:   "export --event E",
		Short: "Write the key ring, with which anybody can check the event's tickets",
		Long: `Writes the organiser's public keys as a ring file. It holds every step of the
chain of rings, of all events, because whoever checks a ring walks its chain. There
is nothing secret in it.

A ring is worth as much as the way it came: compare the fingerprints of its roots,
which usher verify shows, with those that --out and --json print here.`,
		Example: "  usher keys export --event HARBOUR-26 > harbour.ring\n  usher keys export --event HARBOUR-26 --out harbour.ring\n  usher verify --ring harbour.ring ticket.png",
		Args:    cobra.NoArgs,
		RunE:    runKeysExport,
	}
	addData(c, "server")
	addEvent(c, true, "code of the event that the ring is wanted for")
	addOutput(c, "out", "write to `FILE`, not to standard output")
	return c
}

func runKeysExport(c *cobra.Command, _ []string) (err error) {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Catalog.Event(c.Context(), flag(c, "event")); err != nil {
		return err
	}
	chain, err := s.Vault.Chain(c.Context())
	if err != nil {
		return err
	}
	file, err := keyring.FormatFile(chain...)
	if err != nil {
		return err
	}
	if path := flag(c, "out"); path != "" {
		if err := writeNew(c, path, 0o644, func(w io.Writer) error { return written(w.Write(file)) }); err != nil {
			return err
		}
	} else if !wantsJSON(c) {
		return written(c.OutOrStdout().Write(file))
	}
	last := chain[len(chain)-1].Ring
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{
			"organiser": last.Organiser, "ring": last.Seq, "roots": fingerprints(last.Roots), "file": string(file),
		})
	}
	fmt.Fprintf(c.OutOrStdout(), "Ring %d of %s is in %s. Whoever gets it can compare its roots:\n", last.Seq, printable(last.Organiser), flag(c, "out"))
	for _, root := range fingerprints(last.Roots) {
		fmt.Fprintln(c.OutOrStdout(), "  "+root)
	}
	return nil
}

// written drops the count that goes with a writer's error.
func written(_ int, err error) error { return err }

// fingerprints names root keys so that people can compare them: the first 16
// bytes of their pins, in groups of four digits.
func fingerprints(roots []ed25519.PublicKey) []string {
	pins := keyring.PinsOf(roots)
	list := make([]string, len(pins))
	for i, pin := range pins {
		text := hex.EncodeToString(pin[:16])
		for at := 28; at > 0; at -= 4 {
			text = text[:at] + " " + text[at:]
		}
		list[i] = text
	}
	return list
}
