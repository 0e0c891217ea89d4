package resale

// What tests of many listings need.
const (
	AtOnce    = atOnce
	Columns   = columns
	MaxListed = maxListed
)
