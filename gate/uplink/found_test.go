package uplink_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"usher/gate/uplink"
	"usher/sync/exchange/exchangetest"
)

// at names an address that was found.
func at(i int) string { return fmt.Sprintf("http://192.168.1.%d:8430", i) }

func linked(s uplink.Status) (list []string) {
	for _, r := range s.Remotes {
		if r.Connected {
			list = append(list, r.URL)
		}
	}
	return list
}

// twoGates runs the uplink of the first of two gates. The other answers at the base.
func twoGates(t *testing.T, base string) (town *town, gates []*exchangetest.Node, u *uplink.Uplink, stop func()) {
	t.Helper()
	_, gates = venue(t, "north", "south")
	for _, g := range gates {
		hand(t, g, gates)
	}
	town = newTown(t)
	town.hosts[base] = gates[1]
	u, stop = town.start(gates[0], uplink.Config{})
	return town, gates, u, stop
}

// Gates that are found are linked, and the link outlives the hint.
func TestFoundGatesAreLinked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, gates, u, stop := twoGates(t, at(2))
		defer stop()
		time.Sleep(time.Second)
		u.Offer([]string{at(2), "not an address"})
		time.Sleep(time.Second)
		if s := town.status(u); len(linked(s)) != 1 || !s.Remotes[0].Found {
			t.Fatalf("found and not linked: %+v", s.Remotes)
		}
		u.Offer(nil)
		gates[1].Own(t, 3)
		time.Sleep(time.Second)
		exchangetest.Same(t, gates[0], gates[1])
		town.cut(at(2), true)
		time.Sleep(time.Minute)
		if s := town.status(u); len(s.Remotes) != 0 {
			t.Errorf("a lost gate that nobody advertises any more is still tried: %+v", s.Remotes)
		}
		town.cut(at(2), false)
		u.Offer([]string{at(2)})
		time.Sleep(time.Minute)
		if s := town.status(u); len(linked(s)) != 1 {
			t.Errorf("found again and not linked: %+v", s.Remotes)
		}
	})
}

// Whoever advertises what is not there costs a few tries, and keeps nobody from
// those who are.
func TestLiesAboutGates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		town, _, u, stop := twoGates(t, at(200))
		defer stop()
		offered := []string{at(200)}
		for i := range 63 {
			offered = append(offered, at(i+1))
		}
		u.Offer(offered)
		for range 120 {
			time.Sleep(time.Second)
			if n := len(town.status(u).Remotes); n > uplink.MaxTrying+1 {
				t.Fatalf("%d addresses are tried at once", n)
			}
		}
		if got := linked(town.status(u)); len(got) != 1 || got[0] != at(200) {
			t.Errorf("linked: %v", got)
		}
		time.Sleep(2 * time.Hour)
		var tries int
		for i := range 63 {
			tries += town.tried(at(i + 1))
		}
		if most := 63 * (10 + int(2*time.Hour/(uplink.LongestRest/2))); tries > most {
			t.Errorf("%d tries in two hours, want at most %d", tries, most)
		}
	})
}

// A hundred gates make no hundred links, and hang together all the same.
func TestManyGatesHangTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 11
		var names []string
		for i := range many {
			names = append(names, fmt.Sprintf("gate-%d", i))
		}
		_, gates := venue(t, names...)
		town := newTown(t)
		var offered []string
		for i, g := range gates {
			hand(t, g, gates)
			town.hosts[at(i)] = g
			offered = append(offered, at(i))
		}
		defer town.group.Wait()
		var uplinks []*uplink.Uplink
		for i, g := range gates {
			u, stop := town.begin(g, uplink.Config{})
			defer stop()
			u.Offer(append(append([]string{}, offered[:i]...), offered[i+1:]...))
			uplinks = append(uplinks, u)
		}
		time.Sleep(8 * time.Second)
		for _, u := range uplinks {
			if n := len(town.status(u).Remotes); n > uplink.MaxFound+uplink.MaxTrying {
				t.Errorf("%d remotes", n)
			}
		}
		for _, g := range gates {
			g.Own(t, 1)
		}
		time.Sleep(2 * time.Second)
		exchangetest.Same(t, gates...)
	})
}

// Two gates that find each other at once are left with one session.
func TestOneSessionIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, gates := venue(t, "north", "south")
		for _, g := range gates {
			hand(t, g, gates)
		}
		town := newTown(t)
		defer town.group.Wait()
		var uplinks []*uplink.Uplink
		for i, g := range gates {
			u, stop := town.begin(g, uplink.Config{})
			defer stop()
			uplinks = append(uplinks, u)
			town.serve(at(i), u)
		}
		for i, u := range uplinks {
			u.Offer([]string{at(1 - i)})
		}
		time.Sleep(time.Minute)
		for i, u := range uplinks {
			s := town.status(u)
			if len(s.Others) != 1 || s.Others[0].Connected != 1 {
				t.Errorf("gate %d: %+v", i, s.Others)
			}
		}
	})
}

// serve lets others reach an uplink's own side of a session.
func (n *town) serve(base string, u *uplink.Uplink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.served[base] = func(ctx context.Context, end *exchangetest.End) { u.Serve(ctx, end, base) }
}
