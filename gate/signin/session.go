package signin

import (
	"encoding/hex"
	"io"
	"time"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/staff"
)

// How long a session lives.
const (
	ScannerIdle = time.Hour        // without a request, of a scanner
	OtherIdle   = 15 * time.Minute // of those who may do more
	LongestLife = 12 * time.Hour   // in all
)

const (
	tokenSize   = 16 // 128 bits
	maxSessions = 64 // at one device; beyond it the one that is idle for the longest ends
	maxEnded    = 64 // of which is remembered why they ended
)

// Token names a session. Whoever has it is taken for the person: it is a secret.
type Token string

// String shows nothing of the token.
func (t Token) String() string { return "a session that is not shown" }

// Ending says why a session is over.
type Ending string

// The endings.
const (
	EndedIdle    Ending = "idle"
	EndedRemoved Ending = "removed" // off the list, or changed on it
	EndedRestart Ending = "restart" // or nobody's at all
	EndedOut     Ending = "signed_out"
)

// session is somebody signed in.
type session struct {
	person      staff.Person
	began, used moment
}

// moment is an instant by both clocks of a device: one that nobody can set, and one
// that goes on while the device sleeps.
type moment struct {
	mono time.Duration
	wall time.Time
}

// since is the longest that it can have been.
func (m moment) since(then moment) time.Duration {
	return max(m.mono-then.mono, m.wall.Round(0).Sub(then.wall.Round(0)))
}

func (d *Desk) moment() moment { return moment{d.Mono(), d.Now()} }

func idleOf(role grant.Role) time.Duration {
	if role == grant.RoleScanner {
		return ScannerIdle
	}
	return OtherIdle
}

// left is how long the session goes on if nothing is asked.
func (s *session) left(now moment) time.Duration {
	return min(idleOf(s.person.Role)-now.since(s.used), LongestLife-now.since(s.began))
}

// begin starts a session.
func (d *Desk) begin(p staff.Person) (Token, Who, error) {
	var raw [tokenSize]byte
	if _, err := io.ReadFull(d.Rand, raw[:]); err != nil {
		return "", Who{}, fault.Wrap(fault.Internal, err, "can't draw a session's token")
	}
	token := Token(hex.EncodeToString(raw[:]))
	d.mu.Lock()
	if len(d.sessions) >= maxSessions {
		d.endOldest()
	}
	now := d.moment()
	d.sessions[token] = &session{person: p, began: now, used: now}
	d.mu.Unlock()
	return token, d.Who(token), nil
}

// endOldest ends the session that is idle for the longest.
func (d *Desk) endOldest() {
	var oldest Token
	for token, s := range d.sessions {
		if oldest == "" || s.used.mono < d.sessions[oldest].used.mono {
			oldest = token
		}
	}
	d.end(oldest, EndedIdle)
}

// end ends a session and remembers why.
func (d *Desk) end(token Token, why Ending) {
	delete(d.sessions, token)
	for other := range d.ended {
		if len(d.ended) < maxEnded {
			break
		}
		delete(d.ended, other)
	}
	d.ended[token] = why
}

// Out ends a session.
func (d *Desk) Out(token Token) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, there := d.sessions[token]; there {
		d.end(token, EndedOut)
	}
}

// Who says who stands at the device, for a request that shows they are there. An
// empty token is nobody's.
func (d *Desk) Who(token Token) Who { return d.who(token, true) }

// Peek is Who for a request that a page makes by itself: it keeps no session alive.
func (d *Desk) Peek(token Token) Who { return d.who(token, false) }

func (d *Desk) who(token Token, there bool) Who {
	w := Who{key: d.List.ReadsGuests(), standing: Alone}
	switch {
	case !d.Device.TakesSignIn():
		w.standing = AtKiosk
		return w
	case !d.List.Staffed():
		w.standing = Unstaffed
	}
	if token == "" {
		return w
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.live(token)
	if s == nil {
		w.Ended = d.ended[token]
		if w.Ended == "" {
			w.Ended = EndedRestart
		}
		return w
	}
	now := d.moment()
	if there {
		s.used = now
	}
	w.Name, w.Role, w.standing = s.person.Name, s.person.Role, standingOf(s.person.Role)
	w.Until = now.wall.Add(s.left(now))
	return w
}

// live gives the session of a token if it is not over.
func (d *Desk) live(token Token) *session {
	s := d.sessions[token]
	if s == nil {
		return nil
	}
	switch p, there := d.List.Person(s.person.ID); {
	case !there || !p.Same(&s.person):
		d.end(token, EndedRemoved)
		return nil
	case s.left(d.moment()) <= 0:
		d.end(token, EndedIdle)
		return nil
	}
	return s
}

// Who is who stands at a device: a person who is signed in, or nobody.
type Who struct {
	Name  string // "": nobody signed in
	Role  grant.Role
	Until time.Time // when the session ends unless something is asked before
	Ended Ending    // why the session that was shown is over; "": none was shown, or it isn't

	standing Standing
	key      bool // the device holds the guest key
}

// Visitor reports whether it is nobody of the staff's, before a kiosk.
func (w Who) Visitor() bool { return w.standing == AtKiosk }

// SignedIn reports whether it is a person.
func (w Who) SignedIn() bool { return w.Name != "" }

// May reports whether they may do an act.
func (w Who) May(act Act) bool { return allowed(act, w.standing, w.key) }

// Must refuses an act that is not for them: fault.Forbidden, with the act as the
// place.
func (w Who) Must(act Act) error {
	if w.May(act) {
		return nil
	}
	return refused(act)
}

// Acts lists what they may do.
func (w Who) Acts() []Act {
	list := []Act{}
	for _, act := range Acts() {
		if w.May(act) {
			list = append(list, act)
		}
	}
	return list
}
