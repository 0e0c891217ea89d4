package door

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate/signin"
)

// The fields of an answer that say something of somebody, of the past or of other
// gates, by who may have them: "names" who may see names, "staff" all but a kiosk.
var fields = map[string]string{
	"holder": "names",

	"product": "staff", "seat": "staff", "time_zone": "staff", "generation": "staff", "flags": "staff",
	"details.first": "staff", "details.last": "staff", "details.count": "staff", "details.use": "staff", "details.right_gates": "staff",
	"details.nth": "staff", "details.allowed": "staff", "details.key": "staff", "details.looks": "staff",
	"display.why": "staff", "display.do": "staff", "display.more": "staff",

	"result": "all", "reason": "all", "ticket": "all", "short": "all", "record": "all", "seq": "all", "took": "all", "look": "all",
	"display.tone": "all", "display.shape": "all", "display.word": "all",
	// They stand in every answer, and say nothing at a kiosk: see below.
	"details": "all", "assurance": "all", "display": "all", "assurance.level": "all", "assurance.unheard": "all", "assurance.longest_ms": "all", "took.decide_us": "all", "took.commit_us": "all", "took.claim_us": "all",
}

// Every role gets of an answer the fields that are for it, of verdicts of every kind,
// and a kiosk none that says anything of anybody.
func TestRolesAndFields(t *testing.T) {
	for _, device := range []grant.Role{grant.RoleScanner, grant.RoleSupervisor, grant.RoleBoxOffice, grant.RoleKiosk} {
		for _, person := range []grant.Role{"", grant.RoleScanner, grant.RoleBoxOffice, grant.RoleSupervisor} {
			if device == grant.RoleKiosk && person != "" {
				continue // nobody signs in there: TestSignIn
			}
			t.Run(fmt.Sprintf("%s/%s", device, person), func(t *testing.T) {
				b := &browser{rig: newRigAs(t, device)}
				b.guestList()
				if person != "" {
					b.hire("Sam", person)
					b.enters("Sam")
				}
				may := func(who string) bool {
					return who == "all" || device != grant.RoleKiosk && (who == "staff" || expected(device, person, signin.Names))
				}
				got := map[string]bool{}
				for _, s := range everyKindOfScan(b) {
					text := answered[json.RawMessage](t, b.post("/api/scan", s))
					if device == grant.RoleKiosk {
						for _, secret := range []string{"Wilhelmina", "Day", "Box", "Stairs", "North", "handheld", "Europe", "stairs", "north"} {
							if strings.Contains(string(text), secret) {
								t.Errorf("a kiosk is told of %s: %s", secret, text)
							}
						}
					}
					note(t, got, "", text)
				}
				for field := range got {
					who, known := fields[field]
					if !known {
						t.Errorf("nobody said who may have the field %s", field)
					} else if !may(who) {
						t.Errorf("it gets the field %s", field)
					}
				}
				for field, who := range fields {
					if may(who) && !got[field] && !slices.Contains(rare, field) {
						t.Errorf("it does not get the field %s", field)
					}
				}
			})
		}
	}
}

// rare are fields that no answer of this test has for some who may have them.
var rare = []string{"seat", "generation", "flags", "display.do", "assurance.unheard", "assurance.longest_ms", "details.nth", "details.allowed", "look", "took.commit_us", "took.decide_us", "took.claim_us", "display.why"}

// everyKindOfScan lets a guest in, comes a second time, and comes with a ticket for
// somewhere else.
func everyKindOfScan(b *browser) []Scan {
	again := entry(b.code(7))
	again.Lane = "another"
	look := entry(b.code(6))
	look.Look = true
	return []Scan{
		entry(b.code(7)), again, look,
		entry(b.issue(ticket.Claims{ID: ticket.ID{9}, Product: 2})), entry("https://example.org/menu"),
	}
}

// note notes which fields a value has, and those of the objects right in it.
func note(t *testing.T, got map[string]bool, prefix string, text json.RawMessage) {
	t.Helper()
	var value map[string]json.RawMessage
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	for field, inner := range value {
		got[prefix+field] = true
		if prefix == "" && strings.HasPrefix(string(inner), "{") {
			note(t, got, field+".", inner)
		}
	}
}

// What a kiosk's page hears of the gate says nothing of other gates, of people or of
// what is wrong.
func TestLiveAtAKiosk(t *testing.T) {
	for device, want := range map[grant.Role]bool{grant.RoleKiosk: false, grant.RoleScanner: true} {
		r := newRigAs(t, device)
		status := *r.status.Load()
		status.Unheard, status.Conflicts, status.Faults = 2, 3, []string{"a clone of South"}
		status.Links = []Link{{Kind: "server", Who: "South"}}
		r.status.Store(&status)
		ctx, cancel := context.WithCancel(t.Context())
		q := r.request("GET", "/api/live", nil).WithContext(ctx)
		cancel() // after its first word
		text := r.serve(q).Body.String()
		if !strings.Contains(text, `"ready":true`) {
			t.Fatalf("%s: %s", device, text)
		}
		for _, part := range []string{"South", `"unheard":2`, `"conflicts":3`} {
			if strings.Contains(text, part) != want {
				t.Errorf("at a %s the page hears of %s: %v, want %v", device, part, !want, want)
			}
		}
	}
}
