package wallet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"usher/gate/door"
	"usher/gate/turnstile"
	"usher/server/sales"
	"usher/sync/admission"
)

// asks has a lane of the night's gate ask for a number, and gives its digits.
func asks(t *testing.T, lane string) string {
	t.Helper()
	return posted[turnstile.Number](t, "/api/challenge", "application/json", fmt.Appendf(nil, `{"lane":%q,"on":true}`, lane)).Digits
}

// shown has what is on a phone's screen judged at a lane of the night's gate, as a picture.
func shown(t *testing.T, shot []byte, lane string) door.Answer {
	t.Helper()
	return posted[door.Answer](t, "/api/picture?"+url.Values{"lane": {lane}, "direction": {"in"}}.Encode(), "image/png", shot)
}

func posted[T any](t *testing.T, path, kind string, body []byte) (v T) {
	t.Helper()
	answer, err := http.Post(world.gates[night].door.URL()+path, kind, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&v); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, answer.Status, err)
	}
	return v
}

// answers types a number under the code in sight.
func (p *phone) answers(digits string) {
	p.t.Helper()
	p.press("The door asks for a number")
	p.must(p.Wait(`document.activeElement.id === "door-number"`, patience))
	p.must(p.Keys(digits))
	p.press("Show the code that answers")
	p.says("Answers the number " + digits[:3] + "\u00a0" + digits[3:])
	p.must(p.Wait(fmt.Sprintf(`document.querySelector("#code canvas").dataset.number === String(Number(%q))`, digits), patience))
}

// shot is a picture of the code in sight.
func (p *phone) shot() []byte {
	p.t.Helper()
	p.must(p.Wait(`document.querySelector("dialog#code canvas")?.width > 40`, patience))
	b, err := p.Picture()
	p.must(err)
	return b
}

// A ticket is in, and two claim it. The door asks for a number; a picture of the code from
// before doesn't answer it, the phone that it is typed on does, with its network off. For
// two minutes its codes answer, or until it is told to answer no more.
func TestTheDoorAsksForANumber(t *testing.T) {
	path, _ := buy(t, night, "vera@example.org", sales.Wanted{Offer: "ga", Count: 1})
	p := newPhone(t, 360, 740)
	late := time.Duration(world.ahead.Load())
	p.must(p.Before(fmt.Sprintf(`const right = Date.now.bind(Date); window.ahead = %d; Date.now = () => right() + window.ahead;`, late.Milliseconds())))
	p.keepOrder(path)
	p.makeLive()
	p.must(p.Wait(`navigator.serviceWorker.controller !== null`, patience))
	if err := world.gates[night].door.Sync(); err != nil {
		t.Fatal(err)
	}
	world.way.Cut()
	defer world.way.Mend()
	p.visit("/wallet")
	p.ready()
	p.says("No network")
	p.press("Show the code")
	before := p.shot()
	if a := shown(t, before, "first"); !a.Green() {
		t.Fatalf("the gate says %s %s", a.Result, a.Reason)
	}

	asks(t, "door")
	if a := shown(t, before, "door"); a.Challenge != admission.NoNumber || a.Reason != admission.StaleCode || !a.Look || a.Seq != 0 {
		t.Errorf("a picture from before: %s %s, %q, record %d", a.Result, a.Reason, a.Challenge, a.Seq)
	}
	number := asks(t, "door")
	p.answers(number)
	answering := p.shot()
	if a := shown(t, answering, "door"); a.Challenge != admission.Answered || a.Reason != admission.AlreadyUsed || !a.Look || a.Seq != 0 ||
		a.Display.Word != "ALREADY IN" || a.Display.Why != "This phone answered the number: it holds the ticket." {
		t.Errorf("the phone: %s %s, %q, record %d, shown as %+v", a.Result, a.Reason, a.Challenge, a.Seq, a.Display)
	}
	asks(t, "door") // of somebody else's number the picture knows nothing
	if a := shown(t, answering, "door"); a.Challenge != admission.OtherNumber {
		t.Errorf("another number: %s %s, %q", a.Result, a.Reason, a.Challenge)
	}

	quiet := `document.querySelector("#code canvas").dataset.number === "" && !document.getElementById("code").innerText.includes("Answers")`
	eval[bool](p, `(window.ahead += 119_000, true)`)
	p.must(p.Wait(fmt.Sprintf(`document.querySelector("#code canvas").dataset.turn !== "" && document.querySelector("#code canvas").dataset.number === String(Number(%q))`, number), patience))
	eval[bool](p, `(window.ahead += 1_000, true)`)
	p.must(p.Wait(quiet, patience))
	p.answers("000007")
	p.press("Answer no more")
	p.must(p.Wait(quiet, patience))
	if at := eval[string](p, `document.activeElement.textContent`); at != "The door asks for a number" {
		t.Errorf("the focus is on %q", at)
	}
	p.answers("000007")
	p.press("Hide")
	p.must(p.Wait(`!document.getElementById("code").open`, patience))
	p.press("Show the code")
	p.must(p.Wait(`document.querySelector("#code canvas")?.dataset.turn !== undefined`, patience))
	p.must(p.Wait(quiet, patience)) // what was typed goes with the code
}

