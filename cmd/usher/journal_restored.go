package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"usher/server"
)

func newJournalRestored() *cobra.Command {
	c := &cobra.Command{
		Use:   "restored",
		Short: "Go on with a server's journals after its data were restored from a backup",
		Long: `To be run once after a server's data were restored from a backup, before the server
is started. The gates may hold more of the server's journal than the backup does: were
the server to write on where the backup ends, it would give two records one number,
and gates would refuse what it says.

This begins a new epoch of each journal. The gates take it up when they connect, and
give back what the backup had lost: revocations, enrolments, scans. What no journal
holds is lost: tickets, names and changes of the event file that were made after the
backup have to be made again. Where the server has written already what gates
contradict, that is said again in the new epoch.

Once too often does no harm. A server that runs on the data may go on running.`,
		Example: "  usher journal restored --data /srv/usher --passphrase-file /run/secrets/usher",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			s, err := openServer(c, needsKeys)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			return beginEpochs(c, s, flag(c, "event"))
		},
	}
	addData(c, "server")
	addPassphrase(c)
	addEvent(c, false, "of this event only")
	return c
}

// restoredEvent is what was done with an event's journal.
type restoredEvent struct {
	Event string `json:"event"`
	Epoch uint64 `json:"epoch"`
	Again int    `json:"said_again"`
}

// beginEpochs begins a new epoch of an event's journal, or of all.
func beginEpochs(c *cobra.Command, s *server.Server, event string) (err error) {
	events := []string{event}
	if event == "" {
		if events, err = eventCodes(c.Context(), s); err != nil {
			return err
		}
	}
	done := []restoredEvent{}
	for _, code := range events {
		begun, err := s.Restored(c.Context(), code)
		if err != nil {
			return err
		}
		done = append(done, restoredEvent{code, begun.Chain.Epoch, begun.Again})
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), done)
	}
	for _, e := range done {
		fmt.Fprintf(c.OutOrStdout(), "The server's journal of %s goes on in epoch %d", printable(e.Event), e.Epoch)
		if e.Again > 0 {
			fmt.Fprintf(c.OutOrStdout(), "; %s said again", counted(e.Again, "record"))
		}
		fmt.Fprintln(c.OutOrStdout(), ".")
	}
	return nil
}
