package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/door"
	"usher/gate/turnstile"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/money"
)

func newGateUndo() *cobra.Command {
	c := &cobra.Command{
		Use:   "undo TICKET",
		Short: "Take an admission of this gate back",
		Long: `Takes back the newest admission of a ticket at this device, within 15 minutes of it, so
that the ticket can be used again. The record stays, marked as taken back. TICKET is
its short code, its id or its whole code; --record names the very admission by its
record, as usher gate scan --json gives it. It works whether the gate's agent runs or
not.

Exit status: 0 taken back, 1 it may not be (too old, another device's, taken back
already, let nobody in), 2 there is no such admission, or wrong use.`,
		Example: `  usher gate undo 2W5G-T0QR-7XKPM8 --why "wrong person"
  usher gate undo --record 5f0c… --data /var/lib/usher/gate-north`,
		Args: cobra.MaximumNArgs(1),
		RunE: runGateUndo,
	}
	addData(c, "gate")
	c.Flags().String("record", "", "`HASH` of the admission's record, in place of TICKET")
	c.Flags().String("why", "", "the reason, kept in the record")
	c.Flags().String("by", "", "who says so, where nobody signs in (default: your user name)")
	addSignIn(c)
	return c
}

func runGateUndo(c *cobra.Command, args []string) error {
	u := door.Undo{Why: flag(c, "why"), By: operator(c)}
	switch record := flag(c, "record"); {
	case len(args) == 1 && record == "":
		u.Ticket = args[0]
	case len(args) == 0 && record != "":
		hash, err := journal.ParseHash(record)
		if err != nil {
			return fault.Wrap(fault.BadInput, err, "--record %.40q", record)
		}
		u.Record = hash
	default:
		return fault.New(fault.BadInput, "%s needs a ticket or --record; see %s --help", c.CommandPath(), c.CommandPath())
	}
	done, err := atGate(c, func(g gate.Reached) (door.Undone, error) { return g.Undo(c.Context(), u) })
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), done)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%-14s ticket %s\n               %s\n               %s\n", done.Display.Word, done.Short, done.Display.Why, done.Display.Do)
	return err
}

// atGate asks the gate that --data names, or its agent, for something, in the name
// of who signs in. The command has to have addSignIn's flags.
func atGate[T any](c *cobra.Command, ask func(gate.Reached) (T, error)) (answer T, err error) {
	dir, err := dataDir(c)
	if err != nil {
		return answer, err
	}
	g, err := gate.Reach(c.Context(), gate.Config{Data: dir})
	if err != nil {
		return answer, err
	}
	if err = signIn(c, g); err == nil {
		answer, err = ask(g)
	}
	return answer, joined(err, g.Close())
}

func newGateSearch() *cobra.Command {
	c := &cobra.Command{
		Use:   "search QUERY",
		Short: "Find a guest by name, e-mail, order or the end of a code",
		Long: `Finds the guests whose tickets this gate admits by a part of the name or e-mail, by
order, or by the last four characters of a code. Box office and supervisors may, at a
device that was enrolled as one of theirs. It changes nothing; to let somebody in,
scan the code in the list: usher gate scan -. Where the event takes typed codes and lets
nobody in by name, the list has none. It works whether the gate's agent runs or not.

Exit status: 0 done, whether anybody was found or not, 1 who asks may not see who holds
a ticket, 2 wrong use, or the gate could not judge.`,
		Example: "  usher gate search lovelace\n  usher gate search ada@example.org --json",
		Args:    exactly(1, "what to look for: a part of a name or e-mail, an order, or the end of a code"),
		RunE: func(c *cobra.Command, args []string) error {
			found, err := atGate(c, func(g gate.Reached) (turnstile.Findings, error) { return g.Search(c.Context(), args[0]) })
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), found)
			}
			return printFound(c, found)
		},
	}
	addData(c, "gate")
	addSignIn(c)
	return c
}

func printFound(c *cobra.Command, found turnstile.Findings) error {
	if len(found.Guests) == 0 {
		_, err := fmt.Fprintln(c.OutOrStdout(), "Nobody found whose ticket this gate admits.")
		return err
	}
	t := newTable(c.OutOrStdout(), "NAME", "CODE", "ORDER", "PRODUCT", "E-MAIL", "STATE", "NOTE")
	for _, g := range found.Guests {
		t.row(g.Name, g.Short, g.Order, g.Product, g.Email, guestState(g), g.Note)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if found.More > 0 {
		fmt.Fprintf(c.OutOrStdout(), "and %d more: say more of the name\n", found.More)
	}
	return nil
}

// guestState says what a scan of the ticket would come up against first.
func guestState(g turnstile.Found) string {
	switch {
	case g.Void != "":
		return "void: " + g.Void
	case g.Unpaid && g.Due > 0:
		return "to pay: " + money.Format(g.Due, g.Currency)
	case g.Unpaid:
		return "to pay"
	case g.Visit.Inside > 0:
		return fmt.Sprintf("inside (%d)", g.Visit.Inside)
	case g.Visit.Entries > 0:
		return "was inside"
	}
	return "not here yet"
}
