package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"usher/crypto/grant"
	"usher/gate"
	"usher/gate/door"
	"usher/gate/enrol"
	"usher/gate/store"
	"usher/server"
	"usher/server/document"
	"usher/server/doors"
	"usher/sync/fault"
)

// gateListen is where a gate's door page is, when nobody says otherwise.
const gateListen = "127.0.0.1:8430"

func newGate() *cobra.Command {
	c := group("gate", "Run a gate: enrol it, scan with it, keep it in step",
		newGateCard(), newGateEnrol(), newGateRun(), newGateScan(), newGateStatus(), newGateSync())
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

func newGateCard() *cobra.Command {
	c := &cobra.Command{
		Use:   "card --event E --gate G --role R",
		Short: "Make an enrolment card for one device",
		Long: `Makes a card that admits one device to a gate, once. Show its QR code to the
device, or type the code from it. Whoever has the card can become that gate:
hand it over like a key.`,
		Args: cobra.NoArgs,
		RunE: runGateCard,
	}
	addData(c, "server")
	c.Flags().String("event", "", "code of the event")
	c.Flags().String("gate", "", "code of the gate")
	c.Flags().String("role", string(grant.RoleScanner), "what the device may do: scanner, supervisor or box-office")
	c.Flags().Duration("ttl", doors.DefaultCardLife, "how long the card can be used")
	c.Flags().String("server", "", "address under which the device reaches the server, as http://HOST:PORT")
	c.Flags().String("out", "", "write the card as a picture or a page to FILE.png or FILE.pdf")
	for _, name := range []string{"event", "gate"} {
		cobra.CheckErr(c.MarkFlagRequired(name))
	}
	return c
}

func runGateCard(c *cobra.Command, _ []string) error {
	ctx := c.Context()
	role, err := grant.ParseRole(flag(c, "role"))
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "--role")
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	defer s.Close()
	address := flag(c, "server")
	if address == "" {
		if address, err = s.NotedURL(); err != nil {
			return err
		}
	}
	life, err := c.Flags().GetDuration("ttl")
	if err != nil {
		return err
	}
	card, err := s.Doors.NewCard(ctx, address, flag(c, "event"), flag(c, "gate"), role, life)
	if err != nil {
		return err
	}
	sheet, err := cardSheet(ctx, s, card)
	if err != nil {
		return err
	}
	if out := flag(c, "out"); out != "" {
		if err := writeCard(out, sheet); err != nil {
			return err
		}
	}
	return printCard(c, card, sheet)
}

// cardSheet is the card as it is drawn.
func cardSheet(ctx context.Context, s *server.Server, card grant.Card) (document.Card, error) {
	e, err := s.Catalog.Event(ctx, card.Event)
	if err != nil {
		return document.Card{}, err
	}
	return document.Card{
		EventName: e.Name, Gate: card.Gate, Role: string(card.Role), Server: card.Server,
		Expires: e.Local(card.Expires).Format("2006-01-02 15:04 MST"), Text: card.Text(), Typed: card.Typed(),
	}, nil
}

// writeCard draws the card into a file that only its owner can read.
func writeCard(path string, sheet document.Card) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fault.Wrap(fault.BadInput, err, "can't write the card to %s", path)
	}
	defer func() { err = joined(err, f.Close()) }()
	switch filepath.Ext(path) {
	case ".pdf":
		return document.CardsPDF(f, []document.Card{sheet}, document.Options{})
	case ".png":
		return document.PNG(f, sheet.Text, cardPixels)
	}
	return fault.New(fault.BadInput, "--out %s: want a name that ends in .pdf or .png", path)
}

// cardPixels is the least width of a card's picture.
const cardPixels = 480

func printCard(c *cobra.Command, card grant.Card, sheet document.Card) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{
			"card": card.Text(), "typed": card.Typed(), "event": card.Event, "gate": card.Gate, "role": card.Role,
			"server": card.Server, "expires": time.Unix(card.Expires, 0).UTC(),
		})
	}
	blocks := document.NoBlocks
	if out, isFile := c.OutOrStdout().(*os.File); isFile && term.IsTerminal(int(out.Fd())) {
		blocks = document.DarkGround
	}
	return document.CardText(c.OutOrStdout(), sheet, blocks)
}

func newGateEnrol() *cobra.Command {
	c := &cobra.Command{
		Use:   "enrol --server URL CARD",
		Short: "Make this device a gate, with a card",
		Args:  exactly(1, "the text of the card's QR code, or the code typed from it"),
		RunE:  runGateEnrol,
	}
	addData(c, "gate")
	c.Flags().String("server", "", "address of the server (default: the one on the card)")
	c.Flags().String("name", "", "what people call this device")
	return c
}

func runGateEnrol(c *cobra.Command, args []string) error {
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	st, err := store.Open(c.Context(), dir)
	if err != nil {
		return err
	}
	defer st.Close()
	a, err := enrol.Enrol(c.Context(), enrol.Config{
		Store: st, Server: flag(c, "server"), Card: args[0], Name: flag(c, "name"), Rand: rand.Reader, Now: time.Now,
	})
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"event": a.Event, "gate": a.Gate, "role": a.Role, "node": a.Node, "name": a.Name})
	}
	fmt.Fprintf(c.OutOrStdout(), "This device is now gate %s of event %s (%s, device %s).\nNext: usher gate sync --data %s   and then   usher gate run --data %s\n",
		a.Gate, a.Event, a.Role, a.Node, dir, dir)
	return nil
}

