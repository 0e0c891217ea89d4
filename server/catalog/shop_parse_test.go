package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"usher/sync/fault"
	"usher/sync/journal"
)

// Every field of a shop comes to where it belongs.
func TestWhatAShopSays(t *testing.T) {
	from, until := at("2026-06-01T08:00:00Z"), at("2026-07-04T20:00:00Z")
	want := &Shop{
		Event: event, Currency: "EUR", Text: "Ships and songs.", PictureText: "The quay at night",
		Address: "Große Elbstr. 9, 22767 Hamburg", Geo: &Geo{53.5446, 9}, Map: "https://maps.example/quay",
		Hold: 8, Extensions: 1, MaxPerOrder: 6, Fee: 200, FeeTax: 1900, Methods: []string{"invoice", "card"}, InvoiceDays: 7, EarlyTickets: true, Terms: "No way back.",
		Seller:    Seller{"Pier 7 GmbH", "Pier 7", "DE 1", "hello@pier7.example"},
		Bank:      Bank{Holder: "Pier 7 GmbH", IBAN: "DE89370400440532013000", BIC: "COBADEFF370", Name: "Quay Bank"},
		Returns:   Returns{On: true, Hours: 48, Keep: 250},
		Transfers: Transfers{Times: 2, Hours: 6, Named: true, Accept: 48},
		Resale: &Resale{
			Cap: 11250, Until: at("2026-07-04T19:00:00Z"), SellerRate: 500, SellerFee: 25, BuyerRate: 250, BuyerFee: 50, Tax: 700, WaitlistFirst: true, OfferMinutes: 20,
		},
		Pools: []Pool{
			{Code: "hall", Name: "Hall", Capacity: 400},
			{Code: "deck", Name: "Deck seats", Capacity: 5, Seats: []Seat{{"A-1", "A", "1"}, {"A-2", "A", "2"}, {"A-3", "A", "3"}, {"A-5", "A", "5"}, {"B-2", "B", "2"}}},
		},
		Offers: []Offer{
			{Code: "ga", Name: "General admission", Price: 2500, Tax: 1900, Pool: "hall", From: from, Until: until, Min: 1, Max: 6},
			{Code: "vip", Name: "VIP", Text: "With a seat.\nOn deck.", Price: 3950, Fee: 150, Tax: 770, Pool: "deck",
				From: at("2026-06-02T08:00:00Z"), Until: at("2026-06-30T22:00:00Z"), Min: 2, Max: 4, Access: "Friends", Names: true, Emails: true,
				Questions: []journal.Question{{Code: "diet", Text: "What do you eat?", Kind: "text"}}},
		},
	}
	got := parsed(t, shopFile(t))
	if !reflect.DeepEqual(got.Shop, want) {
		t.Errorf("the shop says\n%+v, want\n%+v", got.Shop, want)
	}
	if q := got.Products[1].Questions; len(q) != 1 || q[0].Code != "age" {
		t.Errorf("the gate asks %+v", q)
	}
}

