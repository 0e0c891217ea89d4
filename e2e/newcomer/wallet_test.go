package newcomer

// buy takes two tickets from the list of events to the end of paying.
func (p *person) buy() {
	p.t.Helper()
	p.must(p.Go(p.shop))
	p.press("Harbour Nights")
	p.until(`document.getElementById("n-standing") !== null`)
	eval[bool](p, `(document.getElementById("n-standing").focus(), true)`)
	p.must(p.Keys("2"))
	p.pressed["Standing"] = true
	p.must(p.Click("#cart button"))
	p.says("Your details")
	p.fill("name", "Ada Lovelace")
	p.fill("email", "ada@example.org")
	p.must(p.Click("#terms"))
	p.press("Pay €")
	p.press("4242 4242 4242 4242")
	p.press("Pay €")
	p.says("Your tickets are ready")
	p.says("2 × Standing")
}

// opens opens the first ticket of the wallet that stands so.
func (p *person) opens(standing string) {
	p.t.Helper()
	p.until(`document.body?.dataset.ready === "yes"`)
	p.press(standing)
	p.says("All tickets")
}

// makeLive makes the ticket that is open live, and waits until all is on the phone.
func (p *person) makeLive() {
	p.t.Helper()
	p.press("Make it live on this phone")
	p.press("Yes, on this phone")
	p.says("the code is new every 15 seconds")
	p.until(`navigator.serviceWorker.controller !== null`)
}

// code shows the code of the ticket that is open, and takes a picture of it.
func (p *person) code(name string) screenshot {
	p.t.Helper()
	p.press("Show the code")
	shot := p.shown(name)
	p.press("Hide")
	return shot
}
