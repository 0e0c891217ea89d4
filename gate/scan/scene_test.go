package scan

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"github.com/makiuchi-d/gozxing/common"
	"github.com/skip2/go-qrcode"
	"golang.org/x/image/draw"
)

// scene is a camera's view of one code: how it lies, and what the light, the
// lens, the sensor and the file format do to it. The zero value of each field
// does nothing.
type scene struct {
	text      string
	level     qrcode.RecoveryLevel
	module    float64 // pixels a module
	turn      float64 // degrees
	lean      float64 // perspective: how far corners move, as a share of the edge
	curl      float64 // bent paper: how far the middle rises, as a share of the edge
	blur      float64 // out of focus: sigma in pixels
	shake     float64 // motion blur: length in pixels, along the rows
	noise     float64 // sigma in grey levels
	speckle   float64 // share of pixels turned black or white
	dark      float64 // grey of the ink, 0 to 255
	light     float64 // grey of the paper; 0 stands for 255
	falloff   float64 // how much darker one side is, 0 to 1
	shadow    float64 // a hard shadow over a half: how much darker, 0 to 1
	dirt      float64 // share of the edge of a blot that covers modules
	inverted  bool    // light ink on dark
	clutter   int     // bars and letters-like blocks around the code
	jpeg      int     // quality, 0 for none
	resized   float64 // shrunk and enlarged again by this factor, as messengers do
	margin    float64 // around the code, in modules; 0 stands for 8
	seed      uint64
	mirror    bool
	quietNone bool // no quiet zone: surroundings begin at the code
}

// hardToken is a text of a token's length and alphabet.
func hardToken(length int, seed uint64) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	random := rand.New(rand.NewPCG(seed, uint64(length)))
	text := []byte("UT1:")
	for len(text) < length-1 {
		text = append(text, alphabet[random.IntN(len(alphabet))])
	}
	return string(append(text, 'W'))
}

// shoot renders the scene.
func (s scene) shoot() *image.Gray {
	random := rand.New(rand.NewPCG(s.seed, 99))
	code, err := qrcode.New(s.text, s.level)
	if err != nil {
		panic(err)
	}
	code.DisableBorder = true
	rows := code.Bitmap()
	side := float64(len(rows))
	if s.light == 0 {
		s.light = 255
	}
	if s.margin == 0 {
		s.margin = 8
	}
	edge := side * s.module
	size := int(edge*(math.Abs(math.Cos(s.turn*math.Pi/180))+math.Abs(math.Sin(s.turn*math.Pi/180))) + 2*s.margin*s.module)
	corners := s.corners(edge, float64(size), random)
	back := common.PerspectiveTransform_QuadrilateralToQuadrilateral(
		corners[0][0], corners[0][1], corners[1][0], corners[1][1], corners[2][0], corners[2][1], corners[3][0], corners[3][1],
		0, 0, side, 0, side, side, 0, side)
	around := s.surroundings(size, random)
	pix := make([]float64, size*size)
	const sub = 3
	points := make([]float64, 2*sub*sub)
	for y := range size {
		for x := range size {
			for i := range sub * sub {
				points[2*i] = float64(x) + (float64(i%sub)+0.5)/sub
				points[2*i+1] = float64(y) + (float64(i/sub)+0.5)/sub
			}
			back.TransformPoints(points)
			sum := 0.0
			for i := range sub * sub {
				u, v := points[2*i], points[2*i+1]
				v += s.curl * side * (4*(u/side)*(1-u/side) - 0.5)
				sum += s.reflect(rows, u, v, around[y*size+x])
			}
			pix[y*size+x] = sum / (sub * sub)
		}
	}
	s.light3(pix, size, random)
	pix = blurred(pix, size, s.blur)
	pix = shaken(pix, size, s.shake)
	img := image.NewGray(image.Rect(0, 0, size, size))
	for i, v := range pix {
		v += random.NormFloat64() * s.noise
		if s.speckle > 0 && random.Float64() < s.speckle {
			v = float64(random.IntN(2)) * 255
		}
		if s.inverted {
			v = 255 - v
		}
		img.Pix[i] = uint8(min(255, max(0, math.Round(v))))
	}
	return s.stored(img)
}

// corners are where the code's corners come to lie, clockwise from the top left.
func (s scene) corners(edge, size float64, random *rand.Rand) (at [4][2]float64) {
	sin, cos := math.Sincos(s.turn * math.Pi / 180)
	for i, c := range [4][2]float64{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}} {
		x, y := c[0]*edge/2, c[1]*edge/2
		x += (random.Float64() - 0.5) * 2 * s.lean * edge
		y += (random.Float64() - 0.5) * 2 * s.lean * edge
		at[i] = [2]float64{size/2 + x*cos - y*sin, size/2 + x*sin + y*cos}
	}
	if s.mirror {
		at[0], at[1], at[2], at[3] = at[1], at[0], at[3], at[2]
	}
	return at
}