func TestShopDefaults(t *testing.T) {
	got := parsed(t, edited(t,
		edit{"[[zone]]\ncode = \"floor\"", "[shop]\ncurrency = \"JPY\"\nseller.name = \"P\"\n[[pool]]\ncode = \"p\"\nname = \"P\"\ncapacity = 1\n[[zone]]\ncode = \"floor\""},
		edit{"name = \"VIP\"\n", "name = \"VIP\"\nprice = 0\n"}))
	want := &Shop{
		Event: event, Currency: "JPY", Hold: 10, MaxPerOrder: 10, Methods: []string{"card"}, InvoiceDays: 14, Seller: Seller{Name: "P"},
		Transfers: Transfers{Times: 3, Accept: 72},
		Pools:     []Pool{{Code: "p", Name: "P", Capacity: 1}},
		Offers:    []Offer{{Code: "vip", Name: "VIP", Pool: "p", Until: got.Ends, Min: 1, Max: 10}},
	}
	if !reflect.DeepEqual(got.Shop, want) {
		t.Errorf("the shop says\n%+v, want\n%+v", got.Shop, want)
	}
	if s := parsed(t, file); s.Shop != nil {
		t.Errorf("a file without a shop sells %+v", s.Shop)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]int64{
		`25`: 2500, `25.5`: 2550, `0.1`: 10, `0.29`: 29, `1.15`: 115, `"25,50"`: 2550, `"0"`: 0, `10_000_000`: 1_000_000_000, `4.35`: 435, `1_001.01`: 100101,
	} {
		if got := parsed(t, shopFile(t, edit{"price = 25\n", "price = " + text + "\n"})).Shop.Offers[0].Price; got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

// What is wrong with a sale is said, with its place and field.
func TestShopProblems(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`currency = "EUR"`, `currency = "EURO"`, `shop.currency: "EURO" is no currency`},
		{`currency = "EUR"`, ``, `shop.currency: "" is no currency`},
		{`picture = "quay.jpg"`, `picture = "../quay.jpg"`, `shop.picture: "../quay.jpg" is no file beside the event file`},
		{`picture = "quay.jpg"`, `picture = "/etc/passwd"`, `is no file beside`},
		{`picture_text = "The quay at night"`, ``, `shop.picture_text: say what the picture shows`},
		{`[53.5446, 9]`, `[91, 9]`, `shop.geo: want latitude and longitude`},
		{`[53.5446, 9]`, `[53, 9, 1]`, `shop.geo: want latitude and longitude`},
		{`[53.5446, 9]`, `[53, nan]`, `shop.geo: want latitude and longitude`},
		{`[53.5446, 9]`, `["53", 9]`, `shop.geo: want latitude and longitude`},
		{`https://maps.example/quay`, `javascript:alert(1)`, `shop.map: "javascript:alert(1)" is no address of a page`},
		{`https://maps.example/quay`, `http://maps.example/`, `shop.map`},
		{`https://maps.example/quay`, `https://u:p@maps.example/`, `shop.map`},
		{`sale_until = 2026-07-04T22:00:00`, `sale_until = 2026-06-01T10:00:00`, `shop.sale_from: the sale would end at 2026-06-01T10:00:00+02:00 and begin at 2026-06-01T10:00:00+02:00`},
		{`sale_until = 2026-07-01T00:00:00`, `sale_until = 2026-06-01T00:00:00`, `product vip.sale_from: the sale would end`},
		{`sale_from = 2026-06-02T10:00:00`, `sale_from = 2026-06-02`, `product vip.sale_from: 2026-06-02 has no time of day`},
		{`hold_minutes = 8`, `hold_minutes = 61`, `shop.hold_minutes: 61 is out of range: want 1 to 60`},
		{`extensions = 1`, `extensions = -1`, `shop.extensions: -1 is out of range`},
		{`max_per_order = 6`, `max_per_order = 101`, `shop.max_per_order: 101 is out of range`},
		{`fee = "2.00"`, `fee = -2`, `shop.fee: "-2" is no amount`},
		{`fee = "2.00"`, `fee = true`, `shop.fee: want an amount`},
		{`fee = "2.00"`, `fee = inf`, `shop.fee: want an amount`},
		{`price = 25`, `price = 25.001`, `product ga.price: "25.001" has 3 decimals, EUR has 2`},
		{`price = 25`, `price = 10000000.01`, `product ga.price: "10000000.01" is too much: want at most 10000000.00`},
		{`price = 25`, `price = "99999999999999"`, `product ga.price`},
		{`price = 25`, `price = ""`, `product ga.price: want an amount`},
		{`price = 25`, `max = 2`, `product ga.max: it has no price, so it is not sold`},
		{`tax_percent = 19`, `tax_percent = 100.01`, `shop.tax_percent: want a percentage from 0 to 100`},
		{`tax_percent = 7.7`, `tax_percent = 7.777`, `product vip.tax_percent: want a percentage`},
		{`tax_percent = 7.7`, `tax_percent = -1`, `product vip.tax_percent: want a percentage`},
		{`tax_percent = 7.7`, `tax_percent = "+1"`, `product vip.tax_percent: want a percentage`},
		{`["invoice", "card"]`, `["cash"]`, `shop.methods: "cash" is no way to pay: want some of card, invoice, box_office`},
		{`["invoice", "card"]`, `["card", "card"]`, `shop.methods: "card" stands in it twice`},
		{`invoice_days = 7`, `invoice_days = 0`, `shop.invoice_days: 0 is out of range`},
		{`name = "Pier 7 GmbH", `, ``, `shop.seller.name: it is needed`},
		{`"hello@pier7.example"`, `"Pier <hello@pier7.example>"`, `shop.seller.email`},
		{`de89 3704`, `de98 3704`, `shop.bank.iban: "de98 3704 0044 0532 0130 00" is no IBAN`},
		{`de89 3704 0044 0532 0130 00`, `89de 3704 0044 0532 0130 00`, `is no IBAN`},
		{`de89 3704 0044 0532 0130 00`, `DE89-3704-0044-0532-0130-00`, `is no IBAN`},
		{`iban = "de89 3704 0044 0532 0130 00", `, ``, `shop.bank: it says no account`},
		{`name = "Quay Bank"`, `account = "12-34"`, `shop.bank.account: there is an iban`},
		{`hours_before = 48`, `hours_before = 9000`, `shop.refund.hours_before`},
		{`keep = 2.50`, `keep = -1`, `shop.refund.keep`},
		{`keep = 2.50`, `keep = 1, keep_percent = 5`, `shop.refund.keep: there is keep_percent`},
		{`keep = 2.50`, `keep_percent = 100.01`, `shop.refund.keep_percent: want a percentage`},
		{`hours_before = 48`, `days = 2`, `shop.refund.days`},
		{`COBADEFF370`, `COBADEFFX`, `shop.bank.bic: "COBADEFFX" is no BIC`},
		{`COBADEFF370`, `C0BADEFF`, `is no BIC`},
		{"times = 2", "times = 0", "shop.transfer.times: 0 is out of range: want 1 to 100"},
		{"hours_before = 6", "hours_before = -1", "shop.transfer.hours_before: -1 is out of range: want 0 to 8784"},
		{"accept_hours = 48", "accept_hours = 721", "shop.transfer.accept_hours: 721 is out of range: want 1 to 720"},
		{"accept_hours = 48", "accept_days = 2", "accept_days"},
		{`cap_percent = 112.5`, `cap_percent = 1000.01`, `shop.resale.cap_percent: want a percentage from 0 to 1000`},
		{`until = 2026-07-04T21:00:00`, `until = 2027-07-04T21:00:00`, `shop.resale.until: it is after the event's end`},
		{`until = 2026-07-04T21:00:00`, `until = 2026-07-04`, `shop.resale.until: 2026-07-04 has no time of day`},
		{`seller_percent = 5`, `seller_percent = 101`, `shop.resale.seller_percent: want a percentage from 0 to 100`},
		{`buyer_fee = "0.50"`, `buyer_fee = 0.505`, `shop.resale.buyer_fee: "0.505" has 3 decimals`},
		{`offer_minutes = 20`, `offer_minutes = 4`, `shop.resale.offer_minutes: 4 is out of range: want 5 to 1440`},
		{`min = 2`, `min = 5`, `product vip.min: 5 is out of range: want 1 to 4`},
		{`max = 4`, `max = 7`, `product vip.max: 7 is out of range: want 1 to 6`},
		{`"Friends"`, `"abc"`, `product vip.access_code: "abc" is soon guessed`},
		{`asked = "checkout"`, `asked = "door"`, `product vip, question diet.asked: "door" is no place to ask: want gate or checkout`},
		{`pool = "deck"`, `pool = "roof"`, `product vip.pool: there is no pool "roof"; there are: hall, deck`},
		{`pool = "deck"`, ``, `product vip.pool: say which pool it is sold from; there are: hall, deck`},
		{`code = "deck"
name = "Deck seats"`, `code = "Hall"
name = "Deck seats"`, `pool Hall.code: there is a pool hall already`},
		{`capacity = 400`, ``, `pool hall.capacity: say how many places there are, or list the seats`},
		{`capacity = 400`, `capacity = 0`, `pool hall.capacity: 0 is out of range`},
		{`capacity = 400`, "capacity = 400\nseats = [\"C 1\"]", `pool hall.capacity: its seats say how many there are`},
		{`"B 2"`, `"A 3"`, `pool deck.seats: seat A-3 stands in it twice`},
		{`"B 2"`, `"a 3"`, `pool deck.seats: seat a-3 stands in it twice`},
		{`"B 2"`, `"B"`, `pool deck.seats: "B": want numbers from 1 to 9999`},
		{`"B 2"`, `"B 3-2"`, `want numbers from 1`},
		{`"B 2"`, `"B 1-99999999999999999999"`, `want numbers from 1`},
		{`"B 2"`, `"B 1-9999"`, `pool deck.seats: it has more than 5000 seats`},
		{`"B 2"`, `"Ö 2"`, `pool deck.seats: "Ö 2": want a row and its numbers`},
		{`capacity = 400`, `seats = ["a 9"]`, `pool hall has a row A already; a row stands in one pool only`},
	} {
		found := problems(t, shopFile(t, edit{c.old, c.new}))
		if len(found) == 0 || !strings.Contains(strings.Join(found, "\n"), c.want) {
			t.Errorf("%s → %s: %q, want %s", c.old, c.new, found, c.want)
		}
	}
	// Without a shop nothing may speak of a sale, and an empty shop is none.
	for want, text := range map[string]string{
		"product ga.price: there is no [shop] table":                     edited(t, sold...),
		"product vip, question diet.asked: there is no [shop] table":     edited(t, sold...),
		"pool: there is no [shop] table":                                 edited(t, edit{"[[zone]]\ncode = \"quay\"", "[[pool]]\ncode = \"p\"\n[[zone]]\ncode = \"quay\""}),
		"shop: it sells nothing: give at least one product a price (0 f": shopFile(t, edit{"price = 25\n", ""}, edit{"price = 39.50\n", ""}),
	} {
		if found := strings.Join(problems(t, text), "\n"); !strings.Contains(found, want) {
			t.Errorf("found\n%s\nwant %s", found, want)
		}
	}
}

