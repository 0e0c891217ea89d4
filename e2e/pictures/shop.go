package main

import (
	"context"
	"path/filepath"

	"usher/cmd/usher/demo"
	"usher/e2e/browser"
)

// step is what a buyer does, and what is on the screen when it is done.
type step struct {
	do   string // a JavaScript expression
	then string // true when it is done
	name string // of the picture that is taken then; "" for none
}

// steps are a buyer's way from the event to the tickets.
var steps = []step{
	{`setTimeout(() => document.querySelector('a[href*="/seats/"]').click())`, `document.querySelector("main.seats") !== null`, ""},
	{`document.querySelectorAll('input[value="V-6"], input[value="V-7"]').forEach((seat) => seat.click())`, `document.getElementById("chosen").innerText.includes("V-7")`, "shop-seats"},
	{`setTimeout(() => document.querySelector(".take button").click())`, `document.querySelector("form.details") !== null`, ""},
	{`Object.entries({ name: "Ada Lovelace", email: "ada@example.org", "h.0.name": "Ada Lovelace", "h.1.name": "Charles Babbage" }).forEach(([id, text]) => { document.getElementById(id).value = text; })`,
		`document.getElementById("clock").innerText.includes("min")`, "shop-order"},
	{`(document.getElementById("terms").checked = true, setTimeout(() => document.querySelector(".details .wide").click()))`, `location.pathname.startsWith("/sandbox/")`, ""},
	{`setTimeout(() => document.querySelector(".go button").click())`, `document.querySelector(".tickets") !== null`, "shop-tickets"},
}

// drawShop takes pictures of buying, on a phone.
func drawShop(ctx context.Context, p demo.Place, dir string) error {
	phone, closePhone, err := browser.Open(ctx, browser.Config{Profile: filepath.Join(dir, "buyer"), Width: 390, Height: 780, Scale: 2})
	if err != nil {
		return err
	}
	defer closePhone()
	if err := phone.Go(p.Shop + "events/DEMO"); err != nil {
		return err
	}
	for _, s := range steps {
		if _, err := browser.Eval[bool](phone, "("+s.do+", true)"); err != nil {
			return err
		}
		if err := phone.Wait(s.then, patience); err != nil {
			return err
		}
		if s.name == "" {
			continue
		}
		if err := save(phone, s.name); err != nil {
			return err
		}
	}
	return nil
}
