package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/ticketing"
	"usher/sync/fault"
	"usher/sync/money"
)

func newTicketsReissue() *cobra.Command {
	c := &cobra.Command{
		Use:   "reissue TICKET",
		Short: "Make a new code for a ticket and void the one before",
		Long: `Makes a new code for a ticket, for a lost phone or a misprint. The ticket keeps its
id and its past; its earlier codes are void from the moment a gate hears of it.
Print the new one with usher tickets export --ticket.`,
		Example: `  usher tickets reissue A-1017 --why "lost phone"`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Tickets.Reissue(c.Context(), t, flag(c, "why"))
	})
	addWhy(c)
	return c
}

func newTicketsTransfer() *cobra.Command {
	c := &cobra.Command{
		Use:   "transfer TICKET --name N",
		Short: "Give a ticket to somebody else, with a new code",
		Long: `Writes somebody else's name on a ticket and makes a new code for it; the codes of
the holder before are void from the moment a gate hears of it. Without --email the
ticket has no address any more.`,
		Example: `  usher tickets transfer A-1017 --name "Charles Babbage" --email charles@example.org --why "a present"`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Tickets.Transfer(c.Context(), t, flag(c, "name"), flag(c, "email"), flag(c, "why"))
	})
	c.Flags().String("name", "", "name of the new holder")
	c.Flags().String("email", "", "e-mail address of the new holder")
	addWhy(c)
	needs(c, "name")
	return c
}

// noBound is how a person takes a bound off a ticket.
const noBound = "none"

func newTicketsChange() *cobra.Command {
	c := &cobra.Command{
		Use:   "change TICKET",
		Short: "Change a ticket's product or time, with a new code",
		Long: `Changes what a ticket's code says, so that it gets a new code and the ones before are
void: the product (an upgrade), or from when until when it is good (another slot).
A time without an offset is the event's local time; a day alone is all of it. What
is not named stays as it is, and "none" takes a bound away.

The product and the times are two changes, each with a code of its own.`,
		Example: `  usher tickets change A-1017 --product seated --why "upgrade at the desk"
  usher tickets change A-1017 --valid-from "2026-07-04 20:00" --valid-until none`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) { return change(c, s, t) })
	c.Flags().String("product", "", "code of the product that it is from now on")
	c.Flags().String("valid-from", "", "`TIME` from when it is good, or none")
	c.Flags().String("valid-until", "", "`TIME` until when it is good, or none")
	addWhy(c)
	c.MarkFlagsOneRequired("product", "valid-from", "valid-until")
	c.MarkFlagsMutuallyExclusive("product", "valid-from")
	c.MarkFlagsMutuallyExclusive("product", "valid-until")
	return c
}

func change(c *cobra.Command, s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
	if product := flag(c, "product"); product != "" {
		return s.Tickets.ChangeProduct(c.Context(), t, product, flag(c, "why"))
	}
	e, err := s.Catalog.Event(c.Context(), t.Event)
	if err != nil {
		return t, err
	}
	from, until := t.NotBefore, t.Expires
	for _, b := range []struct {
		bound ticketing.Bound
		at    *int64
	}{{ticketing.From, &from}, {ticketing.Until, &until}} {
		text := flag(c, flagOf(string(b.bound)))
		if text == noBound {
			*b.at = 0
		} else if text != "" {
			if *b.at, err = ticketing.Instant(text, b.bound, e.Location); err != nil {
				return t, byFlag(err)
			}
		}
	}
	if until != 0 && from >= until {
		return t, fault.New(fault.BadInput, "good from %s until %s is never good", local(e, from), local(e, until))
	}
	return s.Tickets.ChangeWindow(c.Context(), t, from, until, flag(c, "why"))
}

func newTicketsBill() *cobra.Command {
	c := &cobra.Command{
		Use:   "bill TICKET",
		Short: "Say what is to be paid for a ticket, or that it is paid for",
		Long: `Says whether a ticket is paid for. Of one that is not, a gate shows what is due, and
admits when that was paid, if it may take money. The code stays as it is.`,
		Example: `  usher tickets bill A-1017 --due 25.00 --currency EUR
  usher tickets bill A-1017 --unpaid
  usher tickets bill A-1017 --paid`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		if isSet(c, "paid") {
			return s.Tickets.Bill(c.Context(), t, false, 0, "")
		}
		due, currency, err := amount(c)
		if err != nil {
			return t, err
		}
		return s.Tickets.Bill(c.Context(), t, true, due, currency)
	})
	c.Flags().String("due", "", "`AMOUNT` to be paid, as in 25.00")
	c.Flags().String("currency", "", "of the amount, as in EUR")
	c.Flags().Bool("unpaid", false, "it is not paid for; how much is due is not said")
	c.Flags().Bool("paid", false, "it is paid for")
	c.MarkFlagsOneRequired("due", "unpaid", "paid")
	c.MarkFlagsMutuallyExclusive("due", "unpaid", "paid")
	c.MarkFlagsRequiredTogether("due", "currency")
	return c
}

// amount reads --due and --currency; no amount where it is not said.
func amount(c *cobra.Command) (due int64, currency string, err error) {
	if flag(c, "due") == "" {
		return 0, "", nil
	}
	currency = strings.ToUpper(flag(c, "currency"))
	if due, err = money.Parse(flag(c, "due"), currency); err != nil {
		return 0, "", fault.Wrap(fault.BadInput, err, "--due")
	}
	if due == 0 {
		return 0, "", fault.New(fault.BadInput, "--due %s: there is nothing to be paid; say --paid", flag(c, "due"))
	}
	return due, currency, nil
}

// flagOf is the flag that is called after a column of a list.
func flagOf(column string) string { return strings.ReplaceAll(column, "_", "-") }

// byFlag gives an error that blames a column of a list to the flag for it.
func byFlag(err error) error {
	var wrong *fault.Error
	if errors.As(err, &wrong) && wrong.Where != "" {
		return fault.At(wrong.Kind, "--"+flagOf(wrong.Where), "%s", wrong.Message)
	}
	return err
}
