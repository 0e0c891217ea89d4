package cluster

import (
	"math/rand/v2"
	"testing"

	"usher/e2e/rig"
	"usher/server/catalog"
	"usher/server/payment/sandbox"
)

// manner is a way of buying.
type manner struct {
	name  string
	often int      // of all, in no unit
	cards []string // that are tried one after the other, by their names in the sandbox
	later string   // how they pay instead, when the organiser says so; "" for by card
	deny  bool     // the first time their bank asks, they say that it isn't them
	stop  string   // where they stop: vanish by it, or leave
	leave bool     // they say that they leave
}

// Where people stop.
const (
	atCart     = "cart"     // the places are held
	atForm     = "form"     // they have typed their name
	atProvider = "provider" // they see where to pay
	atPaid     = "paid"     // they have paid, and don't come back
	atWaiting  = "waiting"  // their bank is at it
)

// manners are all ways. After the crowd everybody is plain.
var manners = []manner{
	{name: "plain", often: 30, cards: []string{"Works"}},
	{name: "declined", often: 5, cards: []string{"Declined", "No money", "Works"}},
	{name: "asked by the bank", often: 7, cards: []string{"3-D Secure"}},
	{name: "says no to the bank", often: 3, cards: []string{"3-D Secure", "3-D Secure"}, deny: true},
	{name: "slow", often: 5, cards: []string{"Slow"}},
	{name: "slow, then another card", often: 4, cards: []string{"Slow, then fails", "Works"}},
	{name: "never answered", often: 3, cards: []string{"Never answers"}, stop: atWaiting},
	{name: "paid, nobody told", often: 4, cards: []string{"No notice"}},
	{name: "paid, nobody told, gone", often: 4, cards: []string{"No notice"}, stop: atPaid},
	{name: "paid, gone", often: 4, cards: []string{"Works"}, stop: atPaid},
	{name: "told twice", often: 5, cards: []string{"Notice twice"}},
	{name: "told out of order", often: 5, cards: []string{"Notices out of order"}},
	{name: "too late", often: 4, cards: []string{"Too late"}, stop: atWaiting},
	{name: "slow and gone", often: 3, cards: []string{"Slow"}, stop: atWaiting},
	{name: "disputed, lost", often: 2, cards: []string{"Disputed, lost"}},
	{name: "disputed, won", often: 3, cards: []string{"Disputed, won"}},
	{name: "by invoice", often: 6, later: catalog.MethodInvoice},
	{name: "at the box office", often: 6, later: catalog.MethodBoxOffice},
	{name: "leaves", often: 4, stop: atForm, leave: true},
	{name: "leaves the provider", often: 4, stop: atProvider, leave: true},
	{name: "vanishes with the places", often: 3, stop: atCart},
	{name: "vanishes after the form", often: 3, stop: atForm},
	{name: "vanishes at the provider", often: 3, stop: atProvider},
}

func drawManner(dice *rand.Rand) *manner {
	m := rig.Draw(dice, manners, func(m manner) int { return m.often })
	return &m
}

// cardNumbers are the sandbox's cards by name.
var cardNumbers = func() map[string]string {
	m := map[string]string{}
	for _, c := range sandbox.Cards() {
		m[c.Name] = c.Number
	}
	return m
}()

// All the sandbox's cards are used, and no other.
func TestManners(t *testing.T) {
	used := map[string]bool{}
	for _, m := range manners {
		for _, c := range m.cards {
			if cardNumbers[c] == "" {
				t.Errorf("%s: there is no card %q", m.name, c)
			}
			used[c] = true
		}
	}
	for name := range cardNumbers {
		if !used[name] {
			t.Errorf("nobody pays with the card %q", name)
		}
	}
}
