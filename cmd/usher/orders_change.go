package main

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"

	"usher/crypto/ticket"
	"usher/server"
	"usher/server/sales"
	"usher/sync/fault"
	"usher/sync/money"
)

func newOrdersPay() *cobra.Command {
	c := &cobra.Command{
		Use:   "pay ORDER --by bank|cash",
		Short: "Record that money came for an order: a transfer, cash",
		Long: `Records that an order was paid by bank transfer or in cash. Its tickets are issued
and mailed. The same --ref again is the same money and changes nothing, so name a
transfer by what the bank calls it.

Money of another amount than the order's pays nothing: it is recorded as to be given
back, by hand.`,
		Example: `  usher orders pay K7QF2M8R4T --by bank --ref "2026-07-04 line 17"
  usher orders pay K7QF2M8R4T --by cash --ref "till 2, slip 118" --amount 51.50`,
	}
	onOrder(c, func(s *server.Server, o sales.Order) (sales.Order, error) {
		amount := o.Total
		if text := flag(c, "amount"); text != "" {
			var err error
			if amount, err = money.Parse(text, o.Currency); err != nil {
				return o, err
			}
		}
		return s.Sales.Receive(c.Context(), o.ID, sales.Received{Via: flag(c, "by"), Ref: flag(c, "ref"), Amount: amount, Who: organiser})
	})
	c.Flags().String("by", "", "how the money came: `bank|cash`")
	c.Flags().String("ref", "", "what names this money: the line of the statement, the slip of the till")
	c.Flags().String("amount", "", "how much came (default: the order's total)")
	needs(c, "by", "ref")
	return c
}

func newOrdersRefund() *cobra.Command {
	c := &cobra.Command{
		Use:   "refund ORDER --why TEXT",
		Short: "Give money of an order back: all of it, of some tickets, or an amount",
		Long: `Gives money of a paid order back. With --ticket it is the price and fees of those
tickets, which are void from the moment a gate hears of it, and their places are for
sale again; with --amount it is money for no ticket; with neither all of the order.
The buyer gets a mail with the reason.

What was paid by card goes back to the card; a server that runs asks the payment
provider again until it has done so. What was paid by transfer or in cash you give
back by hand.

The same --key again is the same refund, whatever became of the first.`,
		Example: `  usher orders refund K7QF2M8R4T --why "the act is ill"
  usher orders refund K7QF2M8R4T --ticket 2W5G-T0QR-7XKPM8 --why "one person is ill"
  usher orders refund K7QF2M8R4T --amount 5 --why "for the wait"`,
	}
	onOrder(c, func(s *server.Server, o sales.Order) (sales.Order, error) {
		r := sales.Refund{Key: flag(c, "key"), Why: flag(c, "why"), Who: organiser}
		if r.Key == "" {
			r.Key = rand.Text()
		}
		names, err := c.Flags().GetStringArray("ticket")
		if err != nil {
			return o, err
		}
		for _, name := range names {
			id, err := ticket.ParseShort(name)
			if err != nil {
				return o, fault.Wrap(fault.BadInput, err, "--ticket %.40q: want a short code", name)
			}
			r.Tickets = append(r.Tickets, id)
		}
		if text := flag(c, "amount"); text != "" {
			if r.Amount, err = money.Parse(text, o.Currency); err != nil {
				return o, err
			}
			if r.Amount == 0 {
				return o, fault.New(fault.BadInput, "--amount 0 gives nothing back")
			}
		}
		r.Entered, err = c.Flags().GetBool("after-entry")
		if err != nil {
			return o, err
		}
		return s.Sales.Refund(c.Context(), o.ID, r)
	})
	addAfterEntry(c)
	c.Flags().StringArray("ticket", nil, "short code of a `TICKET` that is refunded; may be given several times")
	c.Flags().String("amount", "", "money that goes back for no ticket, such as 5 or 5.50")
	c.Flags().String("why", "", "the reason; the buyer reads it")
	c.Flags().String("key", "", "name of this refund, to be sure that it is made once (default: drawn)")
	needs(c, "why")
	return c
}

func newOrdersCancel() *cobra.Command {
	c := &cobra.Command{
		Use:   "cancel ORDER --why TEXT",
		Short: "Cancel an order: tickets void, money back, places for sale",
		Long: `Cancels an order. Its tickets are void from the moment a gate hears of it, its places
are for sale again, what was paid goes back, and the buyer gets a mail with the
reason. Cancelling again changes nothing.`,
		Example: `  usher orders cancel K7QF2M8R4T --why "the hall is flooded"`,
	}
	onOrder(c, func(s *server.Server, o sales.Order) (sales.Order, error) {
		entered, err := c.Flags().GetBool("after-entry")
		switch {
		case err != nil:
			return o, err
		case entered:
			return s.Sales.CancelEntered(c.Context(), o.ID, flag(c, "why"), organiser)
		}
		return s.Sales.Cancel(c.Context(), o.ID, flag(c, "why"), organiser)
	})
	addAfterEntry(c)
	c.Flags().String("why", "", "the reason; the buyer reads it")
	needs(c, "why")
	return c
}

func newOrdersResend() *cobra.Command {
	c := &cobra.Command{
		Use:   "resend ORDER",
		Short: "Send the tickets of an order once more",
		Long: `Mails the order's tickets again, to its address or with --email to another, which is
the order's from then on. A server that runs sends it.`,
		Example: `  usher orders resend K7QF2M8R4T --email ada.lovelace@example.org`,
	}
	onOrder(c, func(s *server.Server, o sales.Order) (sales.Order, error) {
		o, err := s.Sales.Resend(c.Context(), o.ID, flag(c, "email"), organiser)
		if err == nil && !wantsJSON(c) {
			fmt.Fprintln(c.ErrOrStderr(), "The mail is queued; a server that runs sends it.")
		}
		return o, err
	})
	c.Flags().String("email", "", "another `ADDRESS`, where the first was wrong")
	return c
}

// addAfterEntry adds the flag by which tickets are refunded that somebody came in with.
func addAfterEntry(c *cobra.Command) {
	c.Flags().Bool("after-entry", false, "refund tickets by which somebody came in, too; the reason stands in the order's history")
}
