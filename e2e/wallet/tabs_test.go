package wallet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/server/sales"
)

// holds has the page's answers of tickets wait from now on, each with what it said then.
const holds = `(window.reached ??= fetch, window.held = [], window.fetch = async (at, ...how) => {
	const answer = await reached(at, ...how);
	if (!at.endsWith("tickets.json")) return answer;
	const said = await answer.json();
	return { status: answer.status, ok: answer.ok, json: () => new Promise((done) => held.push(() => done(said))) };
}, dispatchEvent(new Event("online")), true)`

// late lets the answers that were held come, and waits until the page has made of them what it makes.
func (p *phone) late() {
	p.t.Helper()
	eval[bool](p, `import("/wallet/app/store.js").then(async ({ forget, keep }) => {
		window.fetch = reached;
		for (const come of held) come();
		for (let i = 0; i < 4; i++) await keep("probe", i); // each after what was to be kept by then
		await forget("probe");
		return true;
	})`)
}

// What the server said before something changed, and comes after it, changes nothing: a
// ticket that was made live stays it, and tickets that were taken off the phone are off.
func TestLateAnswers(t *testing.T) {
	path, _ := buy(t, night, "lea@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	eval[bool](p, holds)
	p.must(p.Wait(`held.length === 1`, patience))
	p.makeLive()
	p.late()
	p.says("new every 15 seconds")

	p.visit("/wallet")
	p.ready()
	eval[bool](p, holds)
	p.must(p.Wait(`held.length === 1`, patience))
	eval[bool](p, `(history.back(), true)`)
	p.press("Take them off this phone")
	p.press("Yes, take them off")
	p.must(p.Wait(`!document.getElementById("sign").hidden`, patience))
	p.late()
	if back := eval[bool](p, `import("/wallet/app/store.js").then(({ load }) => load("tickets")).then((kept) => kept !== undefined || !document.getElementById("app").hidden)`); back {
		t.Error("the tickets are on the phone again")
	}
}

// A ticket that another tab of this browser made live is live in this one, too.
func TestMadeLiveInAnotherTab(t *testing.T) {
	path, tickets := buy(t, night, "tess@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	p.must(p.Click(".card"))
	p.says("Make it live on this phone")
	eval[bool](p, fmt.Sprintf(`import("/wallet/app/agent.js").then(({ bind }) => bind({ event: %q, id: %q, generation: %d }, false)).then(() => dispatchEvent(new Event("online")))`,
		night, tickets[0].ID.String(), tickets[0].Generation)) // the page knows nothing of it
	p.must(p.Wait(`!document.body.innerText.includes("Make it live on this phone")`, patience))
	p.says("new every 15 seconds")
}

// Where a browser keeps nothing for the page the tickets are there for as long as it is
// open, and none is bound to a key that would be lost. Where it took its store away
// meanwhile, as phones do, the page opens it again.
func TestBrowserThatKeepsNothing(t *testing.T) {
	for name, broken := range map[string]string{
		"no store": `indexedDB.open = () => { throw new DOMException("not here", "SecurityError"); };`,
		"full":     `IDBObjectStore.prototype.put = () => { throw new DOMException("it is full", "QuotaExceededError"); };`,
	} {
		t.Run(name, func(t *testing.T) {
			path, tickets := buy(t, night, "nora@example.org", sales.Wanted{Offer: "ga", Count: 1})
			p := newPhone(t, 360, 740)
			p.must(p.Before(broken))
			p.keepOrder(path)
			p.must(p.Click(".card"))
			if eval[bool](p, `document.body.innerText.includes("Make it live") || document.body.innerText.includes("No network")`) {
				t.Errorf("the page says\n%s", eval[string](p, "document.body.innerText"))
			}
			p.press("Show the code")
			if code := p.code(); code != tickets[0].Token {
				t.Errorf("the page shows %.20s", code)
			}
		})
	}
	path, _ := buy(t, night, "nora@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	eval[bool](p, `(() => {
		const { transaction } = IDBDatabase.prototype, gone = new WeakSet();
		let first = null;
		IDBDatabase.prototype.transaction = function (...how) {
			first ??= this;
			if (this === first) throw new DOMException("the connection is closing", "InvalidStateError");
			return transaction.apply(this, how);
		};
		return true;
	})()`)
	p.makeLive()
}

// A phone's clock that was set back while the page was open, and that the server's answer
// has put right since, isn't put right twice.
func TestClockSetBack(t *testing.T) {
	p := newPhone(t, 360, 740)
	p.must(p.Before(`const right = Date.now.bind(Date); window.behind = 0; Date.now = () => right() - behind;`))
	p.visit("/wallet/words.json")
	if off := eval[float64](p, `import("/wallet/app/clock.js").then(async ({ now, set }) => {
		const server = () => Date.now() + behind;
		now();
		behind = 600_000;
		await set(server(), 0);
		return Math.abs(now() - server());
	})`); off > 5000 {
		t.Errorf("the page's clock is %.0f s wrong", off/1000)
	}
}

// Pressed twice by an impatient hand, an offer is taken back once, and nothing is said to
// have failed. A form that was closed while the server was asked says what came of it, and
// leaves another one alone.
func TestImpatientHands(t *testing.T) {
	path, _ := buy(t, night, "ines@example.org", sales.Wanted{Offer: "ga", Count: 2})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	p.must(p.Click(".card"))
	p.press("Give it to somebody")
	eval[bool](p, `(window.reached = fetch, window.held = [], window.fetch = async (at, ...how) => {
		const answer = await reached(at, ...how);
		if (at.endsWith("offer")) await new Promise((done) => held.push(done));
		return answer;
	}, true)`)
	p.press("Give it away")
	p.must(p.Wait(`held.length === 1`, patience))
	p.press("No")
	eval[bool](p, `(window.fetch = reached, history.back(), true)`)
	p.must(p.Wait(`document.querySelectorAll(".card").length === 2`, patience))
	p.must(p.Click(".card:last-child, li:last-child .card"))
	p.press("Give it to somebody")
	eval[bool](p, `(held[0](), new Promise((done) => setTimeout(done)).then(() => true))`)
	p.must(p.Wait(`document.getElementById("said").textContent.includes("A mail with the link went to ines@example.org")`, patience))
	if !eval[bool](p, `document.getElementById("give").open`) {
		t.Error("the form that is open by now was closed")
	}
	p.press("No")
	eval[bool](p, `(history.back(), true)`)
	p.must(p.Wait(`document.querySelectorAll(".card").length === 2`, patience))
	p.must(p.Click(".card"))
	p.says("Take the offer back")
	eval[bool](p, `(() => { const back = [...document.querySelectorAll("main button")].find((b) => b.innerText === "Take the offer back"); back.click(); back.click(); return true; })()`)
	p.says("Give it to somebody")
	if why := eval[string](p, `document.querySelector(".problem")?.innerText ?? ""`); why != "" {
		t.Errorf("the page says %q", why)
	}
}

// A page that is drawn anew leaves the focus where it was, and what was opened open.
func TestDrawnAnew(t *testing.T) {
	path, _ := buy(t, night, "dora@example.org", sales.Wanted{Offer: "ga", Count: 2})
	p := newPhone(t, 360, 740)
	p.keepOrder(path)
	cut := func() {
		world.way.Cut()
		defer world.way.Mend()
		eval[bool](p, `(dispatchEvent(new Event("online")), true)`)
		p.says("No network")
	}
	eval[bool](p, `(document.querySelectorAll(".card")[1].focus(), true)`)
	cut()
	if !eval[bool](p, `document.activeElement === document.querySelectorAll(".card")[1]`) {
		t.Errorf("the focus is on %s", eval[string](p, "document.activeElement.outerHTML.slice(0, 100)"))
	}
	p.must(p.Click(".card"))
	p.press("All tickets")
	p.must(p.Wait(`document.querySelectorAll(".card").length === 2 && document.activeElement === document.querySelector("h1")`, patience))
	p.press("See all your tickets")
	p.must(p.Wait(`document.activeElement.id === "email"`, patience))
	eval[bool](p, `(history.back(), true)`)
	p.must(p.Wait(`location.pathname === "/wallet" && document.getElementById("sign").hidden`, patience))

	p.must(p.Click(".card"))
	p.press("Show the code")
	p.must(p.Wait(`document.querySelector("#code canvas")?.width > 40`, patience))
	p.must(p.Size(740, 360))
	p.must(p.Wait(`innerWidth === 740 && document.querySelector("#code canvas").clientWidth <= document.querySelector("#code .canvas").clientWidth`, patience))
}

// Pressed twice by an impatient hand, a mailed link opens the tickets still, and tickets that
// somebody gives are accepted.
func TestEnteringWithTwoTaps(t *testing.T) {
	buy(t, night, "tom@example.org", sales.Wanted{Offer: "ga", Count: 1})
	link, err := world.server.Accounts.Link(t.Context(), "tom@example.org", "en")
	p := newPhone(t, 360, 740)
	p.must(err)
	p.must(p.Go(link))
	twice := func(button string) {
		t.Helper()
		world.way.slow.Store(int64(time.Second)) // longer than between two taps
		defer world.way.slow.Store(0)
		eval[bool](p, `(() => { const go = document.querySelector("`+button+`"); go.click(); setTimeout(() => go.click(), 150); return true; })()`)
		p.must(p.Wait(`document.querySelector("`+button+`") === null && document.readyState === "complete"`, patience))
	}
	twice(`[action^='/wallet/enter'] button`)
	p.ready()
	p.says("Tickets of tom@example.org")

	p.must(p.Click(".card"))
	p.press("Give it to somebody")
	p.press("Give it away")
	p.says("A mail with the link went to tom@example.org")
	p.must(p.Go(p.mailed("tom@example.org", "Hand this on", offerLink)))
	p.fill("name", "Hugo Holder")
	p.fill("email", "hugo@example.org")
	twice(`[action^='/transfer/'] button`)
	p.says("Look in your mail")
}

// A page that couldn't get its words says those that the server drew it with.
func TestWithoutWords(t *testing.T) {
	p := newPhone(t, 360, 740)
	p.must(p.Before(`const reached = fetch; window.fetch = (at, ...how) => String(at).endsWith("words.json") ? Promise.reject(new TypeError("the line is bad")) : reached(at, ...how);`))
	p.visit("/wallet")
	p.ready()
	if text := eval[string](p, "document.body.innerText"); strings.Contains(text, "wallet.") {
		t.Errorf("the page says\n%s", text)
	}
}
