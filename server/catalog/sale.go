package catalog

import (
	"math"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/sync/money"
)

// Limits of what is sold.
const (
	maxShopText    = 8000          // bytes of an event's and a checkout's terms' text
	maxDescription = 1000          // bytes of a product's
	maxAddress     = 400           // bytes
	maxPrice       = 1_000_000_000 // minor units of a price or fee
	maxTaxPercent  = 100           // basis points: a hundredfold
	maxHold        = 60            // minutes
	maxExtensions  = 3
	mostPerOrder   = 100
	maxInvoiceDays = 90
	maxPools       = 100
	minAccessCode  = 4
	maxAccessCode  = 40

	defaultHold        = 10 // minutes
	defaultPerOrder    = 10
	defaultInvoiceDays = 14
)

// methods are the ways to pay that a shop may offer.
var methods = []string{MethodCard, MethodInvoice, MethodBoxOffice}

// saleScope is what the shop says for all of its products.
type saleScope struct {
	shop        *Shop
	location    *time.Location
	tax         int64 // basis points
	from, until int64
}

// shop reads what the event sells. Without [shop] nothing may speak of a sale.
func (f *finder) shop(s *Spec, t *fileTable, location *time.Location) {
	if t.Shop == nil {
		f.noShop(t)
		return
	}
	shop := f.shopTable(t.Shop)
	shop.Event = s.Code
	scope := saleScope{shop: shop, location: location, until: s.Ends}
	shop.FeeTax = f.percent("shop.tax_percent", "shop.tax_percent", t.Shop.TaxPercent)
	scope.tax = shop.FeeTax
	scope.from, scope.until = f.window("shop", "shop", t.Shop.SaleFrom, t.Shop.SaleUntil, scope)
	s.picture = f.pictureFile(t.Shop)
	shop.Resale = f.resale(t.Shop.Resale, scope, s.Ends)
	f.pools(shop, t.Pools)
	for i := range t.Products {
		f.offer(&s.Products[i], element("product", i), &t.Products[i], scope)
	}
	if len(shop.Offers) == 0 {
		f.blame("shop", "shop", "it sells nothing: give at least one product a price (0 for free ones), or take [shop] out")
	}
	s.Shop = shop
}

// noShop blames what only makes sense in a shop.
func (f *finder) noShop(t *fileTable) {
	const want = "there is no [shop] table, so nothing is sold"
	if len(t.Pools) > 0 {
		f.blame("pool", "pool", want)
	}
	for i := range t.Products {
		p := &t.Products[i]
		for _, name := range p.saleFields() {
			f.blame(join(element("product", i), name), "product "+p.Code+"."+name, want)
		}
		for j, q := range p.Questions {
			if q.Asked != nil && *q.Asked == askedAtCheckout {
				f.blame(element(element("product", i)+".question", j)+".asked", "product "+p.Code+", question "+q.Code+".asked", want)
			}
		}
	}
}

// saleFields lists the fields of its sale that a product has.
func (p *productTable) saleFields() (names []string) {
	for _, field := range []struct {
		name string
		has  bool
	}{
		{"price", p.Price != nil}, {"fee", p.Fee != nil}, {"tax_percent", p.TaxPercent != nil}, {"pool", p.Pool != nil},
		{"sale_from", p.SaleFrom != nil}, {"sale_until", p.SaleUntil != nil}, {"min", p.Min != nil}, {"max", p.Max != nil},
		{"access_code", p.AccessCode != nil}, {"names", p.Names != nil}, {"emails", p.Emails != nil}, {"description", p.Description != ""},
	} {
		if field.has {
			names = append(names, field.name)
		}
	}
	return names
}

