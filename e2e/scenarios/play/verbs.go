package play

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"usher/crypto/keyring"
	"usher/e2e/scenarios/script"
	"usher/e2e/scenarios/stage"
	"usher/gate/turnstile"
	"usher/server/ticketing"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/journal"
)

// outcome is what came of a step.
type outcome struct {
	result, reason string
	flags          []string
	verdict        *turnstile.Outcome // of a scan
	count          int                // of a search
	device         string
}

// The results of steps that are no scans.
const (
	resultOK      = "ok"
	resultError   = "error"
	resultRefused = "refused"
	resultNone    = "none"
	resultList    = "list"
)

func ok() *outcome { return &outcome{result: resultOK} }

func failed(reason string) *outcome { return &outcome{result: resultError, reason: reason} }

// verb does a step. An error says that the step could not be understood or played;
// what a node refuses is an outcome.
type verb func(*player, context.Context, *script.Step) (*outcome, error)

// verbs are the verbs that are known.
var verbs = map[string]verb{
	"scan": (*player).scan, "scan_many": (*player).scanMany, "undo": (*player).undo, "search": (*player).search,
	"sync": (*player).sync, "offline": (*player).offline, "online": (*player).online, "clock": (*player).skew,
	"net": (*player).net, "crash": (*player).crash, "restart": (*player).restart, "replay": (*player).replay,

	"server.cancel": void(ticketing.Cancelled), "server.revoke": void(ticketing.Revoked), "server.block": void(ticketing.Blocked),
	"server.delete":     void(ticketing.Cancelled), // a ticket that was ever issued is cancelled, not forgotten
	"server.reactivate": (*player).reactivate, "server.unblock": (*player).reactivate,
	"server.reissue": (*player).reissue, "server.reprint": (*player).reprint, "server.transfer": (*player).transfer,
	"server.change_product": (*player).changeProduct, "server.issue": (*player).issueLate, "server.set": (*player).set,
	"server.retire_key": (*player).retireKey, "server.move_device": (*player).moveDevice, "server.delete_gate": (*player).deleteGate,
	"server.disable_device": (*player).disableDevice, "server.poison": (*player).poison, "server.run_jobs": (*player).runJobs,
	"server.touch_all": (*player).touchAll, "server.snapshot": (*player).snapshot, "server.restore_snapshot": (*player).restoreSnapshot,
	"server.begin_revoke": (*player).beginRevoke, "server.commit": (*player).commit, "server.resolve_conflict": (*player).resolveConflict,
}

// aliases are other spellings of verbs.
var aliases = map[string]string{"commit": "server.commit", "server.begin_commit": "server.commit"}

// together takes the steps of one group, at the same time.
func (p *player) together(ctx context.Context, group []script.Step) error {
	outcomes, errs := make([]*outcome, len(group)), make([]error, len(group))
	var all sync.WaitGroup
	for i := range group {
		step := &group[i]
		name := step.Do
		if other, there := aliases[name]; there {
			name = other
		}
		do, known := verbs[name]
		if !known {
			return fmt.Errorf("unknown verb %q", step.Do)
		}
		take := func() { outcomes[i], errs[i] = do(p, ctx, step) }
		if len(group) == 1 {
			take()
			break
		}
		all.Go(take)
	}
	all.Wait()
	for i, o := range outcomes {
		if o != nil {
			o.device = group[i].Device
		}
		p.outcomes[group[i].N] = o
	}
	return errors.Join(errs...)
}

func (p *player) offline(_ context.Context, s *script.Step) (*outcome, error) {
	return p.each(s, func(d *stage.Device) { d.Online = false })
}

func (p *player) online(_ context.Context, s *script.Step) (*outcome, error) {
	return p.each(s, func(d *stage.Device) { d.Online = true })
}

func (p *player) skew(_ context.Context, s *script.Step) (*outcome, error) {
	return p.each(s, func(d *stage.Device) { d.Skew(time.Duration(s.SkewS) * time.Second) })
}

