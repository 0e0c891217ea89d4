package admission

import (
	"slices"

	"usher/crypto/ticket"
	"usher/sync/journal"
)

// ruleGates is the kind of rule that is about the place, and checked with it.
const ruleGates = "gates"

// checkTest refuses a test ticket, whatever the event says and in both directions.
// All that a gate is tried for with one is checked before.
func checkTest(s *scan) outcome {
	if s.claims.Product == journal.TestProduct {
		return refuse(UnknownProduct)
	}
	return outcome{}
}

// checkProduct asks whether this gate admits the ticket's product.
func checkProduct(s *scan) outcome {
	product, known := productOf(s.c.Event, s.claims)
	if !known {
		return refuse(UnknownProduct)
	}
	s.product = product
	s.verdict.Product = product.Name
	if !admitsProduct(s.c.Gate, s.claims) {
		s.hint(Admits)
		return refuse(WrongProduct)
	}
	return outcome{}
}

// checkSession asks whether the ticket is for the date that this gate lets in.
func checkSession(s *scan) outcome {
	if !admitsSession(s.c.Gate, s.product) {
		s.verdict.Details.Session, s.verdict.Details.GateSession = s.product.Session, s.c.Gate.Session
		s.hint(Admits)
		return refuse(WrongDate)
	}
	return outcome{}
}

// admitsSession: a gate and a product that both name one must name the same.
func admitsSession(g journal.Gate, product *journal.Product) bool {
	return g.Session == "" || product == nil || product.Session == "" || g.Session == product.Session
}

// checkZone asks whether the ticket opens the zone behind this gate, and whether
// the rules let it through here.
func checkZone(s *scan) outcome {
	product, known := productOf(s.c.Event, s.claims)
	if !known || opens(s.c.Gate, s.claims, product) {
		return outcome{}
	}
	s.hint(Admits)
	return refuse(WrongGate)
}

// productOf finds the ticket's product. A ticket without one is of no product
// that an event could forbid; where the event has products, it needs zones of its
// own to be good for anything.
func productOf(e *journal.Event, claims ticket.Claims) (*journal.Product, bool) {
	if claims.Product == 0 {
		return &journal.Product{Zones: ^uint32(0)}, len(e.Products) == 0 || claims.Zones != 0
	}
	for i := range e.Products {
		if e.Products[i].Number == claims.Product {
			return &e.Products[i], true
		}
	}
	return nil, false
}

func admitsProduct(g journal.Gate, claims ticket.Claims) bool {
	return g.All || slices.Contains(g.Products, claims.Product)
}

// opens reports whether a ticket opens a gate's zone, by its own mask or else by
// its product's, and no rule keeps it from the gate.
func opens(g journal.Gate, claims ticket.Claims, product *journal.Product) bool {
	mask := product.Zones
	if claims.Zones != 0 {
		mask = claims.Zones
	}
	if mask&(1<<(g.Zone%journal.MaxZones)) == 0 {
		return false
	}
	for _, rules := range [...][]journal.Rule{g.Rules, product.Rules} {
		for i := range rules {
			if rules[i].Kind == ruleGates && !slices.Contains(rules[i].Gates, g.Code) {
				return false
			}
		}
	}
	return true
}

// Admits reports whether a ticket that says so is let in at a gate of the event, as
// far as that depends on what kind of ticket it is: its product, its session and
// the zones that it opens.
func Admits(e *journal.Event, g journal.Gate, claims ticket.Claims) bool {
	product, known := productOf(e, claims)
	return known && admitsProduct(g, claims) && admitsSession(g, product) && opens(g, claims, product)
}

// hint names the other gates that would be right.
func (s *scan) hint(right func(*journal.Event, journal.Gate, ticket.Claims) bool) {
	for _, g := range s.c.Event.Gates {
		if g.Code != s.c.Gate.Code && right(s.c.Event, g, s.claims) {
			s.verdict.Details.RightGates = append(s.verdict.Details.RightGates, GateHint{g.Code, g.Name, g.Direction})
		}
	}
}
