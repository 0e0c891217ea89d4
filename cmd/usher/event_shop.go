package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"usher/server/catalog"
	"usher/sync/money"
)

// printShop shows what an event sells.
func printShop(w io.Writer, s *catalog.Shop) error {
	fmt.Fprintf(w, "\nsold by %s, paid by %s\n", printable(s.Seller.Name), strings.Join(s.Methods, ", "))
	if s.Bank.Known() {
		fmt.Fprintf(w, "invoices are paid to %s, %s\n", printable(s.Bank.Holder), printable(cmp.Or(s.Bank.Shown(), s.Bank.Account)))
	}
	fmt.Fprintln(w)
	t := newTable(w, "SOLD", "PRICE", "FEE", "POOL", "FROM", "UNTIL", "AN ORDER")
	for _, o := range s.Offers {
		code := o.Code
		if o.Access != "" {
			code += " (with a code)"
		}
		t.row(code, money.Format(o.Price, s.Currency), amountOrNone(o.Fee, s.Currency), o.Pool,
			saleTime(s, o.From), saleTime(s, o.Until), fmt.Sprintf("%d to %d", o.Min, o.Max))
	}
	t.gap("POOL", "NAME", "PLACES")
	for _, p := range s.Pools {
		places := fmt.Sprint(p.Capacity)
		if len(p.Seats) > 0 {
			places += " numbered"
		}
		t.row(p.Code, p.Name, places)
	}
	return t.flush()
}

func amountOrNone(minor int64, currency string) string {
	if minor == 0 {
		return ""
	}
	return money.Format(minor, currency)
}

func saleTime(s *catalog.Shop, unix int64) string {
	if unix == 0 {
		return "now"
	}
	return s.About.Local(unix).Format(minute)
}
