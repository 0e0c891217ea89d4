package ticket

import "fmt"

// CBOR major types (RFC 8949 §3.1).
const (
	majorUint byte = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

var majorNames = [...]string{"an integer", "a negative integer", "a byte string", "a text", "an array", "a map", "a tag", "a simple value or float"}

// cursor reads deterministic CBOR (RFC 8949 §4.2.1) one item after the other.
// The first error stays, and everything read after it is zero, so a caller
// checks once, at the end.
type cursor struct {
	b   []byte
	at  int
	end int // of what belongs to the structure being read
	// wrong is the reason for an item that is well-formed but not the one
	// wanted.
	wrong Reason
	err   *Error
	cut   bool // err is that the bytes end too early
}

func (c *cursor) fail(reason Reason, at int, format string, args ...any) {
	if c.err == nil {
		c.err = &Error{Reason: reason, Offset: at, Detail: fmt.Sprintf(format, args...)}
	}
}

// need says whether n more bytes are there.
func (c *cursor) need(n uint64) bool {
	if c.err != nil {
		return false
	}
	if uint64(c.end-c.at) < n {
		c.fail(ReasonCBOR, c.at, "%d bytes are missing", n-uint64(c.end-c.at))
		c.cut = true
		return false
	}
	return true
}

// head reads an item's major type and argument in the shortest form.
func (c *cursor) head() (major byte, arg uint64) {
	if !c.need(1) {
		return 0, 0
	}
	start := c.at
	first := c.b[start]
	c.at++
	major, info := first>>5, first&0x1f
	switch {
	case major >= majorTag:
		c.fail(ReasonCBOR, start, "%s, which is never used", majorNames[major])
		return 0, 0
	case info < 24:
		return major, uint64(info)
	case info > 27:
		c.fail(ReasonCBOR, start, "an indefinite or reserved length")
		return 0, 0
	}
	return major, c.argument(start, 1<<(info-24))
}

// argument reads the size bytes after an item's first byte.
func (c *cursor) argument(start, size int) (arg uint64) {
	if !c.need(uint64(size)) {
		return 0
	}
	for range size {
		arg = arg<<8 | uint64(c.b[c.at])
		c.at++
	}
	least := uint64(24)
	if size > 1 {
		least = 1 << (4 * size)
	}
	if arg < least {
		c.fail(ReasonCBOR, start, "%d in %d bytes, which is not the shortest form", arg, size)
		return 0
	}
	return arg
}

// want reads the head of an item of one major type.
func (c *cursor) want(major byte, what string) uint64 {
	start := c.at
	got, arg := c.head()
	if c.err == nil && got != major {
		c.fail(c.wrong, start, "%s is %s, want %s", what, majorNames[got], majorNames[major])
		return 0
	}
	return arg
}

// uint reads an integer from least to most.
func (c *cursor) uint(what string, least, most uint64) uint64 {
	start := c.at
	n := c.want(majorUint, what)
	if c.err == nil && (n < least || n > most) {
		c.fail(c.wrong, start, "%s is %d, want %d to %d", what, n, least, most)
		return 0
	}
	return n
}

// bytes reads a byte string, as a part of the cursor's bytes.
func (c *cursor) bytes(what string) []byte {
	return c.take(c.want(majorBytes, what))
}

// bytesOf reads a byte string of one length. Afterwards the slice has that
// length, or the cursor an error.
func (c *cursor) bytesOf(what string, size int) []byte {
	start := c.at
	b := c.bytes(what)
	if c.err == nil && len(b) != size {
		c.fail(c.wrong, start, "%s has %d bytes, want %d", what, len(b), size)
	}
	return b
}

// text reads a text of 1 to most bytes. Which characters it may have is for the
// caller to check.
func (c *cursor) text(what string, most int) []byte {
	start := c.at
	b := c.take(c.want(majorText, what))
	if c.err == nil && (len(b) == 0 || len(b) > most) {
		c.fail(c.wrong, start, "%s has %d bytes, want 1 to %d", what, len(b), most)
		return nil
	}
	return b
}

func (c *cursor) take(n uint64) []byte {
	if !c.need(n) {
		return nil
	}
	b := c.b[c.at : c.at+int(n) : c.at+int(n)]
	c.at += int(n)
	return b
}

// array reads the head of an array of least to most elements.
func (c *cursor) array(what string, least, most uint64) uint64 {
	start := c.at
	n := c.want(majorArray, what)
	if c.err == nil && (n < least || n > most) {
		c.fail(c.wrong, start, "%s is an array of %d, want %d to %d", what, n, least, most)
		return 0
	}
	return n
}

// finish wants the structure to end here.
func (c *cursor) finish(what string) {
	if c.err == nil && c.at != c.end {
		c.fail(ReasonCBOR, c.at, "%d bytes follow %s", c.end-c.at, what)
	}
}
