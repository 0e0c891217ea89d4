package wallet

import (
	"fmt"
	"testing"

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
