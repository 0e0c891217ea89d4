package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/sync/money"
)

// Kinds of parts of a shop, as reports call them.
const (
	partShop  = "shop"
	partPool  = "pool"
	partOffer = "offer"
)

// compareShops says what changes from one version of a shop to the next; nil is
// an event that sells nothing.
func compareShops(before, after *Shop, location *time.Location) []Change {
	old, fresh := shopParts(before, location), shopParts(after, location)
	same := func(p part) func(part) bool {
		return func(o part) bool { return o.kind == p.kind && o.code == p.code }
	}
	var list []Change
	for _, p := range fresh {
		if i := slices.IndexFunc(old, same(p)); i >= 0 {
			list = append(list, altered(old[i], p)...)
		} else {
			list = append(list, Change{Act: Added, What: p.kind, Code: p.code})
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(fresh, same(o)) {
			list = append(list, Change{Act: Retired, What: o.kind, Code: o.code})
		}
	}
	return list
}

// notes says what a shop may lack; nil is an event that sells nothing.
func (s *Shop) notes() (list []string) {
	if s != nil && slices.Contains(s.Methods, MethodInvoice) && !s.Bank.Known() {
		list = append(list, "it offers invoices and has no [shop.bank]: buyers are not told which account to transfer to")
	}
	return list
}

func shopParts(s *Shop, location *time.Location) []part {
	if s == nil {
		return nil
	}
	v := shopView{s, location}
	list := []part{{partShop, "", v.shop()}}
	for _, p := range s.Pools {
		list = append(list, part{partPool, p.Code, []field{
			{"name", p.Name}, {"capacity", strconv.FormatInt(p.Capacity, 10)}, {"seats", seatsText(p.Seats)},
		}})
	}
	for _, o := range s.Offers {
		list = append(list, part{partOffer, o.Code, v.offer(&o)})
	}
	return list
}

// shopView puts a shop into words.
type shopView struct {
	*Shop
	location *time.Location
}

func (v shopView) shop() []field {
	geo := ""
	if v.Geo != nil {
		geo = fmt.Sprintf("%v, %v", v.Geo.Lat, v.Geo.Lon)
	}
	list := []field{
		{"currency", v.Currency}, {"text", v.Text},
		{"picture", v.Picture.Hash}, {"picture_text", v.PictureText},
		{"address", v.Address}, {"geo", geo}, {"map", v.Map},
		{"hold_minutes", strconv.Itoa(v.Hold)}, {"extensions", strconv.Itoa(v.Extensions)},
		{"max_per_order", strconv.Itoa(v.MaxPerOrder)},
		{"fee", v.amount(v.Fee)}, {"tax_percent", percentText(v.FeeTax)},
		{"methods", joined(v.Methods)}, {"invoice_days", strconv.Itoa(v.InvoiceDays)},
		{"tickets_before_payment", strconv.FormatBool(v.EarlyTickets)}, {"terms", v.Terms},
		{"seller.name", v.Seller.Name}, {"seller.address", v.Seller.Address},
		{"seller.tax_id", v.Seller.TaxID}, {"seller.email", v.Seller.Email},
		{"bank.holder", v.Bank.Holder}, {"bank.iban", v.Bank.Shown()}, {"bank.bic", v.Bank.BIC}, {"bank.name", v.Bank.Name}, {"bank.account", v.Bank.Account},
		{"refund", strconv.FormatBool(v.Returns.On)}, {"refund.hours_before", strconv.FormatInt(v.Returns.Hours, 10)},
		{"refund.keep_percent", percentText(v.Returns.Percent)}, {"refund.keep", v.amount(v.Returns.Keep)},
		{"order of pools", joined(each(v.Pools, func(p Pool) string { return p.Code }))},
		{"order of offers", joined(each(v.Offers, func(o Offer) string { return o.Code }))},
	}
	return append(append(list, v.transfers()...), v.resale()...)
}

// transfers puts into words how tickets are given away.
func (v shopView) transfers() []field {
	t := &v.Transfers
	return []field{
		{"transfer.times", unlessZero(int64(t.Times))}, {"transfer.hours_before", unlessZero(t.Hours)},
		{"transfer.named", strconv.FormatBool(t.Named)}, {"transfer.accept_hours", unlessZero(t.Accept)},
	}
}

// resale puts into words how tickets are sold on.
func (v shopView) resale() []field {
	r, is := v.Resale, "yes"
	if r == nil {
		r, is = &Resale{}, ""
	}
	return []field{
		{"resale", is},
		{"resale.cap_percent", percentText(r.Cap)}, {"resale.until", v.time(r.Until)},
		{"resale.seller_percent", percentText(r.SellerRate)}, {"resale.seller_fee", v.amount(r.SellerFee)},
		{"resale.buyer_percent", percentText(r.BuyerRate)}, {"resale.buyer_fee", v.amount(r.BuyerFee)},
		{"resale.tax_percent", percentText(r.Tax)}, {"resale.waitlist_first", strconv.FormatBool(r.WaitlistFirst)},
		{"resale.offer_minutes", unlessZero(int64(r.OfferMinutes))},
	}
}

func (v shopView) offer(o *Offer) []field {
	return []field{
		{"product", strconv.FormatUint(uint64(o.Product), 10)},
		{"name", o.Name}, {"description", o.Text},
		{"price", v.amount(o.Price)}, {"fee", v.amount(o.Fee)}, {"tax_percent", percentText(o.Tax)},
		{"pool", o.Pool}, {"sale_from", v.time(o.From)}, {"sale_until", v.time(o.Until)},
		{"min", strconv.Itoa(o.Min)}, {"max", strconv.Itoa(o.Max)},
		{"access_code", o.Access}, {"names", strconv.FormatBool(o.Names)}, {"emails", strconv.FormatBool(o.Emails)},
		{"questions", jsonText(o.Questions)},
	}
}

func (v shopView) amount(minor int64) string {
	if minor == 0 {
		return ""
	}
	return money.Decimal(minor, v.Currency) + " " + v.Currency
}

func (v shopView) time(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).In(v.location).Format(time.RFC3339)
}

func percentText(points int64) string {
	if points == 0 {
		return ""
	}
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%02d", points/100, points%100), "0"), ".")
}

// seatsText gives seats as a file may say them: "A 1-12, 15; B 1-9".
func seatsText(seats []Seat) string {
	var out strings.Builder
	for i := 0; i < len(seats); {
		switch {
		case i == 0:
			out.WriteString(seats[i].Row + " ")
		case seats[i].Row != seats[i-1].Row:
			out.WriteString("; " + seats[i].Row + " ")
		default:
			out.WriteString(", ")
		}
		last := i
		for last+1 < len(seats) && seats[last+1].Row == seats[i].Row && number(seats[last+1]) == number(seats[last])+1 {
			last++
		}
		out.WriteString(seats[i].Name)
		if last > i {
			out.WriteString("-" + seats[last].Name)
		}
		i = last + 1
	}
	return out.String()
}

func number(s Seat) int {
	n, _ := strconv.Atoi(s.Name) // it is one: parsed from a file
	return n
}
