package catalog

import "usher/sync/journal"

func (f *finder) gates(s *Spec, tables []gateTable, scope ruleScope) {
	if n := len(tables); n == 0 || n > journal.MaxGates {
		f.blame("gate", "gate", "the event has %d gates, want 1 to %d", n, journal.MaxGates)
	}
	products := each(s.Products, func(p ProductSpec) string { return p.Code })
	taken := codes{kind: "gate"}
	for i, t := range tables {
		path, label := element("gate", i), taken.take(f, i, t.Code)
		g := GateSpec{
			Code: t.Code, Name: f.line(path+".name", label+".name", t.Name, maxName, true),
			Direction: f.line(path+".directions", label+".directions", t.Directions, maxName, false),
			Multi:     f.multi(path+".entry", label+".entry", t.Entry),
			NoReentry: t.Reentry != nil && !*t.Reentry,
			Rules:     f.rules(path+".rules", label+".rules", t.Rules, scope),

			Session:     f.session(path+".session", label+".session", t.Session, s.Sessions),
			TakesUnpaid: t.TakesUnpaid,
			StaleAfter:  60 * f.number(path+".stale_after_minutes", label+".stale_after_minutes", t.StaleAfter, 0, 1, maxStaleMinutes),
		}
		g.Zone = f.gateZone(path+".zone", label+".zone", t.Zone, s.zoneCodes())
		g.Products, g.All = f.list(path+".products", label+".products", "product", t.Products, products)
		s.Gates = append(s.Gates, g)
	}
}

// gateZone is the zone a gate opens into; where there is only one it need not be
// said.
func (f *finder) gateZone(path, label string, code *string, zones []string) string {
	switch {
	case code != nil:
		f.refer(path, label, "zone", *code, zones)
		return *code
	case len(zones) == 1:
		return zones[0]
	case len(zones) > 1:
		f.blame(path, label, "say which zone it opens into; %s", offer("zone", zones))
	}
	return ""
}

func (f *finder) multi(path, label string, entry *string) bool {
	switch {
	case entry == nil || *entry == "single":
		return false
	case *entry != "multi":
		f.blame(path, label, "%.40q is no way of entering: want single or multi", *entry)
	}
	return true
}
