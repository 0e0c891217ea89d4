package exchange

// Flood sends more claims than a node keeps to.
func Flood(c *Claims, n int) {
	a := c.pick()
	for i := range n {
		a.outbox.claim(&claim{Number: uint64(i) + 1})
	}
}
