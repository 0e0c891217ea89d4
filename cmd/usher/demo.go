package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"usher/cmd/usher/demo"
	"usher/sync/fault"
)

func newDemo() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run a server, two gates and an event with 500 people, to look at",
		Long: `Runs the whole of usher on this machine, on free ports and in a temporary
folder: a server, two gates with their door pages, and an event with a guest
list. Ctrl-C ends all of it and removes the folder, unless --data names one.`,
		Example: "  usher demo\n  usher demo --people 5000 --data /tmp/try",
		Args:    cobra.NoArgs,
		RunE:    untilStopped(runDemo),
	}
	c.Flags().String("data", "", "new folder `DIR` to keep the demo in (default: a temporary one)")
	c.Flags().Int("people", 500, "guests on the list, 8 to 100000")
	addLog(c, "error")
	c.AddCommand(newDemoServer(), newDemoDoors())
	return c
}

func newDemoServer() *cobra.Command {
	c := &cobra.Command{
		Use:       "server on|off --data DIR",
		Short:     "Switch the server of a running demo on or off",
		Long:      `Switches the server of a demo off, as if the network were down, and on again.`,
		Example:   "  usher demo server off --data /tmp/usher-demo-1234",
		ValidArgs: []string{"on", "off"},
		Args:      exactly(1, "on or off"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] != "on" && args[0] != "off" {
				return fault.New(fault.BadInput, "%.40q: want on or off", args[0])
			}
			if err := demo.Server(c.Context(), flag(c, "data"), args[0] == "on"); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "The demo's server is "+args[0]+".")
			return nil
		},
	}
	c.Flags().String("data", "", "folder `DIR` of the demo, as it printed it")
	needs(c, "data")
	return c
}

func newDemoDoors() *cobra.Command {
	c := &cobra.Command{
		Use:   "doors apart|together --data DIR",
		Short: "Cut the line between the doors of a running demo, or mend it",
		Long: `Cuts the line between the two doors of a demo, so that with the server off neither
knows whom the other lets in, and mends it.`,
		Example:   "  usher demo doors apart --data /tmp/usher-demo-1234",
		ValidArgs: []string{"apart", "together"},
		Args:      exactly(1, "apart or together"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] != "apart" && args[0] != "together" {
				return fault.New(fault.BadInput, "%.40q: want apart or together", args[0])
			}
			if err := demo.Doors(c.Context(), flag(c, "data"), args[0] == "apart"); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "The demo's doors are "+args[0]+".")
			return nil
		},
	}
	c.Flags().String("data", "", "folder `DIR` of the demo, as it printed it")
	needs(c, "data")
	return c
}

func runDemo(c *cobra.Command, _ []string) (err error) {
	people, err := c.Flags().GetInt("people")
	if err != nil || people < 8 || people > 100_000 {
		return fault.New(fault.BadInput, "--people %d: want 8 to 100000", people)
	}
	log, err := logger(c)
	if err != nil {
		return err
	}
	data := flag(c, "data")
	if data == "" {
		if data, err = os.MkdirTemp("", "usher-demo-"); err != nil {
			return fault.Wrap(fault.Unavailable, err, "can't make a temporary folder")
		}
		defer func() { err = joined(err, os.RemoveAll(data)) }()
	}
	if there, err := os.ReadDir(data); len(there) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.BadInput, cause(err), "--data %s: want a folder that is new or empty", data)
	}
	if data, err = filepath.Abs(data); err != nil {
		return fault.Wrap(fault.BadInput, err, "--data")
	}
	return demo.Run(c.Context(), demo.Config{Data: data, People: people, Log: log, Step: stepPrinter(c, log)},
		func(p demo.Place) { printPlace(c, p) })
}

// stepPrinter says once of each step that it began.
func stepPrinter(c *cobra.Command, log *slog.Logger) func(string, int, int) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(text string, _, total int) {
		mu.Lock()
		defer mu.Unlock()
		if said[text] || wantsJSON(c) {
			return
		}
		said[text] = true
		if total > 0 {
			text = fmt.Sprintf("%s (%d)", text, total)
		}
		log.Debug(text)
		fmt.Fprintf(c.ErrOrStderr(), "  … %s\n", text)
	}
}

func printPlace(c *cobra.Command, p demo.Place) {
	if wantsJSON(c) {
		_ = printJSON(c.OutOrStdout(), p) // the reader hung up: Ctrl-C is what is left
		return
	}
	program, err := os.Executable()
	if err != nil {
		program = "usher"
	}
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, program); err == nil && len(short) < len(program) {
			program = "./" + short
		}
	}
	fmt.Fprintf(c.OutOrStdout(), `
usher is running: a server, two gates, and %[1]s.

  Shop         %[13]s (pay with the cards that its payment page shows)
  Mail         %[13]sinbox/ (what is sent by SMTP to %[14]s)
  Live page    %[2]s
  North door   %[3]s
  South door   %[4]s
  Tickets      %[5]s

Try in another terminal:

  1. A good ticket at the north door
       %[6]s gate scan --data %[7]s %[8]s
  2. The same ticket at the south door, with the server off: the doors had told each other
       %[6]s demo server off --data %[9]s
       %[6]s gate scan --data %[10]s %[8]s
     Take the doors apart as well, and a new ticket gets in at both, each saying that it is
     alone. Let them together, and within a second both door pages tell of the conflict,
     with no server. Switch that on, and the live page does.
       %[6]s demo doors apart --data %[9]s
       %[6]s gate scan --data %[7]s %[12]s
       %[6]s gate scan --data %[10]s %[12]s
       %[6]s demo doors together --data %[9]s
       %[6]s demo server on --data %[9]s
  3. A ticket that was revoked
       %[6]s gate scan --data %[10]s %[11]s

Try in the browser:

%[15]s
Ctrl-C ends everything.
`, "Harbour Nights", p.Live, p.Doors["north"], p.Doors["south"], p.Tickets,
		quoted(program), quoted(filepath.Join(p.Data, "gate-north")), quoted(p.Good), quoted(p.Data),
		quoted(filepath.Join(p.Data, "gate-south")), quoted(p.Revoked), quoted(filepath.Join(p.Tickets, "ticket-2.png")), p.Shop, p.SMTP, p.Steps())
}
