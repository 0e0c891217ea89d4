package wallet

import (
	"fmt"
	"testing"
	"time"

	"usher/server/accounts"
	"usher/server/sales"
)

// Every page is good for everybody: bright and dark, on a small phone and a large screen
// nothing is wrong for axe-core, and in none of four languages anything sticks out.
func TestPagesAreGood(t *testing.T) {
	for _, c := range []struct {
		language, scheme            string
		width, height               int
		show, live, yes, hide, back string
	}{
		{"en", "light", 360, 740, "Show the code", "Make it live", "Yes, on this phone", "Hide", "All tickets"},
		{"de", "dark", 1280, 800, "Code zeigen", "Live auf dieses Telefon holen", "Ja, auf diesem Telefon", "Verbergen", "Alle Tickets"},
		{"fr", "dark", 360, 640, "Montrer le code", "L’activer sur ce téléphone", "Oui, sur ce téléphone", "Cacher", "Tous les billets"},
		{"es", "light", 320, 568, "Mostrar el código", "Activarla en este teléfono", "Sí, en este teléfono", "Ocultar", "Todas las entradas"},
	} {
		t.Run(c.language, func(t *testing.T) {
			path, _ := buy(t, night, "pages@example.org", sales.Wanted{Offer: "seat", Count: 1})
			p := newPhone(t, c.width, c.height)
			clean := p.fits
			if c.language == "en" || c.language == "de" {
				clean = p.clean // the others are made of the same, and axe-core takes its time
			}
			p.must(p.Prefer("prefers-color-scheme", c.scheme))
			p.must(p.Before(fmt.Sprintf(`Object.defineProperty(navigator, "languages", { get: () => [%q] });`, c.language)))
			p.visit("/wallet")
			p.ready()
			clean()
			p.keepOrder(path)
			clean()
			p.must(p.Click(".card"))
			p.must(p.Wait(`document.querySelector("main.ticket") !== null`, patience))
			clean()
			p.press(c.show)
			p.code()
			clean()
			p.press(c.hide)
			p.press(c.live)
			clean()
			p.press(c.yes)
			p.must(p.Wait(fmt.Sprintf(`!document.querySelector("dialog[open]") && ![...document.querySelectorAll("main button")].some((b) => b.innerText.includes(%q))`, c.live), patience))
			clean()
			p.press(c.show)
			p.code()
			clean()
			if lang := eval[string](p, `document.documentElement.lang`); lang != c.language {
				t.Errorf("the page says that it is in %q", lang)
			}
			p.press(c.hide)
			p.press(c.back)
			p.must(p.Wait(`document.querySelector("main.list .state.live") !== null`, patience))
		})
	}
}

