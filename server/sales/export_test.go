package sales

// Step has every named step between two lasting changes call f: an error of it ends
// the act there, as a crash would.
func (s *Sales) Step(f func(name string) error) { s.step = f }

// Ref is the payment at the provider that is under way.
func (o *Order) Ref() string { return o.ref }