func (f *finder) shopTable(t *shopTable) *Shop {
	shop := &Shop{
		Currency:     t.Currency,
		Text:         f.text("shop.text", "shop.text", t.Text, maxShopText),
		PictureText:  f.line("shop.picture_text", "shop.picture_text", t.PictureText, maxName, false),
		Address:      f.line("shop.address", "shop.address", t.Address, maxAddress, false),
		Geo:          f.geo(t.Geo),
		Map:          f.webAddress("shop.map", "shop.map", t.Map),
		Hold:         int(f.number("shop.hold_minutes", "shop.hold_minutes", t.Hold, defaultHold, 1, maxHold)),
		Extensions:   int(f.number("shop.extensions", "shop.extensions", t.Extensions, 0, 0, maxExtensions)),
		MaxPerOrder:  int(f.number("shop.max_per_order", "shop.max_per_order", t.MaxPerOrder, defaultPerOrder, 1, mostPerOrder)),
		InvoiceDays:  int(f.number("shop.invoice_days", "shop.invoice_days", t.InvoiceDays, defaultInvoiceDays, 1, maxInvoiceDays)),
		EarlyTickets: t.Early,
		Methods:      f.methods(t.Methods),
		Terms:        f.text("shop.terms", "shop.terms", t.Terms, maxShopText),
		Seller: Seller{
			Name:    f.line("shop.seller.name", "shop.seller.name", t.Seller.Name, maxName, true),
			Address: f.text("shop.seller.address", "shop.seller.address", t.Seller.Address, maxAddress),
			TaxID:   f.line("shop.seller.tax_id", "shop.seller.tax_id", t.Seller.TaxID, maxCode, false),
			Email:   f.email("shop.seller.email", "shop.seller.email", t.Seller.Email),
		},
	}
	shop.Bank = f.bank(t.Bank, shop.Seller.Name)
	if !money.Known(t.Currency) {
		f.blame("shop.currency", "shop.currency", "%.10q is no currency: want a code of ISO 4217 such as EUR", t.Currency)
		shop.Currency = "EUR" // so that amounts can be looked at
	}
	shop.Returns = f.returns(t.Returns, shop.Currency)
	shop.Transfers = f.transfers(t.Transfer)
	shop.Fee = f.amount("shop.fee", "shop.fee", t.Fee, shop.Currency)
	return shop
}

// offer reads how a product is sold, if it is.
func (f *finder) offer(p *ProductSpec, path string, t *productTable, scope saleScope) {
	label := "product " + p.Code
	if t.Price == nil {
		for _, name := range t.saleFields() {
			f.blame(join(path, name), label+"."+name, "it has no price, so it is not sold: add one (0 for free)")
		}
		if len(p.Checkout) > 0 {
			f.blame(path, label, "it asks a question at checkout and has no price, so it is not sold")
		}
		return
	}
	o := Offer{
		Code: p.Code, Name: p.Name, Questions: p.Checkout,
		Text:   f.text(path+".description", label+".description", t.Description, maxDescription),
		Price:  f.amount(path+".price", label+".price", t.Price, scope.shop.Currency),
		Fee:    f.amount(path+".fee", label+".fee", t.Fee, scope.shop.Currency),
		Tax:    scope.tax,
		Pool:   f.poolOf(path+".pool", label+".pool", t.Pool, scope.shop.Pools),
		Access: f.accessCode(path+".access_code", label+".access_code", t.AccessCode),
		Names:  t.Names != nil && *t.Names,
		Emails: t.Emails != nil && *t.Emails,
		Max:    int(f.number(path+".max", label+".max", t.Max, int64(scope.shop.MaxPerOrder), 1, int64(scope.shop.MaxPerOrder))),
	}
	o.Min = int(f.number(path+".min", label+".min", t.Min, 1, 1, int64(o.Max)))
	if t.TaxPercent != nil {
		o.Tax = f.percent(path+".tax_percent", label+".tax_percent", t.TaxPercent)
	}
	o.From, o.Until = f.window(path, label, t.SaleFrom, t.SaleUntil, scope)
	scope.shop.Offers = append(scope.shop.Offers, o)
}

// window reads when something is sold; what is left out is as the scope has it.
func (f *finder) window(path, label string, fromValue, untilValue any, scope saleScope) (from, until int64) {
	from, until = scope.from, scope.until
	whole := true
	if fromValue != nil {
		at, ok := f.instant(path+".sale_from", label+".sale_from", fromValue, scope.location)
		from, whole = at, whole && ok
	}
	if untilValue != nil {
		at, ok := f.instant(path+".sale_until", label+".sale_until", untilValue, scope.location)
		until, whole = at, whole && ok
	}
	if whole && until != 0 && from >= until { // 0: the event's end is blamed already
		name := ".sale_from"
		if fromValue == nil {
			name = ".sale_until"
		}
		f.blame(path+name, label+name, "the sale would end at %s and begin at %s",
			time.Unix(until, 0).In(scope.location).Format(time.RFC3339), time.Unix(from, 0).In(scope.location).Format(time.RFC3339))
	}
	return from, until
}