func newGateRun() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the gate's agent with its door page",
		Args:  cobra.NoArgs,
		RunE:  runGateRun,
	}
	addData(c, "gate")
	c.Flags().String("listen", gateListen, "address of the door page")
	c.Flags().StringArray("peer", nil, "address of another gate's agent to exchange with, http://HOST:PORT; may be given several times")
	addLog(c)
	return c
}

func runGateRun(c *cobra.Command, _ []string) error {
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	log, err := logger(c)
	if err != nil {
		return err
	}
	peers, err := c.Flags().GetStringArray("peer")
	if err != nil {
		return err
	}
	return runAgent(c.Context(), dir, flag(c, "listen"), peers, log, func(a *gate.Agent) {
		if wantsJSON(c) {
			_ = printJSON(c.OutOrStdout(), map[string]string{"door": a.URL, "link": a.Link()})
			return
		}
		fmt.Fprintf(c.OutOrStdout(), "Door page on this device:  %s\n", a.URL)
		fmt.Fprintf(c.OutOrStdout(), "From another device:       %s\n", a.Link())
	})
}

// runAgent runs an agent until ctx ends. ready is called once it answers.
func runAgent(ctx context.Context, dir, listen string, peers []string, log *slog.Logger, ready func(*gate.Agent)) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't listen on %s", listen)
	}
	g, err := gate.Open(ctx, gate.Config{Data: dir, Peers: peers, Log: log})
	if err != nil {
		_ = listener.Close()
		return err
	}
	a, err := gate.NewAgent(g, listener)
	if err != nil {
		_ = listener.Close()
		return joined(err, g.Close())
	}
	ready(a)
	return joined(a.Run(ctx), g.Close())
}

func newGateStatus() *cobra.Command {
	c := &cobra.Command{Use: "status", Short: "Show what the gate knows, and what it has not sent", Args: cobra.NoArgs, RunE: runGateStatus}
	addData(c, "gate")
	return c
}

func runGateStatus(c *cobra.Command, _ []string) error {
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	w, err := gate.Reach(c.Context(), gate.Config{Data: dir})
	if err != nil {
		return err
	}
	defer w.Close()
	s, err := w.Status(c.Context())
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), s)
	}
	printStatus(c, s)
	return nil
}

func newGateSync() *cobra.Command {
	c := &cobra.Command{
		Use: "sync", Short: "Bring the gate and its server level, once", Args: cobra.NoArgs, RunE: runGateSync,
	}
	addData(c, "gate")
	c.Flags().Duration("timeout", 2*time.Minute, "how long to try")
	return c
}

func runGateSync(c *cobra.Command, _ []string) error {
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	patience, err := c.Flags().GetDuration("timeout")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	w, err := gate.Reach(ctx, gate.Config{Data: dir})
	if err != nil {
		return err
	}
	defer w.Close()
	s, err := w.Sync(ctx)
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), s)
	}
	printStatus(c, s)
	return nil
}

// addLog adds the flags of commands that run for long.
func addLog(c *cobra.Command) {
	c.Flags().String("log-format", "text", "how the log on standard error is written: text or json")
	c.Flags().String("log-level", "info", "least important level that is logged: debug, info, warn or error")
}

func logger(c *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(flag(c, "log-level"))); err != nil {
		return nil, fault.New(fault.BadInput, "--log-level %q: want debug, info, warn or error", flag(c, "log-level"))
	}
	options := &slog.HandlerOptions{Level: level}
	switch flag(c, "log-format") {
	case "text":
		return slog.New(slog.NewTextHandler(c.ErrOrStderr(), options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.ErrOrStderr(), options)), nil
	}
	return nil, fault.New(fault.BadInput, "--log-format %q: want text or json", flag(c, "log-format"))
}

// flag gives the text of a flag that the command has.
func flag(c *cobra.Command, name string) string {
	text, err := c.Flags().GetString(name)
	cobra.CheckErr(err) // the command was written without the flag
	return text
}

// exactly wants n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return fault.New(fault.BadInput, "%s needs %s; see %s --help", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
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

// printStatus shows people what a gate knows.
func printStatus(c *cobra.Command, s door.Status) {
	out := c.OutOrStdout()
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-12s %s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	line("gate", "%s (%s) of %s (%s), device %s", s.GateName, s.Gate, s.EventName, s.Event, s.Node)
	if s.Ready {
		line("ready", "yes")
	} else {
		line("ready", "no: %s; bring it in touch with its server: usher gate sync", s.NotReady)
	}
	switch {
	case s.ListAge < 0:
		line("list", "none yet")
	case s.ListStale:
		line("list", "stale: %s old, server record %d", time.Duration(s.ListAge)*time.Second, s.ListSeq)
	default:
		line("list", "%s old, server record %d", time.Duration(s.ListAge)*time.Second, s.ListSeq)
	}
	line("records", "%d, of which %d are not known to be at the server", s.Records, s.Unsent)
	line("others", "%s; %d gates unheard", s.Assurance.Level, s.Unheard)
	line("clock", "%s, offset %d ms ± %d ms", s.Clock, s.OffsetMS, s.ErrorMS)
	line("conflicts", "%d open", s.Conflicts)
	for _, f := range s.Faults {
		line("fault", "%s", f)
	}
}
