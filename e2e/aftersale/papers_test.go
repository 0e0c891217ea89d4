package aftersale

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/sync/admission"
	"usher/sync/journal"
)

// papers is all that is known of one ticket from outside: what people saw of it, did
// with it, and were told.
type papers struct {
	town *town
	id   ticket.ID

	mu    sync.Mutex // covers what follows
	codes []*code    // one a generation, as they were seen first
	acts  []*act
	scans []*scanned
	moves bool // its payment is one that the buyer's bank may take back, at any time
	told  []string
}

// code is what one generation of a ticket is shown by.
type code struct {
	*papers
	generation int
	text       string          // static
	signed     []byte          // or bound to a phone,
	key        *keyring.Signer // which has this key; nil: it is of somebody whom we don't know
	public     string          // the other half of it

	picture  string // of it, as it was shown first
	pictured time.Time
}

// shows says whether somebody here can show the code.
func (c *code) shows() bool { return c.signed == nil || c.key != nil }

// show gives what is held under a scanner.
func (c *code) show(at time.Time) string {
	if c.key == nil {
		return c.text
	}
	text, err := ticket.Present(c.signed, c.key, at.Unix(), nil)
	if err != nil {
		c.town.t.Errorf("ticket %s: generation %d can't be shown: %v", c.id.Short(), c.generation, err)
	}
	if c.picture == "" {
		c.picture, c.pictured = text, at
	}
	return text
}

// same says whether two are of one code.
func (c *code) same(d *code) bool {
	return c.text == d.text && bytes.Equal(c.signed, d.signed)
}

// act is something that somebody asks a server to do with a ticket.
type act struct {
	*papers
	what, by   string
	begun      time.Time
	ended      time.Time // of the answer; zero: none has come
	refused    bool
	generation int    // that it made; void: none is good any more; unchanged
	holder     string // whom it gave the ticket to; "": nobody new
	floor      int    // the newest generation that was acknowledged when it began
}

// What an act makes of a ticket beside a new generation.
const (
	void      = int(journal.Never)
	unchanged = -1
)

// begin notes that somebody asks for something.
func (k *papers) begin(what, by string) *act {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := &act{papers: k, what: what, by: by, begun: k.town.clock.Now(), generation: unchanged, floor: k.newest()}
	k.acts = append(k.acts, a)
	k.say("%s: %s", by, what)
	return a
}

// done notes that the server said what came of an act: a generation for a holder.
func (a *act) done(generation int, holder string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.say("%s: %s is done: generation %d %s", a.by, a.what, generation, holder)
	if generation < void {
		for _, other := range a.acts {
			if other.generation == generation && other.what != a.what {
				a.wrong("generation %d is of %s by %s and of %s by %s", generation, other.what, other.by, a.what, a.by)
			}
		}
		if generation <= a.floor && generation != unchanged {
			a.wrong("%s made generation %d, and %d was there before it began", a.what, generation, a.floor)
		}
	}
	a.ended, a.generation, a.holder = a.town.clock.Now(), generation, holder
}

// refuse notes that the server did nothing of it.
func (a *act) refuse(why any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.say("%s: %s is refused: %.200v", a.by, a.what, why)
	a.ended, a.refused = a.town.clock.Now(), true
}

// newest is the newest generation that was acknowledged. The caller holds mu.
func (k *papers) newest() (n int) {
	for _, a := range k.acts {
		if !a.ended.IsZero() {
			n = max(n, a.generation)
		}
	}
	return n
}

// saw notes a code that the server gave somebody who asked at a moment, as the
// ticket's then.
func (k *papers) saw(c *code, who string, asked time.Time) *code {
	k.mu.Lock()
	defer k.mu.Unlock()
	c.papers = k
	for _, a := range k.acts {
		if !a.ended.IsZero() && a.ended.Before(asked) && a.generation > c.generation && !k.moves {
			k.wrong("%s sees generation %d, after %s made %d", who, c.generation, a.what, a.generation)
		}
	}
	for _, known := range k.codes {
		if known.generation != c.generation {
			continue
		}
		if !known.same(c) {
			k.wrong("generation %d has two codes: %s sees another", c.generation, who)
		}
		if known.key == nil {
			known.key = c.key
		}
		return known
	}
	k.codes = append(k.codes, c)
	k.say("%s: sees generation %d first", who, c.generation)
	return c
}

// say adds to the ticket's history. The caller holds mu.
func (k *papers) say(format string, args ...any) {
	k.told = append(k.told, k.town.clock.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// wrong fails the test, with the ticket's history. The caller holds mu.
func (k *papers) wrong(format string, args ...any) {
	k.town.t.Errorf("ticket %s: %s\n\t%s", k.id.Short(), fmt.Sprintf(format, args...), strings.Join(k.told, "\n\t"))
}

// scanned is what a gate said to a code.
type scanned struct {
	code         *code
	post         *post
	begun, ended time.Time // ended is zero while it is not known
	green        bool
	reason       admission.Reason
	shared       time.Time // when a server had it for sure; zero: not yet
}

// settled says whether a code is the ticket's newest for sure, good, and not come in
// with: nothing is under way that could change it. Between two calls that say so with
// the same stamp nothing was begun. The caller holds mu.
func (k *papers) settled(c *code) (stamp int, so bool) { return k.settledBut(c, nil) }

// settledBut is settled for all but one scan.
func (k *papers) settledBut(c *code, mine *scanned) (stamp int, so bool) {
	stamp = len(k.acts) + len(k.scans)
	if k.moves || c.generation != k.newest() {
		return stamp, false
	}
	for _, a := range k.acts {
		if a.ended.IsZero() {
			return stamp, false
		}
	}
	for _, s := range k.scans {
		if s != mine && (s.ended.IsZero() || s.green) {
			return stamp, false
		}
	}
	return stamp, true
}

// cameIn says whether somebody came in with the ticket. The caller holds mu.
func (k *papers) cameIn() bool {
	return slices.ContainsFunc(k.scans, func(s *scanned) bool { return s.green })
}

func (k *papers) entered() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.cameIn()
}
