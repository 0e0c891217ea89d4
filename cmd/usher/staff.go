package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"usher/crypto/grant"
	"usher/server/document"
	"usher/server/doors"
	"usher/sync/fault"
	"usher/sync/staff"
)

func newStaff() *cobra.Command {
	return group("staff", "Say who works at an event's gates, and what they may do there",
		newStaffAdd(), newStaffCard(), newStaffList(), newStaffRemove())
}

func newStaffAdd() *cobra.Command {
	c := &cobra.Command{
		Use:   "add --event E --name N --role R",
		Short: "Put a person on the staff list",
		Long: `Puts a person on the event's staff list. Gates learn of it with their next sync; from
then on the person signs in there with the PIN, or with a role card (usher staff card).

Without --pin-file a PIN of eight digits is made and shown once; nobody can look it up
later. What is kept and sent to the gates is argon2id of it (RFC 9106: 3 passes, 64 MiB,
4 lanes) with a salt of its own, sealed for the devices that people stand at.

  scanner      scans
  box-office   confirms payments and, at a device of that role, sees the guest list
  supervisor   lets in against a refusal, takes back what others let in, and all the rest

docs/door-api.md has the whole table.`,
		Example: `  usher staff add --event HARBOUR-26 --name Kim --role supervisor
  usher staff add --event HARBOUR-26 --name Sam --role scanner --pin-file sam.pin`,
		Args: cobra.NoArgs,
		RunE: runStaffAdd,
	}
	addStaff(c)
	addPassphrase(c)
	c.Flags().String("role", "", "what the person may do: scanner, box-office or supervisor")
	c.Flags().String("pin-file", "", "`FILE` with the PIN that the person chose, 6 to 12 digits")
	c.Flags().Bool("no-pin", false, "let the person sign in with a role card alone")
	needs(c, "role")
	return c
}

func runStaffAdd(c *cobra.Command, _ []string) (err error) {
	role, err := staff.ParseRole(flag(c, "role"))
	if err != nil {
		return err
	}
	if err := staff.CheckName(flag(c, "name")); err != nil {
		return err
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = joined(err, s.Close()) }()
	pin, made, err := chosenPIN(c, s.Rand)
	if err != nil {
		return err
	}
	m, err := s.Doors.AddStaff(c.Context(), flag(c, "event"), flag(c, "name"), role, pin)
	if err != nil {
		return err
	}
	if !made {
		pin = "" // who chose it knows it
	}
	return printMember(c, m, "pin_once", pin, "PIN, shown this once: ")
}

// chosenPIN gives the PIN that was chosen, or makes one; "" for none at all.
func chosenPIN(c *cobra.Command, rand io.Reader) (pin string, made bool, err error) {
	path := flag(c, "pin-file")
	switch {
	case isSet(c, "no-pin") && path != "":
		return "", false, fault.New(fault.BadInput, "--pin-file and --no-pin: want one of them")
	case isSet(c, "no-pin"):
		return "", false, nil
	case path == "":
		pin, err = staff.DrawPIN(rand)
		return pin, true, err
	}
	text, err := secretFrom(path, "PIN file")
	if err != nil {
		return "", false, err
	}
	return string(text), false, staff.CheckPIN(string(text))
}

func newStaffCard() *cobra.Command {
	c := &cobra.Command{
		Use:   "card --event E --name N",
		Short: "Make a role card for a person on the staff list",
		Long: `Makes a role card: a QR code that signs the person in when it is held before a gate's
camera or scanner, like a ticket. It has 128 random bits, of which only a hash is kept
and sent to the gates, so it is shown this once. A new card voids the one before as soon
as a gate hears of it, and signs out whoever is signed in as that person.

Whoever holds the card is taken for the person. Print it with --out, and keep it on you.`,
		Example: `  usher staff card --event HARBOUR-26 --name Kim --out kim.png`,
		Args:    cobra.NoArgs,
		RunE:    runStaffCard,
	}
	addStaff(c)
	addPassphrase(c)
	addOutput(c, "out", "write the card's code to `FILE`, a .png")
	return c
}

