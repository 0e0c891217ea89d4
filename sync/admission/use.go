package admission

// misreadWithin is how soon after an entry the same code at the same lane is
// taken for the same person's, in ms. It only chooses the words.
const misreadWithin = 15_000

// checkUse refuses an entry that the ticket's past leaves no room for.
func checkUse(s *scan) outcome {
	if s.c.Gate.Multi || s.used() < s.allowed() {
		return outcome{}
	}
	s.pastDetails()
	s.verdict.Details.Allowed, s.verdict.Details.Use = s.allowed(), s.useOf()
	return refuse(AlreadyUsed)
}

// pastDetails copies what a screen shows of the ticket's entries.
func (s *scan) pastDetails() {
	d := &s.verdict.Details
	d.Count = s.past.count()
	if d.Count > 0 {
		first, last := *s.past.occupant(), *s.past.last()
		d.First, d.Last = &first, &last
	}
}

// allowed is how many people the ticket lets in.
func (s *scan) allowed() int { return max(1, int(s.claims.Admissions)) }

// used is how many of them are taken: those inside, or where an exit gives nothing
// back, all who ever came in.
func (s *scan) used() int {
	if s.c.Gate.NoReentry {
		return s.past.count()
	}
	return s.past.inside()
}

// useOf says what kind of second use it looks like, by the newest entry.
func (s *scan) useOf() Use {
	last := s.past.last()
	switch {
	case last.Generation != s.claims.Generation:
		return UseFormerHolder
	case s.past.inside() < s.allowed():
		return UseAfterExit
	case last.Gate != s.c.Gate.Code:
		return UseCopy
	case last.Chain.Node == s.c.Node && last.Lane == s.p.Lane && near(last.At, s.c.Now.At):
		return UseMisread
	}
	return UsePassBack
}

func near(then, now int64) bool { return now-then <= misreadWithin && then-now <= misreadWithin }
