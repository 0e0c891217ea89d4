package sales

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"usher/server/post"
)

// Happening is something that happened to an order.
type Happening struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Who  string    `json:"who"` // buyer, organiser, provider, usher
	Text string    `json:"text,omitempty"`
}

// Story tells all that happened to an order, oldest first, its mail with it.
func (s *Sales) Story(ctx context.Context, id string) (list []Happening, err error) {
	o, err := s.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	list = []Happening{{At: o.Made, Kind: "begun", Who: "buyer", Text: o.summary()}}
	rows, err := s.DB.Read().QueryContext(ctx, `select at, kind, who, text from order_event where order_id = $1 order by rev, number`, id)
	if err != nil {
		return nil, stored(err, "reading an order's history")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var h Happening
		var at int64
		if err := rows.Scan(&at, &h.Kind, &h.Who, &h.Text); err != nil {
			return nil, stored(err, "reading an order's history")
		}
		h.At = time.UnixMilli(at).UTC()
		list = append(list, h)
	}
	if err := rows.Err(); err != nil {
		return nil, stored(err, "reading an order's history")
	}
	mails, err := s.Post.About(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, m := range mails {
		list = append(list, mailed(m))
	}
	slices.SortStableFunc(list, func(a, b Happening) int { return a.At.Compare(b.At) })
	return list, nil
}

// mailed is a mail as a happening: when it was queued, or what became of it.
func mailed(m post.Queued) Happening {
	h := Happening{At: m.Queued, Kind: "mail " + string(m.State), Who: "usher", Text: m.What() + ", to " + m.To}
	if !m.Done.IsZero() {
		h.At = m.Done
	}
	if m.Problem != "" {
		h.Text += ": " + m.Problem
	}
	return h
}

// summary says in a line what is bought.
func (o *Order) summary() string {
	var parts []string
	for _, item := range o.Items {
		parts = append(parts, item.words())
	}
	return strings.Join(parts, ", ") + ", " + words(o.Total, o.Currency)
}