// each does something to all enrolments of a step's device.
func (p *player) each(s *script.Step, do func(*stage.Device)) (*outcome, error) {
	if _, err := p.device(s.Device); err != nil {
		return nil, err
	}
	for _, d := range p.handheld(s.Device) {
		do(d)
	}
	return ok(), nil
}

func (p *player) net(_ context.Context, s *script.Step) (*outcome, error) {
	f := stage.Fault{Name: s.Fault, Value: s.Value, Resource: s.Resource, Sticky: s.Sticky}
	if f.Name == "none" {
		f = stage.Fault{}
	}
	if err := stage.CheckFault(f); err != nil {
		return nil, err
	}
	return p.each(s, func(d *stage.Device) { d.Fault = f })
}

func (p *player) sync(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil {
		return nil, err
	}
	direction := stage.Direction(s.Direction)
	switch direction {
	case "both", stage.Both:
		direction = stage.Both
	case stage.Upload, stage.Download:
	default:
		return nil, fmt.Errorf("unknown direction %q of a sync", s.Direction)
	}
	if d.Down {
		return &outcome{result: resultNone}, nil
	}
	if d.CrashesInSync() {
		return &outcome{result: resultNone}, d.CrashInSync(ctx)
	}
	for _, each := range p.handheld(s.Device) {
		if err := each.SyncOnce(ctx, direction); err != nil {
			return failed("sync_failed"), nil
		}
	}
	o := ok()
	if d.Status(ctx).Clock != "good" {
		o.flags = append(o.flags, admission.FlagClockSuspect)
	}
	return o, nil
}

func (p *player) undo(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil || d.Down {
		return &outcome{result: resultNone}, err
	}
	var record journal.Hash
	if of := p.outcomes[s.OfStep]; of != nil && of.verdict != nil {
		record = of.verdict.Record
	}
	if why := d.Turnstile.MayUndo(record); why != "" {
		return &outcome{result: resultRefused, reason: string(why)}, nil
	}
	if _, err = d.Turnstile.Undo(ctx, record, s.By, s.Reason); err != nil {
		return nil, err
	}
	return ok(), nil
}

func (p *player) search(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil || d.Down {
		return &outcome{result: resultNone}, err
	}
	found, err := d.Turnstile.Search(s.Query)
	switch fault.KindOf(err) {
	case "":
		return &outcome{result: resultList, count: len(found.Guests) + found.More}, nil
	case fault.Forbidden:
		return &outcome{result: resultRefused, reason: "forbidden"}, nil
	case fault.BadInput: // too short: it shows nobody
		return &outcome{result: resultList}, nil
	}
	return nil, err
}

// replay delivers the device's records once more, as a batch that comes twice.
func (p *player) replay(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil {
		return nil, err
	}
	if p.nonces[s.Nonce] == nil {
		return nil, fmt.Errorf("nothing was done with nonce %q", s.Nonce)
	}
	records, err := d.Own(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.server.Journals.Store(d.Event).Append(ctx, records); err != nil {
		return failed("replay"), nil
	}
	return ok(), nil
}

func (p *player) crash(_ context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil {
		return nil, err
	}
	return ok(), d.Arm(s.Point)
}

func (p *player) restart(ctx context.Context, s *script.Step) (*outcome, error) {
	if _, err := p.device(s.Device); err != nil {
		return nil, err
	}
	for _, d := range p.handheld(s.Device) {
		switch s.Mode {
		case "", "kill", "power_cut", "crash": // what is on the disk is all that is left
			if !d.Down {
				if err := d.Kill(); err != nil {
					return nil, err
				}
			}
		case "clean", "graceful":
		default:
			return nil, fmt.Errorf("unknown mode %q of a restart", s.Mode)
		}
		if err := d.Restart(ctx); err != nil {
			return nil, err
		}
	}
	return ok(), nil
}

// void makes the verb that voids a ticket.
func void(state ticketing.State) verb {
	return func(p *player, ctx context.Context, s *script.Step) (*outcome, error) {
		return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
			return p.server.Tickets.Revoke(ctx, t, state, reasonOr(s, "as the case has it"))
		})
	}
}

