package scan

import (
	"fmt"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// decode corrects the errors in a matrix of modules and gives its text.
func decode(dark []bool, side int) (string, error) {
	bits, err := gozxing.NewSquareBitMatrix(side)
	if err != nil {
		return "", fmt.Errorf("matrix of %d modules: %w", side, err)
	}
	for i, d := range dark {
		if d {
			bits.Set(i%side, i/side)
		}
	}
	result, err := decoder.NewDecoder().DecodeWithoutHint(bits)
	if err != nil {
		return "", fmt.Errorf("matrix of %d modules: %w", side, err)
	}
	return result.GetText(), nil
}

// read gives the text of the code that three finders belong to, and its centre;
// ok is false if they belong to none, or to one that can't be read in this view.
func read(v view, t triple) (text string, centre point, ok bool) {
	for _, flat := range fits(v.plane, t, sides(v.plane, v.inks, t)) {
		centre = flat.at(float64(flat.side)/2, float64(flat.side)/2)
		if text, ok = readGrid(v.plane, flat); ok {
			return text, centre, true
		}
		if curved, ok := bent(v.plane, flat); ok {
			if text, ok = readGrid(v.plane, curved); ok {
				return text, centre, true
			}
		}
	}
	return "", point{}, false
}

// readGrid measures the modules and decodes them, as they are and unblurred.
func readGrid(p plane, g grid) (string, bool) {
	levels := levelled(sample(p, g), g.side)
	dark := decide(levels)
	if text, err := decode(dark, g.side); err == nil {
		return text, true
	}
	unblur(levels, dark, g.side)
	text, err := decode(dark, g.side)
	return text, err == nil
}
