package play

import (
	"context"
	"strings"

	"usher/crypto/grant"
	"usher/e2e/scenarios/stage"
	"usher/gate/signin"
	"usher/sync/admission"
)

// staff puts the operators who override something on the events' staff lists, each
// with a role card. Cases have no list of staff: whom they call a supervisor by the
// name is one, everybody else scans.
func (p *player) staff(ctx context.Context) error {
	p.cards = map[string]string{}
	for i := range p.c.Steps {
		step := &p.c.Steps[i]
		if !step.Override || step.By == "" {
			continue
		}
		for _, event := range p.last {
			if _, made := p.cards[event+"/"+step.By]; made {
				continue
			}
			if _, err := p.server.Doors.AddStaff(ctx, event, step.By, roleOfOperator(step.By), ""); err != nil {
				return err
			}
			_, code, err := p.server.Doors.NewRoleCard(ctx, event, step.By)
			if err != nil {
				return err
			}
			p.cards[event+"/"+step.By] = grant.RoleCardText(code)
		}
	}
	return nil
}

// roleOfOperator is the role that a case means by an operator's name.
func roleOfOperator(name string) grant.Role {
	if strings.HasPrefix(name, "sup") {
		return grant.RoleSupervisor
	}
	return grant.RoleScanner
}

// authorise signs the operator in at the device with their role card, and asks the
// device whether they may override. One that takes no sign-in, or knows of no staff
// yet, lets nobody.
func (p *player) authorise(d *stage.Device, wish *admission.Override) {
	if d.Down {
		return
	}
	token, who, err := d.Desk.Card(p.cards[d.Event+"/"+wish.By])
	if err != nil {
		return
	}
	defer d.Desk.Out(token)
	wish.By, wish.Allowed = who.Name, who.May(signin.Override)
}
