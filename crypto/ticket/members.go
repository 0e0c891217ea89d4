package ticket

import "bytes"

// maxMembers is the most members that any of the closed maps has.
const maxMembers = 6

// members goes through a map of integer keys in deterministic order: strictly
// ascending by the bytes of the encoded key.
type members struct {
	c    *cursor
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
	return members{c: c, what: what, left: n}
}

// next reads the next key. It is false after the last one, or after an error.
func (m *members) next() (key int64, more bool) {
	if m.c.err != nil || m.left == 0 {
		return 0, false
	}
	m.left--
	start := m.c.at
	key = m.key()
	if m.c.err != nil {
		return 0, false
	}
	encoded := m.c.b[start:m.c.at]
	for _, before := range m.seen[:m.n] {
		if before == key {
			m.c.fail(ReasonDupKey, start, "%s has key %d twice", m.what, key)
			return 0, false
		}
	}
	if bytes.Compare(m.last, encoded) > 0 {
		m.c.fail(ReasonCBOR, start, "%s has key %d out of order", m.what, key)
		return 0, false
	}
	m.last, m.seen[m.n] = encoded, key
	m.n++
	return key, true
}

func (m *members) key() int64 {
	start := m.c.at
	major, arg := m.c.head()
	const most = 1<<63 - 1
	switch {
	case m.c.err != nil:
	case major == majorUint && arg <= most:
		return int64(arg)
	case major == majorNegative && arg <= most:
		return -1 - int64(arg)
	case major == majorUint || major == majorNegative:
		m.c.fail(m.c.wrong, start, "%s has an unknown key", m.what)
	default:
		m.c.fail(m.c.wrong, start, "%s has %s for a key", m.what, majorNames[major])
	}
	return 0
}

// unknown refuses a key that the map, which is closed, doesn't have.
func (m *members) unknown(key int64) {
	m.c.fail(m.c.wrong, m.c.at, "%s has the unknown key %d", m.what, key)
}