// reflect is the brightness of the paper at a point in module coordinates.
func (s scene) reflect(rows [][]bool, u, v, around float64) float64 {
	side := float64(len(rows))
	if s.dirt > 0 && math.Hypot(u-side*0.62, v-side*0.58) < s.dirt*side/2 {
		return s.dark
	}
	if u >= 0 && v >= 0 && u < side && v < side {
		if rows[int(v)][int(u)] {
			return s.dark
		}
		return s.light
	}
	quiet := 4.0
	if s.quietNone {
		quiet = 0.5
	}
	if u > -quiet && v > -quiet && u < side+quiet && v < side+quiet {
		return s.light
	}
	return around
}

// surroundings is what lies around the code: paper, or a page with print on it.
func (s scene) surroundings(size int, random *rand.Rand) []float64 {
	around := make([]float64, size*size)
	for i := range around {
		around[i] = s.light
	}
	for range s.clutter {
		w, h := 2+random.IntN(max(3, size/6)), 2+random.IntN(max(3, size/40))
		if random.IntN(3) == 0 {
			w, h = h, w
		}
		x0, y0 := random.IntN(size), random.IntN(size)
		grey := s.dark + (s.light-s.dark)*random.Float64()*0.5
		for y := y0; y < min(size, y0+h); y++ {
			for x := x0; x < min(size, x0+w); x++ {
				around[y*size+x] = grey
			}
		}
	}
	return around
}

// light3 darkens one side and throws a shadow.
func (s scene) light3(pix []float64, size int, random *rand.Rand) {
	angle := random.Float64() * 2 * math.Pi
	sin, cos := math.Sincos(angle)
	for y := range size {
		for x := range size {
			along := ((float64(x)-float64(size)/2)*cos+(float64(y)-float64(size)/2)*sin)/float64(size) + 0.5
			factor := 1 - s.falloff*min(1, max(0, along))
			if along > 0.55 {
				factor *= 1 - s.shadow
			}
			pix[y*size+x] *= factor
		}
	}
}

// blurred convolves with a Gaussian.
func blurred(pix []float64, size int, sigma float64) []float64 {
	if sigma <= 0 {
		return pix
	}
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float64, 2*radius+1)
	sum := 0.0
	for i := range kernel {
		d := float64(i - radius)
		kernel[i] = math.Exp(-d * d / (2 * sigma * sigma))
		sum += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= sum
	}
	return convolved(convolved(pix, size, kernel, 1, 0), size, kernel, 0, 1)
}

// shaken convolves with a line along the rows.
func shaken(pix []float64, size int, length float64) []float64 {
	n := int(length) | 1
	if length <= 1 {
		return pix
	}
	kernel := make([]float64, n)
	for i := range kernel {
		kernel[i] = 1 / float64(n)
	}
	return convolved(pix, size, kernel, 1, 0)
}

func convolved(pix []float64, size int, kernel []float64, dx, dy int) []float64 {
	out := make([]float64, len(pix))
	radius := len(kernel) / 2
	for y := range size {
		for x := range size {
			sum := 0.0
			for i, k := range kernel {
				px := min(size-1, max(0, x+(i-radius)*dx))
				py := min(size-1, max(0, y+(i-radius)*dy))
				sum += k * pix[py*size+px]
			}
			out[y*size+x] = sum
		}
	}
	return out
}

// stored is the picture after it was resized and compressed.
func (s scene) stored(img *image.Gray) *image.Gray {
	if s.resized > 0 {
		w, h := int(float64(img.Rect.Dx())*s.resized), int(float64(img.Rect.Dy())*s.resized)
		small := image.NewGray(image.Rect(0, 0, w, h))
		draw.BiLinear.Scale(small, small.Rect, img, img.Rect, draw.Src, nil)
		back := image.NewGray(img.Rect)
		draw.BiLinear.Scale(back, back.Rect, small, small.Rect, draw.Src, nil)
		img = back
	}
	if s.jpeg == 0 {
		return img
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: s.jpeg}); err != nil {
		panic(err)
	}
	decoded, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	if gray, ok := decoded.(*image.Gray); ok {
		return gray
	}
	panic(fmt.Sprintf("grey JPEG decoded as %T", decoded))
}