// Nobody reads a code that its holder doesn't hold up, the screen stays on while they
// do, and no other host hears of any of it.
func TestNothingLeaks(t *testing.T) {
	path, tickets := buy(t, night, "fay@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.must(p.Before(`window.locks = [];
		Object.defineProperty(navigator, "wakeLock", { value: { request: (what) => new Promise((done) => {
			window.locks.push(what);
			window.grant = () => done({ addEventListener() {}, release: async () => { window.locks.push("released"); } });
		}) } });`))
	p.keepOrder(path)
	if eval[bool](p, `document.querySelector("canvas") !== null`) {
		t.Error("a code is in sight that nobody tapped for")
	}
	p.must(p.Click(".card"))
	if eval[bool](p, fmt.Sprintf(`document.documentElement.innerHTML.includes(%q) || document.documentElement.innerHTML.includes(%q)`, tickets[0].ID.Short(), tickets[0].Token)) {
		t.Error("the code is in the page before somebody taps for it")
	}
	p.press("Show the code")
	p.code()
	p.says("Turn the brightness up")
	p.must(p.Wait(`window.locks.join() === "screen"`, patience))
	p.press("Hide") // before the browser has granted it, which then comes too late
	eval[bool](p, `(window.grant(), true)`)
	p.must(p.Wait(`window.locks.join() === "screen,released"`, patience))
	p.press("Show the code")
	p.code()
	p.must(p.Wait(`window.locks.join() === "screen,released,screen"`, patience))
	eval[bool](p, `(window.grant(), true)`)
	eval[bool](p, `(document.querySelector("dialog#code").addEventListener("close", () => { document.body.dataset.late = "yes"; }, { once: true }), true)`)
	eval[bool](p, `(["Hide", "Show the code"].forEach((what) => [...document.querySelectorAll("button")].find((b) => b.textContent === what).click()), true)`)
	p.must(p.Wait(`document.body.dataset.late === "yes"`, patience)) // that it was closed is said late, when the next is in sight
	p.code()
	p.must(p.Wait(`window.locks.join() === "screen,released,screen,screen,released"`, patience))
	eval[bool](p, `(window.grant(), true)`)
	if colour := eval[string](p, `getComputedStyle(document.querySelector("dialog#code")).backgroundColor`); colour != "rgb(255, 255, 255)" {
		t.Errorf("behind the code it is %s", colour)
	}
	eval[bool](p, `(Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true }), document.dispatchEvent(new Event("visibilitychange")), true)`)
	p.must(p.Wait(`!document.querySelector("dialog#code").open && document.querySelector("canvas") === null && window.locks.join() === "screen,released,screen,screen,released,released"`, patience))

	at := eval[[]string](p, `[location.href, document.referrer, ...performance.getEntriesByType("resource").map((e) => e.name)]`)
	for _, address := range at[2:] {
		if len(address) < len(world.url) || address[:len(world.url)] != world.url {
			t.Errorf("the page asked %s for something", address)
		}
	}
	if at[0] != world.url+"/wallet" || at[1] != "" {
		t.Errorf("the page is at %s and came from %q", at[0], at[1])
	}
}

// The key can't be taken out of the browser, and is the same after a reload.
func TestKeyStays(t *testing.T) {
	path, _ := buy(t, night, "gil@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	p.makeLive()
	const look = `import("/wallet/app/key.js").then(({ phoneKey }) => phoneKey()).then(async (key) => {
		const out = await Promise.allSettled(["jwk", "pkcs8"].map((form) => crypto.subtle.exportKey(form, key.private)));
		return key.public + " " + key.private.extractable + " " + out.map((o) => o.status).join();
	})`
	before := eval[string](p, look)
	p.visit("/wallet")
	p.ready()
	if after := eval[string](p, look); after != before || after[43:] != " false rejected,rejected" {
		t.Errorf("the key was %q and is %q", before, after)
	}
}

// The browser itself has nothing against installing the page.
func TestInstallable(t *testing.T) {
	tab, back, err := world.browser.Lend(360, 740) // a new profile is like a private window, in which nothing is installed
	if err != nil {
		t.Fatal(err)
	}
	defer back()
	p := &phone{tab, t}
	p.visit("/wallet")
	p.ready()
	if why, err := p.Uninstallable(); err != nil || len(why) != 0 {
		t.Errorf("it isn't for %q, %v", why, err)
	}
}

// A session that is ended elsewhere takes the tickets off the phone as soon as it sees
// the server; the same person can end it from the phone too.
func TestSignedOutElsewhere(t *testing.T) {
	buy(t, night, "hal@example.org", sales.Wanted{Offer: "ga", Count: 1})
	ctx, a := t.Context(), world.server.Accounts
	enter := func(p *phone) {
		p.visit("/wallet")
		p.must(p.Click("#email"))
		p.must(p.Keys("hal@example.org"))
		p.press("Send me a link")
		p.says("Look in your mail")
		p.enter("hal@example.org", "link to your tickets")
	}
	p := newPhone(t, 360, 740)
	enter(p)
	p.must(p.Click(".foot summary"))
	p.says("This browser")
	p.clean()
	list, err := a.Sessions(ctx, accounts.Session{Email: "hal@example.org"})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d sessions, %v", len(list), err)
	}
	p.must(a.End(ctx, list[0], list[0].ID))
	eval[bool](p, `(dispatchEvent(new Event("online")), true)`)
	p.must(p.Wait(`!document.getElementById("sign").hidden && document.getElementById("app").hidden`, patience))
	if kept := eval[bool](p, `import("/wallet/app/store.js").then(({ load }) => load("tickets")).then((kept) => kept === undefined)`); !kept {
		t.Error("the tickets are on the phone still")
	}

	pass(2 * time.Second) // another mail than the one before
	enter(p)
	eval[bool](p, `(window.reached = fetch, window.fetch = async () => Response.json({ type: "unavailable", status: 503 }, { status: 503 }), true)`)
	p.press("Take them off this phone")
	p.press("Yes, take them off")
	p.says("The server can’t do that at the moment")
	eval[bool](p, `(window.fetch = reached, true)`)
	world.way.Cut()
	defer world.way.Mend()
	p.press("Take them off this phone")
	p.press("Yes, take them off")
	p.says("This needs a network once")
	world.way.Mend()
	p.press("Take them off this phone")
	p.press("Yes, take them off")
	p.must(p.Wait(`!document.getElementById("sign").hidden`, patience))
	if gone := eval[bool](p, `import("/wallet/app/store.js").then(({ load }) => Promise.all([load("tickets"), load("key")])).then((all) => all.every((kept) => kept === undefined))`); !gone {
		t.Error("tickets or key are on the phone still")
	}
	if list, err := a.Sessions(ctx, accounts.Session{Email: "hal@example.org"}); err != nil || len(list) != 0 {
		t.Errorf("%d sessions are left, %v", len(list), err)
	}
}

// A browser that lets its cookie go, as all do some months after they saw the server last,
// has the tickets still and says that it knows nothing newer. One that would forget them in
// a week says how it wouldn't.
func TestCookieLetGo(t *testing.T) {
	path, tickets := buy(t, night, "ira@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.must(p.Before(`Object.defineProperty(navigator, "standalone", { value: false });`)) // Safari, and not from the home screen
	p.keepOrder(path)
	p.says("Safari forgets a page")
	eval[bool](p, `fetch("/wallet/end", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"id":""}' }).then((answer) => answer.ok)`) // which takes the cookie away, and nothing else
	p.visit("/wallet")
	p.ready()
	p.says("You are signed out here")
	p.fits()
	p.must(p.Click(".card"))
	p.press("Show the code")
	p.must(p.Wait(`performance.getEntriesByName(location.origin + "/wallet/tickets.json").length > 1`, patience)) // showing it asks the server once more
	if code := p.code(); code != tickets[0].Token {
		t.Errorf("the page shows %.20s", code)
	}
	p.press("Hide")
	p.press("Sign in again")
	p.must(p.Wait(`document.activeElement.id === "email"`, patience))
}