// The form takes six digits and nothing else, hides the code while they are typed, and is
// fit for a thumb and for axe-core in every language.
func TestTypingANumber(t *testing.T) {
	path, _ := buy(t, night, "wim@example.org", sales.Wanted{Offer: "seat", Count: 1})
	p := newPhone(t, 360, 640)
	p.keepOrder(path)
	p.makeLive()
	for _, language := range append(slices.Clone(others), "en") {
		p.must(p.Speak(language))
		p.visit("/wallet")
		p.ready()
		p.must(p.Click(".act .first .button"))
		p.must(p.Wait(`document.querySelector("#code .answers button") !== null && document.querySelector("#code canvas").dataset.turn !== undefined`, patience))
		p.look(language + "-number-before")
		p.whole()
		p.must(p.Click("#code .answers button"))
		if eval[bool](p, `document.querySelector("#code canvas").checkVisibility({ visibilityProperty: true })`) {
			t.Error("the code is in sight while the number is typed")
		}
		for _, text := range []string{"", "12345", "1234567", "12345a", "-12345", "１２３４５６"} {
			eval[bool](p, fmt.Sprintf(`(document.getElementById("door-number").value = %q, document.querySelector("#code form").requestSubmit(), true)`, text))
			if !eval[bool](p, `document.getElementById("door-number").ariaInvalid === "true" && document.getElementById("door-number-wrong").checkVisibility()`) {
				t.Errorf("%s: %q is taken", language, text)
			}
		}
		p.look(language + "-number")
		p.whole()
		eval[bool](p, `(document.getElementById("door-number").value = "482 913", document.querySelector("#code form").requestSubmit(), true)`)
		p.must(p.Wait(`document.querySelector("#code canvas").dataset.number === "482913" && document.querySelector("#code .answers").innerText.includes("482\u00a0913")`, patience))
		p.look(language + "-number-answers")
		p.whole()
	}
}

// whole wants the code and what stands around it to be in sight on a small phone, each by
// itself.
func (p *phone) whole() {
	p.t.Helper()
	p.must(p.Size(360, 640))
	p.must(p.Wait(`innerHeight === 640`, patience))
	const over = `(() => {
		const parts = [...document.querySelectorAll("#code > *")].filter((e) => e.checkVisibility({ visibilityProperty: true })).map((e) => e.matches(".canvas") ? e.firstElementChild : e);
		const at = parts.map((e) => [e.className || e.localName, e.getBoundingClientRect()]).sort(([, a], [, b]) => a.top - b.top);
		return at.slice(1).filter(([, r], i) => r.top < at[i][1].bottom - 0.5).map(([name]) => name).join(", ");
	})()`
	if p.Wait(over+` === ""`, patience) != nil { // the code is drawn anew when the screen is another
		p.t.Errorf("one over another: %s", eval[string](p, over))
	}
	if off := eval[string](p, `[...document.querySelectorAll("#code > *")].filter((e) => e.checkVisibility()).map((e) => [e.className || e.localName, e.getBoundingClientRect()])
		.filter(([, r]) => r.top < -0.5 || r.bottom > innerHeight + 0.5).map(([name, r]) => name + " " + Math.round(r.top) + "–" + Math.round(r.bottom)).join(", ")`); off != "" {
		p.t.Errorf("out of sight: %s", off)
	}
}
