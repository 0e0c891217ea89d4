// Command usher sells, issues and checks event tickets: a server that signs
// them, gates that judge them with the network off, and the tools around both.
//
// Every command says what it does with --help. The exit status is 0 for done or
// admitted, 1 for refused, 2 for wrong use or a fault.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usher/sync/fault"
)

// Exit statuses.
const (
	exitDone    = 0
	exitRefused = 1
	exitFault   = 2
)

// patience is how long a command may take to end in good order before asking once
// more ends it at once.
const patience = time.Second

// errRefused ends a command with exitRefused after it has said why itself.
var errRefused = errors.New("refused")

func main() { os.Exit(run()) }

// run is main without the exit, so that test scripts can run the very program.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	context.AfterFunc(ctx, func() {
		time.Sleep(patience)
		stop()
	})
	return execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// endings are the signals that end a command in good order. A terminal that goes
// away is one of them, unless nohup was asked to shut it out.
func endings() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}

func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errRefused) || errors.Is(err, errCannot):
	case byStopping(ctx, err):
		fmt.Fprintln(errOut, "usher: stopped before it was done")
	default:
		fmt.Fprintln(errOut, "usher: "+err.Error())
	}
	return exitStatus(err)
}

// untilStopped is for commands that run until they are stopped: that they were is
// no error, however early it came.
func untilStopped(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		err := run(c, args)
		if byStopping(c.Context(), err) {
			return nil
		}
		return err
	}
}

// byStopping reports whether an error is no more than what ending ctx does.
func byStopping(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

// exitStatus sorts an error: what was understood and turned down is a refusal,
// everything else wrong use or a fault.
func exitStatus(err error) int {
	if errors.Is(err, errRefused) {
		return exitRefused
	}
	switch fault.KindOf(err) {
	case fault.Refused, fault.Forbidden, fault.Expired, fault.Exists:
		return exitRefused
	}
	return exitFault
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "usher",
		Short: "Offline-first ticketing: issue signed tickets, check them at the door",
		Long: `usher takes a ticket from its issue to the door.

A server signs tickets as QR codes. Gates check them with the network off,
let people in, and bring their records together whenever a network is there.
Start with:  usher demo`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		// A script that passes --data "$DIR" without having set DIR means no default.
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return noneEmpty(c) },
	}
	root.PersistentFlags().Bool("json", false, "print JSON for machines, not tables for people")
	root.AddCommand(
		newDemo(), newServe(), newEvent(), newTickets(), newOrders(), newMail(), newKeys(), newGate(), newStaff(),
		newVerify(), newRead(), newJournal(), newConflicts(), newMigrate(), newVersion(),
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	cobra.EnableTraverseRunHooks = true // those of the root and of a group, not of the nearest alone
	return root
}

// noneEmpty refuses flags that were given without a value, as in --data "".
func noneEmpty(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.String() == "" && err == nil {
			err = fault.New(fault.BadInput, "--%s is empty: give it a value or leave it out", f.Name)
		}
	})
	return err
}

// group makes a command that only holds others. Without one of them it is wrong
// use.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fault.New(fault.BadInput, "usher %s needs one of its commands; see usher %s --help", use, use)
		}
		return fault.New(fault.BadInput, "usher %s has no command %q; see usher %s --help", use, args[0], use)
	}, RunE: func(*cobra.Command, []string) error { return nil }}
	c.AddCommand(commands...)
	return c
}
