package turnstile

import "usher/sync/fault"

// Train puts the gate into training or ends it. In training every scan is only
// looked at: it is decided as always, and its outcome says that it was training.
// Nothing is recorded, nothing can be taken back, and nobody is let through. A
// gate that is started anew is not in training. It reports whether that changed
// anything.
func (t *Turnstile) Train(on bool) bool { return t.training.Swap(on) != on }

// Training reports whether the gate is in training.
func (t *Turnstile) Training() bool { return t.training.Load() }

var errTraining = fault.At(fault.Refused, "training", "this gate is in training, and changes nothing: end the training first")
