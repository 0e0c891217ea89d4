package doorpage

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/sync/admission"
)

// types sends keys with a stutter after each burst, as long as a shortcut's. They are
// real ones wherever the browser might do something with them itself: in a field, at
// the ends of a burst, and around every space. The rest of a code comes as scan sends
// it, or it would take the test a second a code.
func (d *door) types(bursts ...string) {
	d.t.Helper()
	for _, keys := range bursts {
		inField := eval[bool](d, `document.activeElement.matches("input")`)
		for _, run := range runs.FindAllString(keys, -1) {
			if inField || len(run) <= 2*ends {
				d.must(d.Keys(run))
				continue
			}
			d.must(d.Keys(run[:ends]))
			d.dispatch(run[ends : len(run)-ends])
			d.must(d.Keys(run[len(run)-ends:]))
		}
		d.pass(alone)
	}
}

// runs parts keys into those that may press or leave what has the focus, and others.
var runs = regexp.MustCompile(`[ \r\t\x08]+|[^ \r\t\x08]+`)

// ends is how many keys at either end of a run are real.
const ends = 2

// A reader's keys come late on a busy device, and come after, before and between
// whatever else is pressed: a code is read all the same.
func TestWedgeAnywhere(t *testing.T) {
	t.Parallel()
	d := open(t, setup{width: 1280, height: 800, timers: true})
	good, spaced := d.code(4), d.withSpace()
	d.verify()
	for _, c := range []struct {
		name, focus string
		keys        []string // a stutter between any two
	}{
		{"Enter", ``, []string{good + "\r"}},
		{"Tab", ``, []string{good + "\t"}},
		{"stutter after the first key", ``, []string{good[:1], good[1:] + "\r"}},
		{"stutter after the prefix", ``, []string{good[:4], good[4:] + "\r"}},
		{"stutter in the middle and before the end", ``, []string{good[:50], good[50:51], good[51:], "\r"}},
		{"right after a shortcut", ``, []string{"v" + good + "\r"}},
		{"a shortcut, then a stutter", ``, []string{"V", good + "\r"}},
		{"capital U by hand", ``, []string{"U", good + "\r"}},
		{"symbology", ``, []string{"]Q1" + good + "\r"}},
		{"its own prefix and suffix", ``, []string{"<R07>" + good + "|7\r"}},
		{"the half of a code before", ``, []string{good[:70], good + "\r"}},
		{"in the field for codes", `document.getElementById("code").focus()`, []string{good[:1], good[1:] + "\r"}},
		{"in the field, by Tab", `document.getElementById("code").focus()`, []string{good + "\t"}},
		{"a button has the focus", `document.querySelector("[data-way=out]").focus()`, []string{spaced + "\r"}},
		{"a list has the focus", `document.getElementById("lens").hidden = false; document.getElementById("camera").hidden = false; document.getElementById("lens").focus()`, []string{spaced + "\r"}},
		{"the list of keys is open", `document.getElementById("help").click()`, []string{spaced[:9], spaced[9:] + "\r"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d.in(t)
			d.do(`document.activeElement.blur(); ` + c.focus)
			d.types(c.keys...)
			d.shows("green", "tick", "ADMIT")
			if got := eval[string](d, `[document.body.dataset.direction, document.getElementById("code").value, document.getElementById("keys").open].join()`); got != "verify,,false" {
				t.Errorf("direction, code in the field, list of keys open: %s", got)
			}
			d.tap()
			d.idle()
		})
	}
}

// A capital U that comes alone may be the start of a code whose rest is late: it
// takes nothing back. A small u is a person's, and asks as well.
func TestUndoByKey(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	first, second := d.code(1), d.code(2)
	d.types(first + "\r")
	d.shows("green", "tick", "ADMIT")
	d.pass(time.Second)
	d.idle()

	d.types("U")
	d.shows("amber", "triangle", "UNDO?")
	d.types(second[1:] + "\r") // the code goes on
	d.pass(2 * time.Second)    // that the question stands against the next code
	d.shows("green", "tick", "ADMIT")
	if got := d.look(first).Reason; got != admission.AlreadyUsed {
		t.Fatalf("a late code's U took the admission back: %s", got)
	}
	d.pass(time.Second)
	d.idle()

	d.types("U")
	d.shows("amber", "triangle", "UNDO?")
	d.types("x") // any other key leaves it
	d.idle()
	d.types("U")
	d.shows("amber", "triangle", "UNDO?")
	d.types("U")
	d.shows("amber", "triangle", "UNDONE")
	if got := d.look(second).Reason; got != admission.Entry {
		t.Errorf("the second U did not take the admission back: %s", got)
	}
	if got := d.look(first).Reason; got != admission.AlreadyUsed {
		t.Errorf("another admission was taken back: %s", got)
	}
	if !eval[bool](d, `document.getElementById("undo").disabled`) {
		t.Error("there is nothing left to undo, and the button says there is")
	}

	d.tap()
	d.later(4 * time.Second)
	d.types(second + "\r")
	d.shows("green", "tick", "ADMIT")
	d.pass(time.Second)
	d.idle()
	d.types("u", "u")
	d.shows("amber", "triangle", "UNDONE")
}

// Some readers end a code with CR LF: neither the LF nor the Enter presses the
// button that has the focus.
func TestWedgePressesNoButton(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	first, second := d.code(1), d.code(2)
	d.types(first + "\r")
	d.shows("green", "tick", "ADMIT")
	d.do(`document.getElementById("undo").focus()`)
	d.types(second + "\r\r")
	d.shows("green", "tick", "ADMIT")
	for _, c := range []string{first, second} {
		if got := d.look(c).Reason; got != admission.AlreadyUsed {
			t.Errorf("an admission was taken back: %s", got)
		}
	}
	d.pass(time.Second)
	d.idle()
	d.types(" ") // by hand, it does press it
	d.shows("amber", "triangle", "UNDO?")
}

// What a person types and mends in the field for codes is what is judged.
func TestTypedAndMended(t *testing.T) {
	t.Parallel()
	d := open(t, setup{timers: true})
	short := short(1)
	d.do(`document.getElementById("code").focus()`)
	d.types("0" + "\b" + strings.ToLower(short[:4]) + "x" + "\b" + short[4:] + "\r")
	d.shows("green", "tick", "ADMIT")
}

// withSpace is the code of a ticket that has a space inside.
func (d *door) withSpace() string {
	d.t.Helper()
	for n := 1; n <= tickets; n++ {
		if c := d.code(n); strings.Contains(c, " ") {
			return c
		}
	}
	d.t.Fatal("no ticket has a space in its code")
	return ""
}
