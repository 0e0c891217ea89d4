package newcomer

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"usher/cmd/usher/demo"
	"usher/e2e/browser"
	"usher/e2e/rig"
)

// story is what everybody in it stands in.
type story struct {
	t       *testing.T
	place   demo.Place
	browser *browser.Browser
	film    string          // what the camera shows that the browser has
	pressed map[string]bool // see person
}

// The size of everybody's screen, a phone's.
const width, height = 360, 740

func begin(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, place: rig.Demo(t), film: filepath.Join(t.TempDir(), "film.y4m"), pressed: map[string]bool{}}
	s.films(browser.Scene{Frames: 1}) // a wall; the browser reads what is there when a camera starts
	b, closed, err := browser.Start(context.WithoutCancel(t.Context()), browser.Config{Profile: t.TempDir(), Camera: s.film, Scale: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed)
	s.browser = b
	return s
}

// films is what a camera sees that is started from now on.
func (s *story) films(scene browser.Scene) {
	s.t.Helper()
	if err := browser.WriteCamera(s.film, []browser.Scene{scene}); err != nil {
		s.t.Fatal(err)
	}
}

// person is somebody new, with a browser profile of their own and maybe a network.
func (s *story) person(n *network) *person {
	s.t.Helper()
	tab, closed, err := s.browser.Tab(width, height)
	if n != nil {
		closed()
		tab, closed, err = s.browser.TabBehind(n.address, width, height)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(closed)
	return &person{tab, s.t, s.place.Shop, s.pressed}
}

// Steps 4 to 6 of those that the demo prints, one after the other.
func TestFromTheShopToTheDoor(t *testing.T) {
	s := begin(t)
	network := newNetwork(t, s.place.Shop)
	ada, bo := s.person(network), s.person(nil)
	north, south := s.door("north"), s.door("south")

	ada.buy()
	ada.mail("ada@example.org", "Your tickets: Harbour Nights", "See your order")
	ada.sees("Give tickets back")
	ada.press("Keep on this phone")
	ada.opens("Ready")
	ada.sees("Sell it on")
	ada.makeLive()

	network.off.Store(true)
	ada.must(ada.Go(s.place.Shop + "wallet"))
	ada.says("No network")
	live := ada.code("live")
	if network.refused.Load() == 0 {
		t.Error("the wallet asked nobody, so the network may have been there")
	}
	s.films(browser.Scene{Picture: live.held(), Frames: 1})
	north.press("Start camera")
	north.shows("green", "ADMIT")
	north.press("Stop camera")
	network.off.Store(false)

	ada.press("All tickets")
	ada.opens("Ready")
	printed := ada.code("printed")
	ada.press("Give it to somebody")
	ada.press("Mail it straight to somebody")
	ada.fill("give-name", "Bo Holder")
	ada.fill("give-email", "bo@example.org")
	ada.press("Give it away")
	ada.says("A mail with the link went to bo@example.org.")

	bo.mail("bo@example.org", "Ada Lovelace gives you tickets: Harbour Nights", "See and accept")
	bo.says("Ada Lovelace gives you a ticket")
	bo.press("Accept the ticket")
	bo.says("They are yours")
	bo.mail("bo@example.org", "Yours now: Harbour Nights", "Open on this phone")
	bo.press("Open my tickets")
	bo.opens("Ready")
	bo.makeLive()
	for _, d := range []*door{north, south} {
		d.picture(printed)
		d.shows("red", "VOID")
		d.says("the new holder has the code") // and no word of the phone that he has it on
	}
	north.picture(bo.code("his"))
	north.shows("green", "ADMIT")

	s.stale(south, live)
	s.followed()
}

// stale has the server go away, and what was let in at one door shown at another, a
// minute later or sooner.
func (s *story) stale(d *door, live screenshot) {
	s.t.Helper()
	if err := demo.Server(s.t.Context(), s.place.Data, false); err != nil {
		s.t.Fatal(err)
	}
	d.picture(live)
	d.until(`["red ALREADY IN", "red STALE CODE"].includes(last)`)
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// followed wants all that the printed steps have in quotes to have been pressed, or seen.
func (s *story) followed() {
	s.t.Helper()
	named := quoted.FindAllStringSubmatch(s.place.Steps(), -1)
	if len(named) == 0 {
		s.t.Error("the demo names nothing that is to be pressed")
	}
	for _, words := range named {
		if !s.pressed[words[1]] {
			s.t.Errorf("the demo says to press %q, and nobody did; it was %v", words[1], s.pressed)
		}
	}
}
