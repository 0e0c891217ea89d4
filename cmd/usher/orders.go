package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/catalog"
	"usher/server/sales"
	"usher/sync/fault"
	"usher/sync/money"
)

func newOrders() *cobra.Command {
	return group("orders", "Look orders up, refund, cancel and send them again",
		newOrdersList(), newOrdersShow(), newOrdersPay(), newOrdersRefund(), newOrdersCancel(), newOrdersResend())
}

const whichOrder = "an order: its code"

// organiser is who acts by the command line, in an order's history.
const organiser = "organiser"

func newOrdersList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list [TEXT]",
		Short: "List orders, the newest first",
		Long: `Lists orders. TEXT narrows the list to an order's code, or to buyers by words of their
name and address or the beginnings of words, in any order and case: "love ada" finds
Ada Lovelace.`,
		Example: `  usher orders list --event NIGHT-1
  usher orders list ada@example.org
  usher orders list lovel
  usher orders list --state awaiting --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: runOrdersList,
	}
	addData(c, "server")
	addEvent(c, false, "orders of this event only")
	c.Flags().String("state", "", "orders in this `STATE` only: open, paying, awaiting, paid, part_refunded, refunded, cancelled, …")
	c.Flags().Bool("refund-failed", false, "orders only of which a refund failed: it is to be given by other means, or asked for again")
	c.Flags().Int("limit", 50, "the most orders to list")
	return c
}

func runOrdersList(c *cobra.Command, args []string) (err error) {
	limit, err := c.Flags().GetInt("limit")
	if err != nil || limit < 1 {
		return fault.New(fault.BadInput, "--limit %d: want 1 or more", limit)
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err := s.Sales.Find(c.Context(), sales.Search{
		Event: flag(c, "event"), State: sales.State(flag(c, "state")), Text: strings.Join(args, " "), Failed: isSet(c, "refund-failed"), Limit: limit,
	})
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), list)
	}
	t := newTable(c.OutOrStdout(), "CODE", "EVENT", "STATE", "TOTAL", "MADE", "BUYER")
	for _, o := range list {
		t.row(o.Code, o.Event, string(o.State), money.Format(o.Total, o.Currency), o.Made.Local().Format(time.DateTime), buyerOf(o))
	}
	return t.flush()
}

func buyerOf(o sales.Order) string { return strings.TrimSpace(o.Details.Name + "  " + o.Details.Email) }

func newOrdersShow() *cobra.Command {
	c := &cobra.Command{
		Use:     "show ORDER",
		Short:   "Show an order and its whole history",
		Long:    `Shows an order, and all that happened to it: payments, tickets, mail, refunds. Times are local to the event.`,
		Example: "  usher orders show K7QF2M8R4T\n  usher orders show K7QF2M8R4T --json",
		Args:    exactly(1, whichOrder),
		RunE: func(c *cobra.Command, args []string) error {
			return withOrder(c, args[0], withoutKeys, func(s *server.Server, e *catalog.Event, o sales.Order) error {
				story, err := s.Sales.Story(c.Context(), o.ID)
				if err != nil {
					return err
				}
				if wantsJSON(c) {
					return printJSON(c.OutOrStdout(), struct {
						sales.Order
						Story []sales.Happening `json:"story"`
					}{o, story})
				}
				printSale(c.OutOrStdout(), e, o)
				return printStory(c.OutOrStdout(), e, story)
			})
		},
	}
	addData(c, "server")
	return c
}

// withOrder finds an order and its event, and does something with them.
func withOrder(c *cobra.Command, name string, keys keyNeed, do func(*server.Server, *catalog.Event, sales.Order) error) (err error) {
	s, err := openServer(c, keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	list, err := s.Sales.Find(c.Context(), sales.Search{Text: name, Limit: 2})
	if err != nil {
		return err
	}
	switch len(list) {
	case 0:
		return fault.New(fault.NotFound, "there is no order %.40q", name)
	case 1:
	default:
		return fault.New(fault.BadInput, "%.40q means orders %s and %s: name one by its code", name, list[0].Code, list[1].Code)
	}
	e, err := s.Catalog.Event(c.Context(), list[0].Event)
	if err != nil {
		return err
	}
	return do(s, e, list[0])
}

// onOrder makes a command that does something to one order, and prints what came
// of it.
func onOrder(c *cobra.Command, do func(*server.Server, sales.Order) (sales.Order, error)) {
	c.Args = exactly(1, whichOrder)
	c.RunE = func(c *cobra.Command, args []string) error {
		return withOrder(c, args[0], needsKeys, func(s *server.Server, e *catalog.Event, o sales.Order) error {
			o, err := do(s, o)
			if err != nil {
				return err
			}
			if wantsJSON(c) {
				return printJSON(c.OutOrStdout(), o)
			}
			printSale(c.OutOrStdout(), e, o)
			return nil
		})
	}
	addData(c, "server")
	addPassphrase(c)
	addPayments(c)
}

func printSale(w io.Writer, e *catalog.Event, o sales.Order) {
	local := func(at time.Time) string { return at.In(e.Location).Format(time.DateTime) }
	amount := func(n int64) string { return money.Format(n, o.Currency) }
	pairs := [][2]string{
		{"order", o.Code}, {"event", e.Code + "  " + e.Name}, {"state", string(o.State)}, {"buyer", buyerOf(o)}, {"made", local(o.Made)},
	}
	for _, item := range o.Items {
		text := fmt.Sprintf("%d × %s  %s", item.Count, item.Name, amount(int64(item.Count)*(item.Price+item.Fee)))
		if len(item.Seats) > 0 {
			text += "  " + strings.Join(item.Seats, ", ")
		}
		pairs = append(pairs, [2]string{"item", text})
	}
	pairs = append(pairs, [2]string{"total", amount(o.Total)})
	switch {
	case o.State == sales.Awaiting:
		pairs = append(pairs, [2]string{"due", local(o.Until)})
	case o.State.Buying():
		pairs = append(pairs, [2]string{"held until", local(o.Until)})
	}
	if o.Paid > 0 {
		pairs = append(pairs, [2]string{"paid", amount(o.Paid) + "  " + local(o.PaidAt) + "  " + o.Method})
	}
	if o.Refunded > 0 {
		pairs = append(pairs, [2]string{"refunded", amount(o.Refunded)})
	}
	for _, id := range o.Tickets {
		pairs = append(pairs, [2]string{"ticket", id.Short()})
	}
	printPairs(w, pairs)
}

func printStory(w io.Writer, e *catalog.Event, story []sales.Happening) error {
	fmt.Fprintln(w)
	t := newTable(w, "WHEN", "WHAT", "WHO", "")
	for _, h := range story {
		t.row(h.At.In(e.Location).Format(time.DateTime), h.Kind, h.Who, h.Text)
	}
	return t.flush()
}
