package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/sync/journal"
)

// codes checks the codes of one kind of part.
type codes struct {
	kind string
	in   string            // path of the part that they are parts of; "": the file
	of   string            // how people know that part
	seen map[string]string // lower case → the code that has it
}

// take checks the code of the i-th part and gives how people know the part.
func (c *codes) take(f *finder, i int, code string) (label string) {
	path, outer := join(c.in, element(c.kind, i)+".code"), ""
	if c.of != "" {
		outer = c.of + ", "
	}
	label = fmt.Sprintf("%s%s %d", outer, c.kind, i+1)
	if code == "" {
		f.blame(path, label+".code", "it is needed, and missing or empty")
		return label
	}
	if len(code) > maxCode || !wellFormed(code) {
		f.blame(path, label+".code", "%.60q is no code: want 1 to %d letters (a-z, A-Z), digits, dots, hyphens and underscores, a letter or digit first", code, maxCode)
		return label
	}
	if c.seen == nil {
		c.seen = map[string]string{}
	}
	if other, taken := c.seen[strings.ToLower(code)]; taken {
		f.blame(path, outer+c.kind+" "+code+".code", "there is a %s %s already; capitals make no difference", c.kind, other)
	}
	c.seen[strings.ToLower(code)] = code
	return outer + c.kind + " " + code
}

func wellFormed(code string) bool {
	for i := range len(code) {
		c := code[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || c != '.' && c != '-' && c != '_') {
			return false
		}
	}
	return code != ""
}

// refer checks that a code names a part of the kind.
func (f *finder) refer(path, label, kind, code string, have []string) {
	if slices.Contains(have, code) {
		return
	}
	f.blame(path, label, "there is no %s %.60q; %s", kind, code, offer(kind, have))
}

// offered is how many codes an error lists.
const offered = 12

func offer(kind string, have []string) string {
	have = slices.DeleteFunc(slices.Clone(have), func(code string) bool { return len(code) > maxCode || !wellFormed(code) })
	switch n := len(have); {
	case n == 0:
		return "the file has no " + kind + " at all"
	case n > offered:
		return fmt.Sprintf("there are %s and %d more", strings.Join(have[:offered], ", "), n-offered)
	default:
		return "there are: " + strings.Join(have, ", ")
	}
}

func (f *finder) zones(s *Spec, tables []zoneTable, location *time.Location) {
	if n := len(tables); n == 0 || n > journal.MaxZones {
		f.blame("zone", "zone", "the event has %d zones, want 1 to %d", n, journal.MaxZones)
	}
	taken := codes{kind: "zone"}
	for i, t := range tables {
		path, label := element("zone", i), taken.take(f, i, t.Code)
		z := ZoneSpec{Code: t.Code, Name: f.line(path+".name", label+".name", t.Name, maxName, true)}
		if t.Capacity != nil {
			if *t.Capacity < 1 || *t.Capacity > maxCapacity {
				f.blame(path+".capacity", label+".capacity", "%d is out of range: want 1 to %d, or leave it out for no limit", *t.Capacity, maxCapacity)
			} else {
				z.Capacity = uint32(*t.Capacity)
			}
		}
		z.CheckOut = f.checkOuts(path+".check_out", label+".check_out", t.CheckOut, s, location)
		s.Zones = append(s.Zones, z)
	}
}

func (s *Spec) zoneCodes() []string {
	return each(s.Zones, func(z ZoneSpec) string { return z.Code })
}

func each[T, U any](list []T, give func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = give(v)
	}
	return out
}

func (f *finder) products(s *Spec, tables []productTable, scope ruleScope) {
	if n := len(tables); n == 0 || n > journal.MaxProducts {
		f.blame("product", "product", "the event has %d products, want 1 to %d", n, journal.MaxProducts)
	}
	taken := codes{kind: "product"}
	for i, t := range tables {
		path, label := element("product", i), taken.take(f, i, t.Code)
		p := ProductSpec{
			Code: t.Code, Name: f.line(path+".name", label+".name", t.Name, maxName, true),
			Session:   f.session(path+".session", label+".session", t.Session, s.Sessions),
			Attention: t.Attention,
			Text:      f.line(path+".text", label+".text", t.Text, maxDoorText, false),
		}
		p.Questions, p.Checkout = f.questions(path, label, t.Questions)
		zones := s.zoneCodes()
		if t.Zones == nil && len(zones) > 1 {
			f.blame(path+".zones", label+".zones", `say which zones it opens: "all", or a list of codes`)
		}
		var all bool
		if p.Zones, all = f.list(path+".zones", label+".zones", "zone", t.Zones, zones); all {
			p.Zones = zones
		} else if items, ok := t.Zones.([]any); ok && len(items) == 0 {
			f.blame(path+".zones", label+".zones", "the list is empty: a product opens at least one zone")
		}
		p.Rules = f.rules(path+".rules", label+".rules", t.Rules, scope)
		s.Products = append(s.Products, p)
	}
}

// list reads "all", or a list of codes of the kind. What is left out means all.
func (f *finder) list(path, label, kind string, value any, have []string) (codes []string, all bool) {
	items, isList := value.([]any)
	switch {
	case value == nil || value == "all":
		return nil, true
	case !isList:
		f.blame(path, label, `want "all", or a list of %s codes`, kind)
		return nil, false
	}
	for i, item := range items {
		code, ok := item.(string)
		if !ok {
			f.blame(element(path, i), label, "want a list of %s codes, each a text", kind)
			continue
		}
		f.refer(element(path, i), label, kind, code, have)
		if slices.Contains(codes, code) {
			f.blame(element(path, i), label, "%.60q stands in it twice", code)
		}
		codes = append(codes, code)
	}
	return codes, false
}
