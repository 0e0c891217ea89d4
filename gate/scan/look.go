package scan

import "slices"

// look is one way to look at a picture.
type look struct {
	level   int               // how often the search's base is halved first
	prepare func(plane) plane // what is done to it then
	inks    []binarizer       // how ink is told from paper, each by itself
}

// The ways to prepare a picture. The radii suit modules of three to six pixels,
// to which one of the levels brings most codes.
var (
	asIs       = func(p plane) plane { return p }
	soft       = func(p plane) plane { return p.smoothed(1) }
	softer     = func(p plane) plane { return p.smoothed(2) }
	sharp      = func(p plane) plane { return p.sharpened(4, 2) }
	sharper    = func(p plane) plane { return p.sharpened(8, 3) }
	softSharp  = func(p plane) plane { return p.smoothed(1).sharpened(6, 2) }
	despeckled = plane.despeckled
	doubled    = plane.doubled
)

// quickLooks are what there is time for between the frames of a camera.
var quickLooks = []look{
	{0, asIs, []binarizer{hybrid, nearby(12)}},
	{1, asIs, []binarizer{hybrid, nearby(12)}},
	{2, asIs, []binarizer{hybrid, nearby(12)}},
}

// thoroughLooks follow for a picture that there is only one of, cheap and likely
// ones first. Each of them reads some hard pictures that no other does.
var thoroughLooks = []look{
	{1, despeckled, []binarizer{hybrid, nearby(12)}},
	{0, despeckled, []binarizer{hybrid, nearby(12)}},
	{1, soft, []binarizer{nearby(12), nearby(40)}},
	{0, soft, []binarizer{hybrid, nearby(12), nearby(40)}},
	{0, softer, []binarizer{hybrid, nearby(12), nearby(40)}},
	{1, sharp, []binarizer{hybrid, nearby(12)}},
	{0, sharp, []binarizer{hybrid, nearby(12)}},
	{0, softSharp, []binarizer{hybrid, nearby(12)}},
	{0, sharper, []binarizer{hybrid, nearby(12)}},
	{0, asIs, []binarizer{histogram, nearby(40)}},
}

// smallLooks follow for a picture of few pixels.
var smallLooks = []look{
	{0, doubled, []binarizer{hybrid, nearby(12)}},
}

// fineLooks are for the finer levels of a picture with very many pixels, in which
// a small code may have vanished at the base's.
var fineLooks = []look{
	{0, asIs, []binarizer{hybrid, nearby(20)}},
}

const (
	// baseEdge is the longest edge, in pixels, at which a picture is looked at
	// first: an A4 page scanned at 150 dpi.
	baseEdge = 2000

	// smallEdge is the longest edge of a picture to be looked at doubled.
	smallEdge = 500

	// frameEdge is baseEdge for a camera's frames.
	frameEdge = 1280
)

// readPlane reads all codes in a picture, trying ever harder until there is one.
func readPlane(p plane) []string {
	var finer []plane
	for p.longest() > baseEdge {
		finer, p = append(finer, p), p.halved()
	}
	looks := slices.Concat(quickLooks, thoroughLooks)
	if p.longest() <= smallEdge {
		looks = append(looks, smallLooks...)
	}
	if codes := lookAt(p, looks); len(codes) > 0 {
		return texts(codes)
	}
	for i := len(finer) - 1; i >= 0; i-- {
		if codes := lookAt(finer[i], fineLooks); len(codes) > 0 {
			return texts(codes)
		}
	}
	return nil
}

// lookAt takes the looks one after the other, each upright and inverted, until
// one read something. Where there may be more codes beside it, the quick looks
// are taken to their end.
func lookAt(p plane, looks []look) []code {
	if min(p.width, p.height) < smallest {
		return nil
	}
	upright := newSearch(p, maxTriples)
	var inverted *search // made when upright alone didn't do
	for i, l := range looks {
		upright.try(l)
		if len(upright.codes) > 0 && !upright.more() {
			return upright.codes
		}
		if inverted == nil {
			inverted = newSearch(p.inverted(), maxTriples)
		}
		inverted.try(l)
		if codes := append(upright.codes, inverted.codes...); len(codes) > 0 &&
			(i+1 >= len(quickLooks) || !upright.more() && !inverted.more()) {
			return codes
		}
	}
	return nil
}
