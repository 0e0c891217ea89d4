package signin

import (
	"slices"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/sync/staff"
)

// gone wants a session over, and the reason kept.
func (d *device) gone(token Token, why Ending) {
	d.t.Helper()
	for range 2 {
		if who := d.Peek(token); who.SignedIn() || who.Ended != why {
			d.t.Fatalf("the session is %+v's, want it over: %s", who, why)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	kim := func(d *device) staff.Person { p, _ := d.list.Named("Kim"); return p }
	for name, c := range map[string]struct {
		role grant.Role
		do   func(*device, Token)
		why  Ending // "": it goes on
	}{
		"a scanner, nearly idle":      {grant.RoleScanner, func(d *device, _ Token) { d.pass(ScannerIdle - time.Second) }, ""},
		"a scanner, idle":             {grant.RoleScanner, func(d *device, _ Token) { d.pass(ScannerIdle) }, EndedIdle},
		"a supervisor, nearly idle":   {grant.RoleSupervisor, func(d *device, _ Token) { d.pass(OtherIdle - time.Second) }, ""},
		"a supervisor, idle":          {grant.RoleSupervisor, func(d *device, _ Token) { d.pass(OtherIdle) }, EndedIdle},
		"a box office, idle":          {grant.RoleBoxOffice, func(d *device, _ Token) { d.pass(OtherIdle) }, EndedIdle},
		"a device that slept":         {grant.RoleSupervisor, func(d *device, _ Token) { d.slept += OtherIdle }, EndedIdle},
		"a clock set back":            {grant.RoleSupervisor, func(d *device, _ Token) { d.slept -= time.Hour; d.pass(OtherIdle) }, EndedIdle},
		"a page that looks by itself": {grant.RoleSupervisor, func(d *device, t Token) { d.pass(OtherIdle - 1); d.Peek(t); d.pass(1) }, EndedIdle},
		"a hand's act":                {grant.RoleSupervisor, func(d *device, t Token) { d.pass(OtherIdle - 1); d.Who(t); d.pass(OtherIdle - 1) }, ""},
		"after a whole shift": {grant.RoleScanner, func(d *device, t Token) {
			for range 24 {
				d.Who(t)
				d.pass(30 * time.Minute)
			}
		}, EndedIdle},
		"signed out":           {grant.RoleScanner, func(d *device, t Token) { d.Out(t); d.Out(t) }, EndedOut},
		"removed":              {grant.RoleScanner, func(d *device, _ Token) { p := kim(d); p.Gone = true; d.tell(p) }, EndedRemoved},
		"another role":         {grant.RoleSupervisor, func(d *device, _ Token) { p := kim(d); p.Role = grant.RoleScanner; d.tell(p) }, EndedRemoved},
		"another PIN":          {grant.RoleScanner, func(d *device, _ Token) { d.hire("Kim", grant.RoleScanner) }, EndedRemoved},
		"a new card":           {grant.RoleScanner, func(d *device, _ Token) { d.give(kim(d)) }, EndedRemoved},
		"the same told again":  {grant.RoleScanner, func(d *device, _ Token) { d.tell(kim(d)) }, ""},
		"another person comes": {grant.RoleScanner, func(d *device, _ Token) { d.hire("Sam", grant.RoleScanner) }, ""},
		"a restart":            {grant.RoleScanner, func(d *device, _ Token) { d.boot() }, EndedRestart},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, grant.RoleScanner)
			d.hire("Pat", grant.RoleScanner)
			d.hire("Kim", c.role)
			token := d.enters("Kim")
			c.do(d, token)
			if c.why != "" {
				d.gone(token, c.why)
				return
			}
			if who := d.Peek(token); who.Name != "Kim" || !who.Until.After(began) {
				t.Errorf("it is over: %+v", who)
			}
		})
	}
}

func TestUntil(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.hire("Kim", grant.RoleSupervisor)
	token := d.enters("Kim")
	d.pass(10 * time.Minute)
	if until := d.Peek(token).Until; !until.Equal(began.Add(OtherIdle)) {
		t.Errorf("looked at, it goes on until %s", until)
	}
	if until := d.Who(token).Until; !until.Equal(began.Add(10*time.Minute + OtherIdle)) {
		t.Errorf("used, it goes on until %s", until)
	}
}

// Two people at two pages of one device are two sessions, and there is room for a
// number of them.
func TestManySessions(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.hire("Kim", grant.RoleSupervisor)
	var tokens []Token
	for range maxSessions + 3 {
		d.pass(time.Second)
		tokens = append(tokens, d.enters("Kim"))
	}
	if len(d.sessions) != maxSessions {
		t.Errorf("%d sessions, want %d", len(d.sessions), maxSessions)
	}
	d.gone(tokens[2], EndedIdle)
	if who := d.Who(tokens[3]); !who.SignedIn() {
		t.Errorf("the fourth is over: %+v", who)
	}
	for _, token := range tokens {
		d.Out(token)
	}
	for range 3 * maxEnded {
		d.Out(d.enters("Kim"))
	}
	if len(d.sessions) != 0 || len(d.ended) > maxEnded {
		t.Errorf("%d sessions, %d endings are kept", len(d.sessions), len(d.ended))
	}
	slices.Sort(tokens)
	if n := len(slices.Compact(tokens)); n != maxSessions+3 {
		t.Errorf("%d different tokens", n)
	}
}

// A kiosk takes no sign-in, whoever is on the list.
func TestAKioskIsNobodys(t *testing.T) {
	d := newDevice(t, grant.RoleKiosk)
	_, card := d.give(d.hire("Kim", grant.RoleSupervisor))
	d.refused("Kim", right, whereNone, "not_ready")
	if _, who, err := d.Card(card); err == nil || who.SignedIn() {
		t.Errorf("a card signs in at a kiosk: %+v", who)
	}
	if who := d.Who(""); who.May(Undo) || !who.May(Scan) {
		t.Errorf("at a kiosk may be done: %v", who.Acts())
	}
}
