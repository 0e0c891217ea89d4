package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/state"
)

// phoneCardOf gives as much of an enrolled gate's card as a server's or another gate's
// data hold, and the event's name.
func phoneCardOf(c *cobra.Command) (card gate.PhoneCard, name string, err error) {
	if flag(c, "data") == "" {
		c.Annotations["data"] = "server"
	}
	dir, who, err := dataOwner(c)
	if err != nil {
		return card, "", err
	}
	devices, e, err := devicesIn(c, dir, who)
	if err != nil {
		return card, "", err
	}
	m, err := deviceAt(devices, flag(c, "gate"))
	if err != nil {
		return card, "", err
	}
	if m.Authority.IsZero() {
		return card, "", fault.New(fault.NotReady, "device %s said no certificate when it was enrolled; print the card on it: usher gate phone", m.Name)
	}
	shown := m.Gate
	if g, there := e.GateByCode(m.Gate); there {
		shown = g.Name
	}
	card, err = gate.CardOf(shown, e.Code, m.Authority, flag(c, "host"))
	card.Language = e.Language
	return card, e.Name, err
}

// devicesIn gives the devices that were enrolled for an event and the event, as
// somebody's data know them.
func devicesIn(c *cobra.Command, dir string, who owner) ([]state.Member, *journal.Event, error) {
	open := serverState
	if who == ofGate {
		open = func(c *cobra.Command) (*state.State, error) { return gateState(c, dir) }
	}
	st, err := open(c)
	if err != nil {
		return nil, nil, err
	}
	e := st.Event()
	if e == nil {
		return nil, nil, fault.New(fault.NotReady, "%s holds nothing of the event yet; sync first", dir)
	}
	return st.Gates(), e, nil
}

// gateState is what a gate's records amount to.
func gateState(c *cobra.Command, dir string) (_ *state.State, err error) {
	p, err := gate.OpenPeek(c.Context(), dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if wanted := flag(c, "event"); wanted != "" && wanted != p.Enrolment.Event {
		return nil, fault.New(fault.NotFound, "the gate in %s is of event %s", dir, p.Enrolment.Event)
	}
	return p.State(c.Context())
}

// serverState is what a server's records of the event amount to.
func serverState(c *cobra.Command) (_ *state.State, err error) {
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	event, err := onlyEvent(c, s)
	if err != nil {
		return nil, err
	}
	return s.Doors.State(c.Context(), event)
}

// deviceAt gives the one device whose enrolment goes on that is at a gate, has a name,
// or an id that begins so.
func deviceAt(devices []state.Member, text string) (state.Member, error) {
	var found []state.Member
	for _, fits := range []func(state.Member) bool{
		func(m state.Member) bool { return m.Gate == text },
		func(m state.Member) bool { return m.Name == text },
		func(m state.Member) bool { return strings.HasPrefix(m.Node.String(), strings.ToLower(text)) },
	} {
		for _, m := range devices {
			if !m.Expelled && fits(m) {
				found = append(found, m)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	switch len(found) {
	case 0:
		return state.Member{}, fault.New(fault.NotFound, "no device is enrolled at gate %.40q, or called so", text)
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, m := range found {
		ids[i] = m.Name + " (" + m.Node.String() + ")"
	}
	return state.Member{}, fault.New(fault.BadInput, "%.40q has several devices: say which by name or id: %s", text, strings.Join(slices.Sorted(slices.Values(ids)), ", "))
}
