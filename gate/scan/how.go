package scan

// How a code came in, as records say it.
const (
	HowCamera  = "camera"
	HowPicture = "picture"
	HowWedge   = "wedge"
	HowTyped   = "typed"
)
