package main

import (
	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/ticketing"
)

func newTicketsRevoke() *cobra.Command {
	return voiding(ticketing.Revoked, &cobra.Command{
		Use:   "revoke TICKET --why W",
		Short: "Void a ticket for good",
		Long: `Voids a ticket: once a gate has heard of it, no code of the ticket is let in there.
The reason is shown at the door. Revoking a ticket again changes nothing; usher
tickets reactivate makes it good again.`,
		Example: `  usher tickets revoke A-1017 --why "paid back on 2 July"`,
	})
}

func newTicketsCancel() *cobra.Command {
	return voiding(ticketing.Cancelled, &cobra.Command{
		Use:   "cancel TICKET --why W",
		Short: "Void a ticket whose order was cancelled",
		Long: `Voids a ticket as usher tickets revoke does; the door says that it was cancelled. Its
holder, if inside, can still be scanned out.`,
		Example: `  usher tickets cancel A-1017 --why "order taken back on 2 July"`,
	})
}

func newTicketsBlock() *cobra.Command {
	return voiding(ticketing.Blocked, &cobra.Command{
		Use:   "block TICKET --why W",
		Short: "Void a ticket until a question about it is settled",
		Long: `Voids a ticket as usher tickets revoke does; the door says that it is blocked, and
usher tickets unblock ends that.`,
		Example: `  usher tickets block 2W5G-T0QR-7XKPM8 --why "the card was reported stolen"`,
	})
}

// voiding makes a command out of its texts that voids a ticket as state.
func voiding(state ticketing.State, c *cobra.Command) *cobra.Command {
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Tickets.Revoke(c.Context(), t, state, flag(c, "why"))
	})
	c.Flags().String("why", "", "the reason, as the door shows it")
	needs(c, "why")
	return c
}

func newTicketsUnblock() *cobra.Command {
	c := &cobra.Command{
		Use:   "unblock TICKET",
		Short: "Make a blocked ticket good again",
		Long: `Makes the newest code of a blocked ticket good again. One that is void for another
reason is refused, and one that is good stays as it is.`,
		Example: `  usher tickets unblock 2W5G-T0QR-7XKPM8 --why "the bank says it was a mistake"`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Tickets.Unblock(c.Context(), t, flag(c, "why"))
	})
	addWhy(c)
	return c
}

func newTicketsReactivate() *cobra.Command {
	c := &cobra.Command{
		Use:   "reactivate TICKET",
		Short: "Make a void ticket good again",
		Long: `Makes the newest code of a ticket good again that was revoked, cancelled or blocked.
Codes that a newer one took the place of stay void. One that is good stays as it is.`,
		Example: `  usher tickets reactivate A-1017 --why "the order was cancelled by mistake"`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Tickets.Reactivate(c.Context(), t, flag(c, "why"))
	})
	addWhy(c)
	return c
}
