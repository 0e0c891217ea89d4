package play

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"usher/e2e/scenarios/script"
	"usher/e2e/scenarios/stage"
	"usher/gate/turnstile"
	"usher/sync/admission"
	"usher/sync/journal"
)

func (p *player) scan(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil {
		return nil, err
	}
	attempt, err := p.attempt(s)
	if err != nil {
		return nil, err
	}
	d = p.at(d, attempt.Text)
	if before := p.nonces[s.Nonce]; s.Nonce != "" && before != nil {
		return p.again(ctx, d, s, before)
	}
	if attempt.Override != nil {
		p.authorise(d, attempt.Override)
	}
	online, err := p.asksFirst(s)
	if err != nil {
		return nil, err
	}
	var out *turnstile.Outcome
	if online {
		out, err = p.scanOnline(ctx, d, attempt)
	} else {
		out, err = d.Scan(ctx, attempt)
	}
	if err != nil || out == nil {
		return &outcome{result: resultNone}, err
	}
	o := &outcome{result: string(out.Result), reason: string(out.Reason), flags: out.Flags, verdict: out}
	if s.Nonce != "" {
		p.nonces[s.Nonce] = &said{ticket: s.Ticket, seq: out.Seq, of: o}
	}
	return o, nil
}

// again is a nonce that comes twice. Ours is a record's number: for the same ticket
// it is the same record, which changes nothing; for another it is another record
// with a number that is taken, which no store takes in.
func (p *player) again(ctx context.Context, d *stage.Device, s *script.Step, before *said) (*outcome, error) {
	if before.ticket == s.Ticket {
		return before.of, nil
	}
	h, err := p.holding(s.Ticket)
	if err != nil {
		return nil, err
	}
	refused, err := d.Forge(ctx, before.seq, &journal.Scan{
		Result: "accept", Reason: "entry", Direction: "in", Gate: d.Code(), How: "camera", Ticket: idOf(h),
	})
	switch {
	case err != nil:
		return nil, err
	case refused == nil:
		return ok(), nil
	}
	return failed("nonce_reuse"), nil
}

// asksFirst says whether the device asks the server before it decides.
func (p *player) asksFirst(s *script.Step) (bool, error) {
	mode := s.Mode
	for _, d := range p.c.Setup.Devices {
		if d.ID == s.Device && mode == "" {
			mode = d.Mode
		}
	}
	switch mode {
	case "", "offline":
		return false, nil
	case "online", "online_with_fallback":
		return true, nil
	}
	return false, fmt.Errorf("unknown mode %q", mode)
}

func (p *player) attempt(s *script.Step) (turnstile.Attempt, error) {
	a := turnstile.Attempt{How: s.Source, Lane: "1", Answers: s.Answers}
	if a.How == "" {
		a.How = "wedge"
	}
	switch s.Direction {
	case "entry", "":
		a.Direction = admission.In
	case "exit":
		a.Direction = admission.Out
	default:
		return a, fmt.Errorf("unknown direction %q", s.Direction)
	}
	if s.ConfirmUnpaid {
		a.Confirmed = append(a.Confirmed, admission.Unpaid)
	}
	if s.Override {
		// The right to it is what the device says of who signs in there: see scan.
		a.Override = &admission.Override{By: s.By, Why: reasonOr(s, "as the case has it")}
	}
	var err error
	if a.Text, err = p.text(s); err != nil {
		return a, err
	}
	a.Text, err = vary(s.Variant, a.Text)
	return a, err
}

// text is what is held before the device.
func (p *player) text(s *script.Step) (string, error) {
	if s.Ticket == "" {
		return url.PathUnescape(string(s.Raw))
	}
	h, err := p.holding(s.Ticket)
	if err != nil {
		return "", err
	}
	switch s.Code {
	case "":
		return h.codes[0], nil
	case "current":
		return h.codes[len(h.codes)-1], nil
	}
	n, err := strconv.Atoi(string(s.Code))
	if err != nil || n < 1 || n > len(h.codes) {
		return "", fmt.Errorf("ticket %s has no code %q, it has %d", s.Ticket, s.Code, len(h.codes))
	}
	return h.codes[n-1], nil
}

// scanOnline asks the server first: the device and it are level before the
// decision, and the record is with the server after it. Where that fails the
// device decides by itself.
func (p *player) scanOnline(ctx context.Context, d *stage.Device, a turnstile.Attempt) (*turnstile.Outcome, error) {
	if d.Down {
		return nil, nil
	}
	return d.ScanOnline(ctx, a)
}

// scanMany scans unnamed tickets, one after the other.
func (p *player) scanMany(ctx context.Context, s *script.Step) (*outcome, error) {
	d, err := p.device(s.Device)
	if err != nil {
		return nil, err
	}
	if s.Count > len(p.fillers) {
		return nil, fmt.Errorf("the case has %d unnamed tickets, not %d", len(p.fillers), s.Count)
	}
	for _, code := range p.fillers[:s.Count] {
		out, err := d.Scan(ctx, turnstile.Attempt{Text: code, Direction: admission.In, How: "wedge", Lane: "1"})
		switch {
		case err != nil:
			return nil, err
		case out == nil:
			return &outcome{result: resultNone}, nil
		case !out.Green():
			return nil, errors.New("an unnamed ticket was not let in: " + string(out.Reason))
		}
	}
	return ok(), nil
}