// amount reads an amount of money: 25, 25.50 or "25.50".
func (f *finder) amount(path, label string, value any, currency string) int64 {
	text, ok := decimal(value)
	if !ok {
		f.blame(path, label, `want an amount: 25, 25.50 or "25.50"`)
		return 0
	}
	if text == "" {
		return 0
	}
	minor, err := money.Parse(text, currency)
	switch {
	case err != nil:
		f.blame(path, label, "%v", err)
	case minor > maxPrice:
		f.blame(path, label, "%.30q is too much: want at most %s", text, money.Decimal(maxPrice, currency))
	default:
		return minor
	}
	return 0
}

// decimal gives a number as it was written; what was left out is "". A TOML float
// has no more digits than its shortest decimal form, so nothing is rounded.
func decimal(value any) (text string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, v != ""
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		if math.IsNaN(v) || math.Abs(v) > 1e12 {
			return "", false
		}
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// percent reads a tax in percent, up to two decimals, and gives basis points.
func (f *finder) percent(path, label string, value any) int64 {
	return f.percentTo(path, label, value, maxTaxPercent)
}

// percentTo is percent up to another bound, which has up to four digits.
func (f *finder) percentTo(path, label string, value any, most int64) int64 {
	text, ok := decimal(value)
	if ok && text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if ok && len(whole) <= 4 && len(part) <= 2 {
		points, err := strconv.ParseUint(whole+part+strings.Repeat("0", 2-len(part)), 10, 32)
		if err == nil && points <= uint64(most)*100 {
			return int64(points)
		}
	}
	f.blame(path, label, "want a percentage from 0 to %d with at most two decimals: 19 or 7.7", most)
	return 0
}

func (f *finder) methods(list []string) []string {
	if len(list) == 0 {
		return []string{MethodCard}
	}
	for i, m := range list {
		switch {
		case !slices.Contains(methods, m):
			f.blame(element("shop.methods", i), "shop.methods", "%.40q is no way to pay: want some of %s", m, strings.Join(methods, ", "))
		case slices.Index(list, m) < i:
			f.blame(element("shop.methods", i), "shop.methods", "%q stands in it twice", m)
		}
	}
	return list
}

func (f *finder) accessCode(path, label string, code *string) string {
	if code == nil {
		return ""
	}
	text := f.line(path, label, *code, maxAccessCode, true)
	if len(text) < minAccessCode {
		f.blame(path, label, "%q is soon guessed: want at least %d characters", text, minAccessCode)
	}
	return text
}

// webAddress checks a link that pages lead to.
func (f *finder) webAddress(path, label, text string) string {
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(text) > maxAddress || !printable(text, false)) {
		f.blame(path, label, "%.100q is no address of a page: want https://…", text)
	}
	return text
}

func (f *finder) email(path, label, text string) string {
	if text == "" {
		return ""
	}
	if a, err := mail.ParseAddress(text); err != nil || a.Address != text || len(text) > maxName {
		f.blame(path, label, "%.100q is no e-mail address", text)
	}
	return text
}

// geo reads a point: latitude and longitude.
func (f *finder) geo(list []any) *Geo {
	if list == nil {
		return nil
	}
	var degrees []float64
	for _, v := range list {
		switch v := v.(type) {
		case int64:
			degrees = append(degrees, float64(v))
		case float64:
			degrees = append(degrees, v)
		}
	}
	if len(list) != 2 || len(degrees) != 2 || !(math.Abs(degrees[0]) <= 90) || !(math.Abs(degrees[1]) <= 180) {
		f.blame("shop.geo", "shop.geo", "want latitude and longitude in degrees: [53.5446, 9.9680]")
		return nil
	}
	return &Geo{Lat: degrees[0], Lon: degrees[1]}
}
