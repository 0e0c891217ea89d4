package catalog

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
	"testing/fstest"
)

// shopText is a shop in which every member says something.
const shopPart = `
[shop]
currency = "EUR"
text = "Ships and songs."
picture = "quay.jpg"
picture_text = "The quay at night"
address = "Große Elbstr. 9, 22767 Hamburg"
geo = [53.5446, 9]
map = "https://maps.example/quay"
sale_from = 2026-06-01T10:00:00
sale_until = 2026-07-04T22:00:00
hold_minutes = 8
extensions = 1
max_per_order = 6
fee = "2.00"
tax_percent = 19
methods = ["invoice", "card"]
invoice_days = 7
tickets_before_payment = true
terms = "No way back."
seller = { name = "Pier 7 GmbH", address = "Pier 7", tax_id = "DE 1", email = "hello@pier7.example" }
bank = { iban = "de89 3704 0044 0532 0130 00", bic = "COBADEFF370", name = "Quay Bank" }
refund = { hours_before = 48, keep = 2.50 }

[shop.transfer]
times = 2
hours_before = 6
named = true
accept_hours = 48

[shop.resale]
cap_percent = 112.5
until = 2026-07-04T21:00:00
seller_percent = 5
seller_fee = 0.25
buyer_percent = 2.5
buyer_fee = "0.50"
tax_percent = 7
waitlist_first = true
offer_minutes = 20

[[pool]]
code = "hall"
name = "Hall"
capacity = 400

[[pool]]
code = "deck"
name = "Deck seats"
seats = ["A 1-3, 5", "B 2"]
`

// sold are the sales of the products of file.
var sold = []edit{
	{"name = \"General admission\"\n", "name = \"General admission\"\nprice = 25\npool = \"hall\"\n"},
	{"name = \"VIP\"\n", `name = "VIP"
price = 39.50
fee = "1.5"
tax_percent = 7.7
pool = "deck"
sale_from = 2026-06-02T10:00:00
sale_until = 2026-07-01T00:00:00
min = 2
max = 4
access_code = "Friends"
names = true
emails = true
description = """
With a seat.
On deck."""
question = [{ code = "diet", text = "What do you eat?", asked = "checkout" }, { code = "age", text = "How old?", asked = "gate" }]
`},
}

// shopFile is the event file with a shop, and edits of it.
func shopFile(t testing.TB, edits ...edit) string {
	t.Helper()
	all := append([]edit{{"[[zone]]\ncode = \"floor\"", shopPart + "\n[[zone]]\ncode = \"floor\""}}, sold...)
	return edited(t, append(all, edits...)...)
}

// shopSpec is the shop as a file with a picture says it.
func shopSpec(t testing.TB, edits ...edit) *Spec {
	t.Helper()
	spec := parsed(t, shopFile(t, edits...))
	if err := spec.ReadPicture(fstest.MapFS{"quay.jpg": {Data: jpegOf(t, 400, 300)}}); err != nil {
		t.Fatal(err)
	}
	return spec
}

func drawn(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		img.Set(x, height/2, color.RGBA{uint8(x), 90, 120, 255})
	}
	return img
}

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, drawn(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, drawn(width, height)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
