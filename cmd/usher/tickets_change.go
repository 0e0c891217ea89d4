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
Print the new one with usher tickets export --ticket. Once somebody came in with it, a
new code takes --after-entry and --why.`,
		Example: `  usher tickets reissue A-1017 --why "lost phone"`,
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		return s.Reissue(c.Context(), t, flag(c, "why"), isSet(c, "after-entry"))
	})
	addWhy(c)
	c.Flags().Bool("after-entry", false, "also if somebody came in with it")
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

// nothing is how a person takes away what a ticket's code says.
const nothing = "none"

// amendFlags are the flags of usher tickets change, each called after the column of
// a list that it writes anew.
var amendFlags = []struct{ column, usage string }{
	{"product", "code of the product that it is from now on"},
	{"seat", "the seat, in plain ASCII, or none"},
	{"zone", "codes of zones, separated by spaces, or none for the product's"},
	{"valid_from", "`TIME` from when it is good, or none"},
	{"valid_until", "`TIME` until when it is good, or none"},
	{"admissions", "`NUMBER` of people that it admits"},
}

func newTicketsChange() *cobra.Command {
	c := &cobra.Command{
		Use:   "change TICKET",
		Short: "Change what a ticket's code says, with a new code",
		Long: `Changes what a ticket's code says, so that it gets a new code and the ones before are
void: the product (an upgrade), the seat, the zones, from when until when it is good
(another slot), for how many people. A time without an offset is the event's local
time; a day alone is all of it. What is not named stays as it is, and "none" takes a
seat, zones or a bound away. All that is named is one change with one new code; where
nothing would change there is none.`,
		Example: `  usher tickets change A-1017 --product seated --seat "Row 1 Seat 4" --why "upgrade at the desk"
  usher tickets change A-1017 --valid-from "2026-07-04 20:00" --valid-until none`,
	}
	names := make([]string, len(amendFlags))
	for i, f := range amendFlags {
		names[i] = flagOf(f.column)
		c.Flags().String(names[i], "", f.usage)
	}
	onOne(c, func(s *server.Server, t ticketing.Ticket) (ticketing.Ticket, error) {
		row := map[string]string{}
		for _, f := range amendFlags {
			switch text := flag(c, flagOf(f.column)); {
			case text == nothing:
				row[f.column] = ""
			case c.Flags().Changed(flagOf(f.column)):
				row[f.column] = text
			}
		}
		changed, err := s.Tickets.Amend(c.Context(), t, row, flag(c, "why"))
		return changed, byFlag(err)
	})
	addWhy(c)
	c.MarkFlagsOneRequired(names...)
	return c
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
