package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"usher/server/catalog"
	"usher/sync/fault"
	"usher/sync/journal"
)

func newEventShow() *cobra.Command {
	c := &cobra.Command{
		Use: "show EVENT", Short: "Show an event as the gates know it, and what it sells", Args: exactly(1, "the code of an event"), RunE: runEventShow,
		Example: "  usher event show HARBOUR-26",
	}
	addData(c, "server")
	return c
}

func runEventShow(c *cobra.Command, args []string) error {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return err
	}
	e, err := s.Catalog.Event(c.Context(), args[0])
	var shop *catalog.Shop
	if err == nil {
		if shop, err = s.Catalog.Shop(c.Context(), args[0]); errors.Is(err, fault.NotFound) {
			err = nil // it sells nothing
		}
	}
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), shownEvent{e, shop})
	}
	if err := printEvent(c.OutOrStdout(), e); err != nil || shop == nil {
		return err
	}
	return printShop(c.OutOrStdout(), shop)
}

// shownEvent is an event with what it sells.
type shownEvent struct {
	*catalog.Event
	Shop *catalog.Shop `json:"shop,omitempty"`
}

func printEvent(w io.Writer, e *catalog.Event) error {
	fmt.Fprintf(w, "%s  %s%s\n", e.Code, printable(e.Name), rehearsal(e.Rehearsal))
	if e.Venue != "" {
		fmt.Fprintf(w, "at      %s\n", printable(e.Venue))
	}
	if e.Admission != 0 {
		fmt.Fprintf(w, "doors   %s\n", e.Local(e.Admission).Format(minute))
	}
	fmt.Fprintf(w, "starts  %s\nends    %s\n\n", e.Local(e.Starts).Format(minute), e.Local(e.Ends).Format(minute))
	t := newTable(w, "ZONE", "NAME", "CAPACITY", "EVERYBODY OUT")
	for _, z := range e.Zones {
		t.row(z.Code, z.Name, unlimited(z.Capacity), checkOuts(e, z.CheckOut))
	}
	t.gap("PRODUCT", "NAME", "ZONES", "SESSION", "AT THE GATE", "RULES")
	for _, p := range e.Products {
		t.row(p.Code, p.Name, zoneCodes(e, p.Zones), session(p.Session), atTheGate(&p), rules(p.Rules))
	}
	t.gap("GATE", "NAME", "INTO", "ADMITS", "SESSION", "RULES")
	for _, g := range e.Gates {
		zone, _ := e.ZoneByBit(g.Zone)
		t.row(g.Code, g.Name, zone.Code, admitted(e, g), session(g.Session), gateRules(&g))
	}
	if len(e.Retired) > 0 {
		t.gap("RETIRED", "CODE")
		for _, p := range e.Retired {
			t.row(p.Kind, p.Code)
		}
	}
	return t.flush()
}

func unlimited(n uint32) string {
	if n == 0 {
		return "no limit"
	}
	return fmt.Sprint(n)
}

func zoneCodes(e *catalog.Event, mask uint32) string {
	var codes []string
	for _, z := range e.ZonesOf(mask) {
		codes = append(codes, z.Code)
	}
	return strings.Join(codes, " ")
}

func admitted(e *catalog.Event, g journal.Gate) string {
	if g.All {
		return "all products"
	}
	var codes []string
	for _, p := range e.Products {
		if slices.Contains(g.Products, p.Number) {
			codes = append(codes, p.Code)
		}
	}
	return strings.Join(codes, " ")
}

// checkOuts shows the first of the moments at which a zone is emptied.
func checkOuts(e *catalog.Event, list []int64) string {
	const few = 3
	texts := make([]string, min(few, len(list)))
	for i := range texts {
		texts[i] = e.Local(list[i]).Format("Mon 2 Jan 15:04")
	}
	text := strings.Join(texts, ", ")
	if more := len(list) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func session(code string) string {
	if code == "" {
		return "all"
	}
	return code
}

// atTheGate says what door staff see and ask of a product's tickets.
func atTheGate(p *journal.Product) string {
	var list []string
	if p.Attention {
		list = append(list, "attention")
	}
	if p.Text != "" {
		list = append(list, fmt.Sprintf("says %q", p.Text))
	}
	for _, q := range p.Questions {
		word := "asks "
		if !q.Required {
			word = "may ask "
		}
		list = append(list, word+q.Code)
	}
	return strings.Join(list, ", ")
}

func gateRules(g *journal.Gate) string {
	var list []string
	if len(g.Rules) > 0 {
		list = append(list, rules(g.Rules))
	}
	if g.NoReentry {
		list = append(list, "no re-entry after exit")
	}
	if g.Multi {
		list = append(list, "entries are not counted")
	}
	if g.TakesUnpaid {
		list = append(list, "takes payment")
	}
	if g.StaleAfter > 0 {
		list = append(list, fmt.Sprintf("list stale after %d min", g.StaleAfter/60))
	}
	return strings.Join(list, ", ")
}

// rules names rules by their kinds; --json has all of them.
func rules(list []journal.Rule) string {
	kinds := make([]string, len(list))
	for i, r := range list {
		kinds[i] = r.Kind
	}
	return strings.Join(kinds, ", ")
}