func reasonOr(s *script.Step, otherwise string) string {
	if s.Reason != "" {
		return s.Reason
	}
	return otherwise
}

// change does something to a ticket at the server and keeps the code that came of
// it.
func (p *player) change(ctx context.Context, s *script.Step, do func(ticketing.Ticket) (ticketing.Ticket, error)) (*outcome, error) {
	h, err := p.holding(s.Ticket)
	if err != nil {
		return nil, err
	}
	t, err := p.server.Tickets.Find(ctx, h.event, h.ID)
	if err != nil {
		return nil, err
	}
	made, err := do(t)
	if err != nil {
		return &outcome{result: resultRefused, reason: string(fault.KindOf(err))}, nil
	}
	if made.Token != t.Token {
		h.codes = append(h.codes, made.Token)
	}
	return ok(), nil
}

func (p *player) reactivate(ctx context.Context, s *script.Step) (*outcome, error) {
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		return p.server.Tickets.Reactivate(ctx, t, s.Reason)
	})
}

func (p *player) reissue(ctx context.Context, s *script.Step) (*outcome, error) {
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		return p.server.Tickets.Reissue(ctx, t, s.Reason)
	})
}

// reprint gives the ticket's code out once more. A void ticket has none to give.
func (p *player) reprint(ctx context.Context, s *script.Step) (*outcome, error) {
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		if t.State != ticketing.Valid {
			return t, fault.New(fault.Refused, "ticket %s is %s", t.ID.Short(), t.State)
		}
		return t, nil
	})
}

func (p *player) transfer(ctx context.Context, s *script.Step) (*outcome, error) {
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		return p.server.Tickets.Transfer(ctx, t, s.Holder, s.Email, s.Reason)
	})
}

func (p *player) changeProduct(ctx context.Context, s *script.Step) (*outcome, error) {
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		return p.server.Tickets.Amend(ctx, t, map[string]string{"product": s.Product}, s.Reason)
	})
}

func (p *player) issueLate(ctx context.Context, s *script.Step) (*outcome, error) {
	t := script.Ticket{ID: s.Ticket, Product: s.Product, Status: s.Status, Holder: s.Holder, Email: s.Email, ValidFrom: s.ValidFrom, ValidUntil: s.ValidUntil}
	return ok(), p.issue(ctx, t)
}

// set changes what the server knows of a ticket.
func (p *player) set(ctx context.Context, s *script.Step) (*outcome, error) {
	if len(s.Set) > 0 {
		return nil, errors.New("set with a member set is not known")
	}
	return p.change(ctx, s, func(t ticketing.Ticket) (ticketing.Ticket, error) {
		var err error
		if s.Status != "" {
			switch s.Status {
			case "paid", "pending":
				t, err = p.server.Tickets.Bill(ctx, t, s.Status == "pending", 0, "")
			default:
				return t, fmt.Errorf("unknown status %q", s.Status)
			}
		}
		if err == nil && s.Product != "" {
			t, err = p.server.Tickets.Amend(ctx, t, map[string]string{"product": s.Product}, s.Reason)
		}
		if err == nil && (s.ValidFrom != nil || s.ValidUntil != nil) {
			window := map[string]string{}
			if s.ValidFrom != nil {
				window["valid_from"] = s.ValidFrom.Format(time.RFC3339)
			}
			if s.ValidUntil != nil {
				window["valid_until"] = s.ValidUntil.Format(time.RFC3339)
			}
			t, err = p.server.Tickets.Amend(ctx, t, window, s.Reason)
		}
		if err == nil && s.Holder != "" {
			t, err = p.server.Tickets.Transfer(ctx, t, s.Holder, s.Email, s.Reason)
		}
		return t, err
	})
}

func (p *player) retireKey(ctx context.Context, s *script.Step) (*outcome, error) {
	kid, known := p.keys[s.Key]
	if !known {
		return nil, fmt.Errorf("the case has no key %q", s.Key)
	}
	id, err := keyring.ParseKeyID(kid)
	if err != nil {
		return nil, err
	}
	return ok(), p.server.Catalog.SetKeyState(ctx, p.event(), id, keyring.Revoked)
}

