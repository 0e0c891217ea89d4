package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/post"
	"usher/sync/fault"
)

func newMail() *cobra.Command {
	return group("mail", "See mail that could not be sent, and send it again", newMailList(), newMailAgain())
}

func newMailList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List mail that was given up, or that waits",
		Long: `Lists mail that was given up, the newest first: what the mail server refused, and what
could not be handed over for two days. With --waiting it lists what is still to be
sent, with what was wrong at the last try. What became of an order's mail stands in
the order's history: usher orders show.`,
		Example: "  usher mail list\n  usher mail list --waiting --json",
		Args:    cobra.NoArgs,
		RunE:    runMailList,
	}
	addData(c, "server")
	c.Flags().Bool("waiting", false, "mail that is still to be sent")
	c.Flags().Int("limit", 50, "the most mails to list")
	return c
}

// mailLine is a mail as it is listed.
type mailLine struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Order   string    `json:"order"` // its code
	To      string    `json:"to"`
	State   string    `json:"state"`
	Tries   int       `json:"tries"`
	Queued  time.Time `json:"queued"`
	Done    time.Time `json:"given_up,omitzero"`
	Next    time.Time `json:"next_try,omitzero"`
	Problem string    `json:"problem,omitempty"`
}

func runMailList(c *cobra.Command, _ []string) (err error) {
	limit, err := c.Flags().GetInt("limit")
	if err != nil || limit < 1 {
		return fault.New(fault.BadInput, "--limit %d: want 1 or more", limit)
	}
	state := post.Failed
	if isSet(c, "waiting") {
		state = post.Waiting
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found, err := s.Post.List(c.Context(), state, limit)
	if err != nil {
		return err
	}
	lines := make([]mailLine, len(found))
	for i, m := range found {
		if lines[i], err = mailLineOf(c, s, m); err != nil {
			return err
		}
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), lines)
	}
	t := newTable(c.OutOrStdout(), "MAIL", "WHAT", "ORDER", "TO", "QUEUED", "TRIES", "PROBLEM")
	for _, l := range lines {
		t.row(l.ID, l.Kind, l.Order, l.To, l.Queued.Local().Format(time.DateTime), l.Tries, l.Problem)
	}
	return t.flush()
}

func mailLineOf(c *cobra.Command, s *server.Server, m post.Queued) (mailLine, error) {
	l := mailLine{ID: m.ID, Kind: m.Kind, To: m.To, State: string(m.State), Tries: m.Tries, Queued: m.Queued, Done: m.Done, Problem: m.Problem}
	if m.State == post.Waiting {
		l.Next = m.Due
	}
	o, err := s.Sales.Order(c.Context(), m.About)
	if fault.KindOf(err) == fault.NotFound {
		return l, nil // it is about something else
	}
	l.Order = o.Code
	return l, err
}

func newMailAgain() *cobra.Command {
	c := &cobra.Command{
		Use:   "again MAIL... | --all",
		Short: "Send mail again that was given up",
		Long: `Sends mail again that was given up, by its name in usher mail list, or all of it. It is
tried for two days once more; a server that runs does so. To send an order's tickets
to another address: usher orders resend.`,
		Example: "  usher mail again --all\n  usher mail again tickets/4c1f0d5e8a2b7c3d9e6f0a1b2c3d4e5f",
		Args:    cobra.ArbitraryArgs,
		RunE:    runMailAgain,
	}
	addData(c, "server")
	c.Flags().Bool("all", false, "all mail that was given up")
	return c
}

func runMailAgain(c *cobra.Command, names []string) (err error) {
	if isSet(c, "all") == (len(names) > 0) {
		return fault.New(fault.BadInput, "name the mails, as usher mail list shows them, or say --all")
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var n int
	if isSet(c, "all") {
		n, err = s.Post.AgainAll(c.Context())
	} else {
		n, err = s.Post.Again(c.Context(), names...)
	}
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		err = printJSON(c.OutOrStdout(), map[string]int{"again": n})
	} else {
		fmt.Fprintf(c.OutOrStdout(), "%s to be sent again; a server that runs does it.\n", counted(n, "mail"))
	}
	if n < len(names) {
		return errors.Join(err, fault.New(fault.NotFound, "%d of the %d that you named were not given up, or aren't there", len(names)-n, len(names)))
	}
	return err
}
