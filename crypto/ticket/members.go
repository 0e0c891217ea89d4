package ticket

import "bytes"

// maxMembers is the most members that any of the closed maps has.
const maxMembers = 6

// members goes through a map of integer keys in deterministic order: strictly
// ascending by the bytes of the encoded key. It doesn't hold the cursor, which
// would then be moved to the heap.
type members struct {
	what string
	left uint64
	last []byte            // the encoded key before
	seen [maxMembers]int64 // keys so far
	n    int
}

// members reads the head of a map with at least one member.
func (c *cursor) members(what string) members {
	start := c.at
	n := c.want(majorMap, what)
	if c.err == nil && (n == 0 || n > maxMembers) {
		c.fail(c.wrong, start, "%s has %d members, want 1 to %d", what, n, maxMembers)
		n = 0
	}
	return members{what: what, left: n}
}

// next reads the next key. It is false after the last one, or after an error.
func (m *members) next(c *cursor) (key int64, more bool) {
	if c.err != nil || m.left == 0 {
		return 0, false
	}
	m.left--
	start := c.at
	key = m.key(c)
	if c.err != nil {
		return 0, false
	}
	for _, before := range m.seen[:m.n] {
		if before == key {
			c.fail(ReasonDupKey, start, "%s has key %d twice", m.what, key)
			return 0, false
		}
	}
	encoded := c.b[start:c.at]
	if bytes.Compare(m.last, encoded) > 0 {
		c.fail(ReasonCBOR, start, "%s has key %d out of order", m.what, key)
		return 0, false
	}
	m.last, m.seen[m.n] = encoded, key
	m.n++
	return key, true
}

func (m *members) key(c *cursor) int64 {
	start := c.at
	major, arg := c.head()
	const most = 1<<63 - 1
	switch {
	case c.err != nil:
	case major == majorUint && arg <= most:
		return int64(arg)
	case major == majorNegative && arg <= most:
		return -1 - int64(arg)
	case major == majorUint || major == majorNegative:
		c.fail(c.wrong, start, "%s has an unknown key", m.what)
	default:
		c.fail(c.wrong, start, "%s has %s for a key", m.what, majorNames[major])
	}
	return 0
}

// unknown refuses a key that the map, which is closed, doesn't have.
func (m *members) unknown(c *cursor, key int64) {
	c.fail(c.wrong, c.at, "%s has the unknown key %d", m.what, key)
}