func (p *player) moveDevice(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.DeviceID)
	if err != nil {
		return nil, err
	}
	if _, err := p.server.Settled(ctx, d.Event); err != nil {
		return nil, err
	}
	return ok(), p.server.Doors.Move(ctx, d.Event, d.Enrolment.Node, s.Gate)
}

func (p *player) deleteGate(ctx context.Context, s *script.Step) (*outcome, error) {
	before := len(p.c.Setup.Gates)
	var kept []script.Gate
	for _, g := range p.c.Setup.Gates {
		if g.ID != s.Gate {
			kept = append(kept, g)
		}
	}
	if len(kept) == before {
		return nil, fmt.Errorf("the case has no gate %q", s.Gate)
	}
	p.c.Setup.Gates = kept
	return ok(), p.apply(ctx, p.known())
}

func (p *player) disableDevice(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.DeviceID)
	if err != nil {
		return nil, err
	}
	if _, err := p.server.Settled(ctx, d.Event); err != nil {
		return nil, err
	}
	return ok(), p.server.Doors.Retire(ctx, d.Event, d.Enrolment.Node, reasonOr(s, "as the case has it"))
}

func (p *player) poison(_ context.Context, s *script.Step) (*outcome, error) {
	h, err := p.holding(s.Ticket)
	if err != nil {
		return nil, err
	}
	p.server.Poison(idOf(h))
	return ok(), nil
}

// runJobs has nothing to start: what falls due, as a check-out of everybody, is a
// question of the time at every node. It lets the server follow.
func (p *player) runJobs(ctx context.Context, _ *script.Step) (*outcome, error) {
	_, err := p.server.Settled(ctx, p.event())
	return ok(), err
}

// touchAll changes every unnamed ticket, so that a device has to download them all
// again.
func (p *player) touchAll(ctx context.Context, s *script.Step) (*outcome, error) {
	for _, text := range p.fillerLists("touched " + s.At.Format("15:04")) {
		if _, err := p.server.Tickets.Import(ctx, p.event(), "fillers.csv", strings.NewReader(text), nil); err != nil {
			return nil, err
		}
	}
	return ok(), nil
}

func (p *player) snapshot(ctx context.Context, _ *script.Step) (*outcome, error) {
	return ok(), p.server.Snapshot(ctx)
}

func (p *player) restoreSnapshot(ctx context.Context, _ *script.Step) (*outcome, error) {
	return ok(), p.server.Restore(ctx, p.last)
}

// beginRevoke begins a revocation that is committed by a later step. Until then it
// is nowhere: a transaction of ours shows nothing of itself before.
func (p *player) beginRevoke(_ context.Context, s *script.Step) (*outcome, error) {
	if _, err := p.holding(s.Ticket); err != nil {
		return nil, err
	}
	step := *s
	p.pending = append(p.pending, func(ctx context.Context) error {
		_, err := void(ticketing.Revoked)(p, ctx, &step)
		return err
	})
	return ok(), nil
}

func (p *player) commit(ctx context.Context, _ *script.Step) (*outcome, error) {
	if len(p.pending) == 0 {
		return nil, errors.New("nothing was begun that could be committed")
	}
	for _, do := range p.pending {
		if err := do(ctx); err != nil {
			return nil, err
		}
	}
	p.pending = nil
	return ok(), nil
}

func (p *player) resolveConflict(ctx context.Context, s *script.Step) (*outcome, error) {
	h, err := p.holding(s.Ticket)
	if err != nil {
		return nil, err
	}
	st, err := p.server.Settled(ctx, h.event)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, c := range st.Conflicts() {
		if c.Ticket != h.id || !c.Open {
			continue
		}
		if _, err := p.server.Doors.Resolve(ctx, h.event, c.ID, reasonOr(s, "dealt with"), s.By); err != nil {
			return nil, err
		}
		n++
	}
	if n == 0 {
		return &outcome{result: resultRefused, reason: "not_found"}, nil
	}
	return ok(), nil
}
