package scan

import "usher/sync/fault"

// MaxFramePixels is the largest frame of a camera, in pixels: 3840 × 2160.
const MaxFramePixels = 3840 * 2160

// Frame reads the code in one frame of a camera: grey, one byte a pixel, row by
// row without padding. It takes only the quick looks, upright and inverted; of
// several codes it gives the first in reading order. A frame whose bytes are not
// width × height, or over MaxFramePixels, is refused (fault.BadInput); one
// without a readable code is ErrNoCode. It keeps nothing of the frame.
func Frame(grey []byte, width, height int) (string, error) {
	return frame(grey, width, height, true)
}

// Camera reads the frames of one camera. It looks for light ink on dark in every
// second frame only, which halves the time most frames take and delays such codes
// by a frame. The zero Camera is ready; it is not safe for concurrent use.
type Camera struct {
	frames uint
}

// Frame is the function Frame for the camera's next frame.
func (c *Camera) Frame(grey []byte, width, height int) (string, error) {
	c.frames++
	return frame(grey, width, height, c.frames%2 == 0)
}

// frame reads a frame, upright and, if asked, inverted.
func frame(grey []byte, width, height int, inverted bool) (string, error) {
	if width <= 0 || height <= 0 || width > MaxFramePixels/height {
		return "", fault.New(fault.BadInput, "a frame of %d × %d pixels can't be read: want 1 to %d pixels", width, height, MaxFramePixels)
	}
	if len(grey) != width*height {
		return "", fault.New(fault.BadInput, "a grey frame of %d × %d pixels has %d bytes, not %d", width, height, width*height, len(grey))
	}
	found, err := glance(plane{pix: grey, width: width, height: height}, inverted)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", &NoCodeError{Width: width, Height: height}
	}
	return found[0], nil
}

// glance takes the quick looks until one reads something.
func glance(p plane, inverted bool) (found []string, err error) {
	defer recovered(&found, &err)
	for p.longest() > frameEdge {
		p = p.halved()
	}
	if min(p.width, p.height) < smallest {
		return nil, nil
	}
	searches := []*search{newSearch(p, maxFrameTriples)}
	if inverted {
		searches = append(searches, newSearch(p.inverted(), maxFrameTriples))
	}
	for _, l := range quickLooks {
		for _, s := range searches {
			if s.try(l) {
				return texts(s.codes), nil
			}
		}
	}
	return nil, nil
}