// An account number with one digit changed, or two that stand side by side changed
// over, is never taken for another one.
func TestSlipsInAnIBAN(t *testing.T) {
	for _, good := range []string{"DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947", "MT84MALT011000012345MTLCAST001S"} {
		if !goodIBAN(good) {
			t.Errorf("%s is none", good)
		}
		if b := (Bank{IBAN: good}); strings.ReplaceAll(b.Shown(), " ", "") != good || len(strings.Fields(b.Shown())[0]) != 4 {
			t.Errorf("%s is shown as %s", good, b.Shown())
		}
		for i := 2; i < len(good); i++ {
			slip := []byte(good)
			slip[i] = '0' + (slip[i]-'0'+1)%10
			if slip[i] <= '9' && goodIBAN(string(slip)) {
				t.Errorf("%s is taken for %s", slip, good)
			}
			slip = []byte(good)
			slip[i-1], slip[i] = slip[i], slip[i-1]
			if string(slip) != good && goodIBAN(string(slip)) {
				t.Errorf("%s is taken for %s", slip, good)
			}
		}
	}
}

// A picture is one that browsers show, of a size that makes sense, and lies beside
// the file.
func TestPicture(t *testing.T) {
	whole := jpegOf(t, 400, 300)
	files := fstest.MapFS{"quay.jpg": {Data: whole}, "quay.png": {Data: pngOf(t, 200, 200)}, "small.png": {Data: pngOf(t, 400, 199)}, "wide.png": {Data: pngOf(t, 4097, 200)},
		"cut.jpg": {Data: whole[:len(whole)/2]}, "text.jpg": {Data: []byte("no picture")}, "big.jpg": {Data: make([]byte, maxPicture+1)}, "empty.jpg": {}, "folder/in.png": {Data: pngOf(t, 300, 300)}}
	for name, want := range map[string]string{
		"quay.jpg": "", "quay.png": "", "folder/in.png": "",
		"small.png": `"small.png" is 400 × 199 pixels, want each side from 200 to 4096`, "wide.png": `is 4097 × 200 pixels`, "cut.jpg": `"cut.jpg" is damaged`,
		"text.jpg": `is no picture that browsers show`, "empty.jpg": `is no picture`, "big.jpg": `has more than 2048 KiB`, "none.jpg": `can't be read`, "folder": "can't be read",
	} {
		spec := parsed(t, shopFile(t, edit{`"quay.jpg"`, fmt.Sprintf("%q", name)}))
		err := spec.ReadPicture(files)
		if want == "" {
			if err != nil || len(spec.Shop.Picture.Hash) != 64 || spec.Shop.Picture.Width < 200 {
				t.Errorf("%s: %v, %+v", name, err, spec.Shop.Picture)
			}
			continue
		}
		if !errors.Is(err, fault.BadInput) || !strings.Contains(fault.Message(err), want) || !strings.HasPrefix(fault.Message(err), "night.toml:") {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if err := parsed(t, file).ReadPicture(fs.FS(nil)); err != nil {
		t.Errorf("a file without a picture: %v", err)
	}
}

func TestAccessCodes(t *testing.T) {
	o := &Offer{Access: "Friends"}
	for code, want := range map[string]bool{"Friends": true, " friends ": true, "FRIENDS": true, "": false, "Friend": false, "Friendss": false} {
		if o.Opens(code) != want {
			t.Errorf("%q opens it: %v", code, !want)
		}
	}
	if !(&Offer{}).Opens("") || !(&Offer{}).Opens("x") {
		t.Error("what is for everybody is not shown")
	}
}
