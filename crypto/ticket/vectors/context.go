package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"usher/crypto/ticket"
)

// context is what a verifier knows when it judges a vector.
type context struct {
	keys          []key
	event         string
	now           int64
	window        ticket.Window
	maxChars      int
	minGeneration map[ticket.ID]uint32
	roster        map[ticket.ID]bool
	challenge     *uint32
	anyChallenge  bool // a challenge is asked for, whichever
}

// override gives the context with the members that raw, a JSON object or
// nothing, has. A member replaces what the context had of it.
func (c context) override(raw json.RawMessage) (context, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return c, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return c, err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := c.set(name, members[name]); err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, nil
}

func (c *context) set(name string, value json.RawMessage) (err error) {
	switch name {
	case "keys", "ring":
		c.keys, err = parseKeys(value, c.keys)
	case "aud", "event":
		err = json.Unmarshal(value, &c.event)
	case "now":
		err = json.Unmarshal(value, &c.now)
	case "past":
		err = json.Unmarshal(value, &c.window.Past)
	case "future":
		err = json.Unmarshal(value, &c.window.Future)
	case "max_chars":
		err = json.Unmarshal(value, &c.maxChars)
	case "min_gen":
		c.minGeneration = nil
		err = json.Unmarshal(value, &c.minGeneration)
	case "roster":
		err = c.setRoster(value)
	default:
		if !strings.Contains(name, "chal") {
			return fmt.Errorf("unknown member")
		}
		err = c.setChallenge(value)
	}
	return err
}

func (c *context) setRoster(value json.RawMessage) error {
	var ids []ticket.ID
	if err := json.Unmarshal(value, &ids); err != nil {
		return err
	}
	c.roster = make(map[ticket.ID]bool, len(ids))
	for _, id := range ids {
		c.roster[id] = true
	}
	return nil
}

// setChallenge reads what a gate asks for: a number or its digits, or only that
// it asks for one; false and null take it back.
func (c *context) setChallenge(value json.RawMessage) error {
	switch text := string(value); text {
	case "null", "false":
		c.challenge, c.anyChallenge = nil, false
		return nil
	case "true":
		c.anyChallenge = true
		return nil
	default:
		n, err := strconv.ParseUint(strings.Trim(text, `"`), 10, 32)
		if err != nil || n > ticket.MaxChallenge {
			return fmt.Errorf("%.20s: want six digits, true, false or null", text)
		}
		challenge := uint32(n)
		c.challenge = &challenge
		return nil
	}
}
