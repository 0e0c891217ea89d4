package scan

import "github.com/makiuchi-d/gozxing"

// binarizer decides which pixels are ink. None is right for every picture; nil
// says that the picture doesn't suit it.
type binarizer func(p plane) *gozxing.BitMatrix

// hybrid compares with the middle between the darkest and the lightest nearby:
// the library's own, best on clean pictures in uneven light.
func hybrid(p plane) *gozxing.BitMatrix {
	source, err := gozxing.NewPlanarYUVLuminanceSource(p.pix, p.width, p.height, 0, 0, p.width, p.height, false)
	if err != nil {
		return nil
	}
	bits, err := gozxing.NewHybridBinarizer(source).GetBlackMatrix()
	if err != nil {
		return nil
	}
	return bits
}

// histogram compares with one threshold for the whole picture, in the valley
// between its two commonest brightnesses: best where light is even and contrast
// is faint.
func histogram(p plane) *gozxing.BitMatrix {
	source, err := gozxing.NewPlanarYUVLuminanceSource(p.pix, p.width, p.height, 0, 0, p.width, p.height, false)
	if err != nil {
		return nil
	}
	bits, err := gozxing.NewGlobalHistgramBinarizer(source).GetBlackMatrix()
	if err != nil {
		return nil
	}
	return bits
}

// faintest is how much darker than its surroundings ink must be, in grey levels.
const faintest = 4

// nearby compares with the mean of a square of the given radius around each
// pixel, which neither noise nor blur moves much.
func nearby(radius int) binarizer {
	return func(p plane) *gozxing.BitMatrix {
		bits, err := gozxing.NewBitMatrix(p.width, p.height)
		if err != nil {
			return nil
		}
		newSums(p).each(radius, func(x, y, sum, n int) {
			if (int(p.pix[y*p.width+x])+faintest)*n <= sum {
				bits.Set(x, y)
			}
		})
		return bits
	}
}
