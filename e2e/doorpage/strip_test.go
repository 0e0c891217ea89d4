package doorpage

import (
	"testing"

	gatedoor "usher/gate/door"
)

// calm is a gate with nothing to say.
var calm = gatedoor.Status{Ready: true, Online: true, Server: true, ListAge: 10, Clock: "good"}

// What the strip has to say, it says whatever else is so.
func TestStrip(t *testing.T) {
	t.Parallel()
	d := open(t, setup{strip: true})
	for _, c := range []struct {
		name    string
		change  func(*gatedoor.Status)
		id      string
		state   string
		says    string
		unlike  string // what it says of a calm gate
		warning bool   // it stands out
	}{
		{"other gates and no server", func(s *gatedoor.Status) { s.Server = false }, "link", "gates", "gates only", "online", false},
		{"alone", func(s *gatedoor.Status) { s.Online, s.Server = false, false }, "link", "alone", "alone", "online", true},
		{"alone, one unheard", func(s *gatedoor.Status) { s.Online, s.Server, s.Unheard = false, false, 1 }, "unheard", "bad", "1 gate unheard", "", true},
		{"online, some unheard", func(s *gatedoor.Status) { s.Unheard = 2 }, "unheard", "bad", "2 gates unheard", "", true},
		{"not ready", func(s *gatedoor.Status) { s.Ready, s.NotReady = false, "the first download is not complete yet" },
			"ready", "bad", "not ready: This device has no keys or no complete first download.", "", true},
		{"unsent", func(s *gatedoor.Status) { s.Unsent = 12 }, "unsent", "some", "12 not sent", "all sent", false},
		{"no list", func(s *gatedoor.Status) { s.ListAge = -1 }, "list", "fresh", "no list yet", "list 10 s old", false},
		{"old list", func(s *gatedoor.Status) { s.ListAge, s.ListStale = 7200, true }, "list", "bad", "list 2 h old", "list 10 s old", true},
		{"clock", func(s *gatedoor.Status) { s.Clock = "suspect" }, "clock", "bad", "clock suspect", "clock good", true},
		{"faults", func(s *gatedoor.Status) { s.Faults = []string{"a cloned device", "a broken chain"} }, "faults", "bad", "2 faults: call whoever keeps the gates", "", true},
		{"conflicts", func(s *gatedoor.Status) { s.Conflicts = 3 }, "conflicts", "bad", "3 let in twice", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := d.in(t)
			d.tell(calm)
			if got := d.strip(c.id).Text; got != c.unlike {
				t.Errorf("of a calm gate it says %q, want %q", got, c.unlike)
			}
			s := calm
			c.change(&s)
			d.tell(s)
			got := d.strip(c.id)
			if got.State != c.state || got.Text != c.says {
				t.Errorf("%s: %q, want %s: %q", got.State, got.Text, c.state, c.says)
			}
			if got.Bold != c.warning {
				t.Errorf("it stands out: %v, want %v", got.Bold, c.warning)
			}
		})
	}
	d.do("tell(null)")
	if got := d.strip("link"); got.Text != "the agent does not answer" || !got.Bold {
		t.Errorf("with the agent gone the strip says %+v", got)
	}
}

// part is one thing that the strip says.
type part struct {
	Text, State string
	Bold        bool
}

func (d *door) strip(id string) part {
	d.t.Helper()
	return eval[part](d, `(b => ({ Text: b.textContent, State: b.dataset.state, Bold: Number(getComputedStyle(b).fontWeight) >= 700 }))(document.getElementById("`+id+`"))`)
}