func runStaffCard(c *cobra.Command, _ []string) (err error) {
	out := flag(c, "out")
	if out != "" {
		// Before the card is made: one that nobody gets to see can't be found again.
		if filepath.Ext(out) != ".png" {
			return fault.New(fault.BadInput, "--out %s: want a name that ends in .png", out)
		}
		if err := inTheWay(c, out); err != nil {
			return err
		}
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = joined(err, s.Close()) }()
	m, code, err := s.Doors.NewRoleCard(c.Context(), flag(c, "event"), flag(c, "name"))
	if err != nil {
		return err
	}
	text := grant.RoleCardText(code)
	if out == "" {
		return printMember(c, m, "card_once", text, "Role card, shown this once: ")
	}
	err = writeNew(c, out, 0o600, func(w io.Writer) error { return document.PNG(w, text, cardPixels) })
	if err != nil {
		return err
	}
	return printMember(c, m, "card_file", out, "Role card in ")
}

func newStaffList() *cobra.Command {
	c := &cobra.Command{
		Use:     "list --event E",
		Short:   "List who is on the staff list",
		Long:    `Lists the people on the event's staff list, with their roles and how they sign in.`,
		Example: "  usher staff list --event HARBOUR-26",
		Args:    cobra.NoArgs,
		RunE:    runStaffList,
	}
	addData(c, "server")
	addEvent(c, true, "code of the event")
	return c
}

func runStaffList(c *cobra.Command, _ []string) (err error) {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = joined(err, s.Close()) }()
	list, err := s.Doors.Staff(c.Context(), flag(c, "event"))
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		if list == nil {
			list = []doors.Member{}
		}
		return printJSON(c.OutOrStdout(), list)
	}
	t := newTable(c.OutOrStdout(), "NAME", "ROLE", "SIGNS IN WITH")
	for _, m := range list {
		t.row(m.Name, m.Role, means(m))
	}
	return t.flush()
}

// means says how a person signs in.
func means(m doors.Member) string {
	switch {
	case m.PIN && m.Card:
		return "PIN or card"
	case m.PIN:
		return "PIN"
	case m.Card:
		return "card"
	}
	return "nothing yet: usher staff card"
}

func newStaffRemove() *cobra.Command {
	c := &cobra.Command{
		Use:   "remove --event E --name N",
		Short: "Take a person off the staff list",
		Long: `Takes a person off the event's staff list. At each gate that hears of it their PIN and
their card are good for nothing, and whoever is signed in as them is signed out. What
they did stays in the records.`,
		Example: "  usher staff remove --event HARBOUR-26 --name Sam",
		Args:    cobra.NoArgs,
		RunE:    runStaffRemove,
	}
	addStaff(c)
	addPassphrase(c)
	return c
}

func runStaffRemove(c *cobra.Command, _ []string) (err error) {
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = joined(err, s.Close()) }()
	m, err := s.Doors.RemoveStaff(c.Context(), flag(c, "event"), flag(c, "name"))
	if err != nil {
		return err
	}
	return printMember(c, m, "", "", "")
}

// addStaff adds the flags that name a person on a staff list.
func addStaff(c *cobra.Command) {
	addData(c, "server")
	addEvent(c, true, "code of the event")
	c.Flags().String("name", "", "what the person is called at the gates, at most 40 bytes")
	needs(c, "name")
}

// printMember shows a person, and what is shown of theirs this once.
func printMember(c *cobra.Command, m doors.Member, key, once, label string) error {
	if wantsJSON(c) {
		shown := map[string]any{"event": m.Event, "name": m.Name, "role": m.Role, "pin": m.PIN, "card": m.Card}
		if once != "" {
			shown[key] = once
		}
		return printJSON(c.OutOrStdout(), shown)
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s, %s at event %s\n", printable(m.Name), m.Role, m.Event)
	if once != "" {
		fmt.Fprintf(out, "%s%s\n", label, printable(once))
	}
	return nil
}
