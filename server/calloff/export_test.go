package calloff

// Heard says whether Run has heard of the last Wake: whatever it did before is done.
func (o *Office) Heard() bool { return len(o.wake) == 0 }