// BenchmarkLiveCode is what a phone does for each new code: sign, encode and draw it;
// of that the signature alone; and from the tick until the code is painted, the wait for
// the next frame of the screen with it.
func BenchmarkLiveCode(b *testing.B) {
	tab, closed, err := world.browser.Tab(360, 740)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(closed)
	p := &phone{tab, b}
	p.visit("/wallet/words.json")
	eval[bool](p, `Promise.all(["code", "qr", "cose"].map((name) => import("/wallet/app/" + name + ".js"))).then(async ([code, qr, cose]) => {
		const key = await crypto.subtle.generateKey("Ed25519", false, ["sign"]);
		const canvas = document.createElement("canvas"), ticket = crypto.getRandomValues(new Uint8Array(170));
		document.body.append(canvas);
		window.whole = async (n) => { const t = performance.now(); for (let i = 0; i < n; i++) qr.drawCode(canvas, await code.present(ticket, key.privateKey, 1800000000 + i)); return performance.now() - t; };
		window.alone = async (n) => { const t = performance.now(); for (let i = 0; i < n; i++) await cose.sign(key.privateKey, "usher-proof-v1", ticket); return performance.now() - t; };
		const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0))); // a task after the paint
		window.painted = async (n) => {
			const all = [];
			for (let i = 0; i < n; i++) {
				const t = performance.now();
				qr.drawCode(canvas, await code.present(ticket, key.privateKey, 1900000000 + i));
				await frame();
				all.push(performance.now() - t);
			}
			return all.sort((a, b) => a - b)[n >> 1];
		};
		await whole(20);
		return true;
	})`)
	b.ResetTimer()
	ms := eval[float64](p, fmt.Sprintf("whole(%d)", b.N))
	b.ReportMetric(ms/float64(b.N), "ms/code")
	b.ReportMetric(eval[float64](p, "alone(200)")/200, "ms/signature")
	b.ReportMetric(eval[float64](p, "painted(50)"), "ms-to-painted")
}
