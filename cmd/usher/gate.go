package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/door"
	"usher/sync/fault"
)

func newGate() *cobra.Command {
	c := group("gate", "Run a gate: enrol it, scan with it, keep it in step",
		newGateCard(), newGateEnrol(), newGateRun(), newGateScan(), newGateStatus(), newGateSync(),
		newGateUndo(), newGateSearch(), newGatePhone(),
		newGatePreflight(), newGateShift(), newGateTraining(), newGateLeave(), newGateHandOver(),
		newGateList(), newGateMove(), newGateRetire(), newGateExpel())
	c.PersistentPreRun = func(*cobra.Command, []string) { keepSmall() }
	return c
}

// keepSmall has the garbage collector run twice as often, unless the environment
// says how often: a gate shares its device's memory with a browser, and makes so
// little garbage that the time doesn't show.
func keepSmall() {
	const percent = 50
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

func newGateStatus() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what the gate knows, and what it has not sent",
		Long: `Shows who this gate is, whether it can judge, how old its list of void tickets is,
how many of its records the server is not known to have, whom it hears, and what its
clock is worth. It works whether the gate's agent runs or not.`,
		Example: "  usher gate status\n  usher gate status --data /var/lib/usher/gate-north --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withGate(c.Context(), c, func(g gate.Reached) (door.Status, error) { return g.Status(c.Context()) })
		},
	}
	addData(c, "gate")
	return c
}

func newGateSync() *cobra.Command {
	c := &cobra.Command{
		Use:   "sync",
		Short: "Bring the gate and its server level, once",
		Long: `Sends the gate's records to its server and fetches what is new there, once, and shows
the gate's status. A running agent does this by itself all the time, and knows other
gates as well: with an agent, being level with any of them is enough.`,
		Example: "  usher gate sync\n  usher gate sync --data /var/lib/usher/gate-north --timeout 20s",
		Args:    cobra.NoArgs,
		RunE:    runGateSync,
	}
	addData(c, "gate")
	c.Flags().Duration("timeout", 2*time.Minute, "how long to try, as in 20s or 2m")
	return c
}

func runGateSync(c *cobra.Command, _ []string) error {
	patience, err := c.Flags().GetDuration("timeout")
	if err != nil {
		return err
	}
	if patience <= 0 {
		return fault.New(fault.BadInput, "--timeout %s: want more than nothing, as in 20s or 2m", patience)
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	err = withGate(ctx, c, func(g gate.Reached) (door.Status, error) { return g.Sync(ctx) })
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Unavailable, err, "the gate was not level with its server within %s", patience)
	}
	return err
}

// withGate does something with the gate that --data names and shows the status
// that comes of it.
func withGate(ctx context.Context, c *cobra.Command, do func(gate.Reached) (door.Status, error)) error {
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	g, err := gate.Reach(ctx, gate.Config{Data: dir})
	if err != nil {
		return err
	}
	s, err := do(g)
	if err = joined(err, g.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), s)
	}
	printStatus(c, s)
	return nil
}

// printStatus shows people what a gate knows.
func printStatus(c *cobra.Command, s door.Status) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(c.OutOrStdout(), "%-12s %s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	line("gate", "%s of event %s, device %s", named(s.GateName, s.Gate), named(s.EventName, s.Event), s.Node)
	if s.Ready {
		line("ready", "yes")
	} else {
		line("ready", "no: %s; bring it in touch with its server: usher gate sync", s.NotReady)
	}
	age := time.Duration(s.ListAge) * time.Second
	switch {
	case s.ListAge < 0:
		line("list", "none yet")
	case s.ListStale:
		line("list", "stale: %s old, server record %d", age, s.ListSeq)
	default:
		line("list", "%s old, server record %d", age, s.ListSeq)
	}
	line("records", "%d, %d of them not known to be at the server", s.Records, s.Unsent)
	line("in touch", "with %s", company(s))
	for _, l := range s.Links {
		line("", "%s", linkWords(l))
	}
	if s.EventName != "" { // else it doesn't know yet what others there are
		line("unheard", "%s", unheard(s))
	}
	line("clock", "%s", clockWords(s))
	line("conflicts", "%d open", s.Conflicts)
	for _, f := range s.Faults {
		line("fault", "%s", f)
	}
}

// named puts a code behind the name that goes with it, if there is one.
func named(name, code string) string {
	if name == "" {
		return code
	}
	return name + " (" + code + ")"
}

func company(s door.Status) string {
	switch {
	case s.Server:
		return "the server"
	case s.Online:
		return "other gates, not the server"
	}
	return "nobody right now"
}

// linkWords says how a way to another node stands.
func linkWords(l door.Link) string {
	text := map[string]string{"server": "server", "named": "gate, by --peer", "found": "gate, found on the network", "caller": "gate, came by itself"}[l.Kind]
	if l.Who != "" && l.Kind != "server" {
		text += ": " + l.Who
	}
	if l.URL != "" {
		text += " at " + l.URL
	}
	if l.State == "up" {
		return text + ": up, heard " + counted(uint64(l.Heard), "second") + " ago"
	}
	text += ": not linked"
	if l.Why != "" {
		return text + ": " + l.Why
	}
	if l.Heard >= 0 && l.Who != "" {
		text += " now, heard " + counted(uint64(l.Heard), "second") + " ago"
	}
	return text
}

func unheard(s door.Status) string {
	text := counted(s.Unheard, "other gate")
	switch ms := s.Assurance.LongestMS; {
	case s.Unheard > 0 && ms == 0:
		text += ", one of them never heard at all"
	case s.Unheard > 0:
		text += ", the longest for " + (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
	}
	return text
}

func clockWords(s door.Status) string {
	switch s.Clock {
	case "unsynced":
		return "never compared with the server's"
	case "suspect":
		return "suspect: it was set since it was compared with the server's"
	}
	return fmt.Sprintf("good: %+d ms ± %d ms from the server's", s.OffsetMS, s.ErrorMS)
}

// joined is errors.Join that gives a single error as it is.
func joined(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return errors.Join(a, b)
}
