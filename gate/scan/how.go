package scan

// How a code came in, as records say it.
const (
	HowCamera  = "camera"
	HowPicture = "picture"
	HowWedge   = "wedge"
	HowTyped   = "typed"
	HowSearch  = "search" // nobody had a code: the ticket was found in the guest list
)
