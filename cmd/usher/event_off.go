package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/calloff"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/sync/fault"
	"usher/sync/money"
)

// whichEvent is what commands about one event are given.
const whichEvent = "the code of an event"

func newEventCallOff() *cobra.Command {
	c := &cobra.Command{
		Use:   "call-off EVENT --why TEXT",
		Short: "Call an event off: money back, tickets void, everybody told",
		Long: `Calls an event off. From that moment nothing of it is sold. Then this command goes
through its orders and tickets: what was paid goes back, tickets are void at every gate
with the reason, places are free, and every buyer and every holder of a ticket gets a
mail. It can't be undone.

It can be cut short at any time. A server that runs goes on with it, and so does the same
command again. Refunds by card are asked for by a server that runs, 20 a second; see
"usher event progress". What was paid by transfer or in cash you give back by hand.`,
		Example: `  usher event call-off HARBOUR-26 --why "storm warning"
  usher event call-off HARBOUR-26 --why "storm warning" --json`,
		Args: exactly(1, whichEvent),
	}
	onEvent(c, func(s *server.Server, event string) error {
		if _, err := s.CallOff.CallOff(c.Context(), event, flag(c, "why"), organiser); err != nil {
			return err
		}
		return workOff(c, s, event)
	})
	c.Flags().String("why", "", "the reason; everybody reads it")
	needs(c, "why")
	return c
}

func newEventMove() *cobra.Command {
	c := &cobra.Command{
		Use:   "move EVENT --starts TIME --ends TIME --why TEXT",
		Short: "Move an event to another time, and tell everybody",
		Long: `Moves an event. Its gates are told, its admission and check-outs move along with its
start, and whoever was just buying has to begin again. Tickets stay good. Every buyer and
holder gets a mail; with --choose-until buyers may give their tickets back for all of
their price until then.

The sale is closed from that moment, until "usher event sell-again". Write the new times
into the event's file, too, before you apply it again. Times are local to the event.`,
		Example: `  usher event move HARBOUR-26 --starts 2026-09-04T20:00 --ends 2026-09-05T02:00 --why "the singer is ill" --choose-until 2026-08-20T23:59`,
		Args:    exactly(1, whichEvent),
	}
	onEvent(c, func(s *server.Server, event string) error {
		e, err := s.Catalog.Event(c.Context(), event)
		if err != nil {
			return err
		}
		m := calloff.Moving{Why: flag(c, "why"), Who: organiser}
		for name, into := range map[string]*int64{"starts": &m.Starts, "ends": &m.Ends, "choose-until": &m.Choose} {
			text := flag(c, name)
			if text == "" {
				continue
			}
			at, err := time.ParseInLocation("2006-01-02T15:04", text, e.Location)
			if err != nil {
				return fault.New(fault.BadInput, "--%s %.40q: want a time such as 2026-09-04T20:00", name, text)
			}
			*into = at.Unix()
		}
		if _, err := s.CallOff.Move(c.Context(), event, m); err != nil {
			return err
		}
		return workOff(c, s, event)
	})
	c.Flags().String("starts", "", "when it starts instead, a `TIME` such as 2026-09-04T20:00")
	c.Flags().String("ends", "", "when it ends instead")
	c.Flags().String("choose-until", "", "until when buyers may give their tickets back for all of their price")
	c.Flags().String("why", "", "the reason; everybody reads it")
	needs(c, "starts", "ends", "why")
	return c
}

func newEventSellAgain() *cobra.Command {
	c := &cobra.Command{
		Use: "sell-again EVENT", Short: "Open the sale of an event again that was moved", Args: exactly(1, whichEvent),
		Example: "  usher event sell-again HARBOUR-26",
	}
	onEvent(c, func(s *server.Server, event string) error { return s.CallOff.Reopen(c.Context(), event) })
	return c
}

func newEventProgress() *cobra.Command {
	c := &cobra.Command{
		Use:   "progress EVENT",
		Short: "Say how far calling an event off, or moving it, has come",
		Long: `Says how far a call-off or a move has come, and the money that goes back. With --wait
it goes on until nothing is left to be done: a server that runs asks for the refunds.`,
		Example: "  usher event progress HARBOUR-26\n  usher event progress HARBOUR-26 --wait",
		Args:    exactly(1, whichEvent),
	}
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		s, err := openServer(c, withoutKeys)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		wait, err := c.Flags().GetBool("wait")
		if err != nil {
			return err
		}
		for {
			p, err := s.CallOff.Progress(c.Context(), args[0])
			if err != nil {
				return err
			}
			if !wait || p.Settled() {
				return printProgress(c, p)
			}
			fmt.Fprintln(c.ErrOrStderr(), progressLine(p))
			select {
			case <-c.Context().Done():
				return c.Context().Err()
			case <-time.After(time.Second):
			}
		}
	}
	addData(c, "server")
	c.Flags().Bool("wait", false, "go on until all of it is done")
	return c
}

// onEvent makes a command that does something with one event and needs the keys.
func onEvent(c *cobra.Command, do func(*server.Server, string) error) {
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		s, err := openServer(c, needsKeys)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		return do(s, args[0])
	}
	addData(c, "server")
	addPassphrase(c)
}

// workOff works at an event's job until it is done, and says how far it is.
func workOff(c *cobra.Command, s *server.Server, event string) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	said := time.Time{}
	for {
		more, err := s.CallOff.Step(c.Context(), event)
		if err != nil {
			return err
		}
		p, err := s.CallOff.Progress(c.Context(), event)
		if err != nil {
			return err
		}
		if p.Phase == calloff.Done {
			return printProgress(c, p)
		}
		if time.Since(said) >= time.Second {
			fmt.Fprintln(c.ErrOrStderr(), progressLine(p))
			said = time.Now()
		}
		if more {
			continue
		}
		select {
		case <-c.Context().Done():
			return c.Context().Err()
		case <-ticker.C:
		}
	}
}

// progressLine says in a line how far a job is.
func progressLine(p calloff.Progress) string {
	return fmt.Sprintf("%s: %d of %d orders, %d tickets void, %d refunds asked for", p.Phase, min(p.Orders, p.Total), p.Total, p.Tickets, p.Refunds)
}

func printProgress(c *cobra.Command, p calloff.Progress) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), p)
	}
	what := "called off"
	if p.Fate == catalog.Moved {
		what = "moved"
	}
	printPairs(c.OutOrStdout(), [][2]string{
		{"event", p.Event}, {what, p.Made.Local().Format(time.DateTime) + "  " + p.Why}, {"at", string(p.Phase)},
		{"orders", fmt.Sprintf("%d of %d", min(p.Orders, p.Total), p.Total)}, {"tickets void", fmt.Sprint(p.Tickets)},
	})
	printBack(c.OutOrStdout(), p.Back)
	return nil
}

func printBack(w io.Writer, list []sales.StageSum) {
	for _, b := range list {
		fmt.Fprintf(w, "%-22s %d  %s\n", "refunds, "+b.Stage.Words(), b.Count, money.Format(b.Amount, b.Currency))
	}
}
