package scan

import (
	"errors"
	"image"
	"math/rand/v2"
	"testing"

	"usher/sync/fault"
)

// filmed is a frame of a camera: a ticket held into it, a little blurred and
// noisy, at an angle that changes from frame to frame.
func filmed(width, height, n int, inverted bool) (*image.Gray, string) {
	random := rand.New(rand.NewPCG(uint64(n), 8))
	s := scene{text: hardToken(182, 3), level: 1, module: float64(height) / 110, turn: float64(n*7%41) - 20,
		lean: 0.02, blur: 0.8, noise: 6, dark: 30, light: 220, falloff: 0.2, inverted: inverted, seed: uint64(n)}
	code := s.shoot()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(120 + random.IntN(20))
	}
	left, top := (width-code.Rect.Dx())/2, (height-code.Rect.Dy())/2
	for y := range code.Rect.Dy() {
		for x := range code.Rect.Dx() {
			if at := (image.Point{left + x, top + y}); at.In(img.Rect) {
				img.SetGray(at.X, at.Y, code.GrayAt(x, y))
			}
		}
	}
	return img, s.text
}

func TestFrame(t *testing.T) {
	for _, size := range []image.Point{{640, 480}, {1280, 720}, {1920, 1080}} {
		for n := range 3 {
			for _, inverted := range []bool{false, true} {
				img, want := filmed(size.X, size.Y, n, inverted)
				if got, err := Frame(img.Pix, size.X, size.Y); err != nil || got != want {
					t.Errorf("%v, inverted %v: got %q, %v", size, inverted, got, err)
				}
			}
		}
	}
}

// A camera reads an inverted code in every second frame, an upright one in all.
func TestCameraTakesTurns(t *testing.T) {
	var c Camera
	dark, want := filmed(640, 480, 1, true)
	read := 0
	for range 6 {
		got, err := c.Frame(dark.Pix, 640, 480)
		if err == nil && got == want {
			read++
		} else if !errors.Is(err, ErrNoCode) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if read != 3 {
		t.Errorf("read an inverted code in %d frames of 6, want 3", read)
	}
	light, want := filmed(640, 480, 1, false)
	for range 2 {
		if got, err := c.Frame(light.Pix, 640, 480); err != nil || got != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestFrameRefuses(t *testing.T) {
	for _, tc := range []struct{ bytes, width, height int }{
		{0, 0, 0}, {10, -1, -10}, {10, 5, 3}, {16, 5, 3}, {0, 1 << 40, 1 << 40}, {4, 4, MaxFramePixels},
	} {
		if _, err := Frame(make([]byte, tc.bytes), tc.width, tc.height); !errors.Is(err, fault.BadInput) {
			t.Errorf("%d × %d in %d bytes: got %v", tc.width, tc.height, tc.bytes, err)
		}
	}
	for _, size := range []int{1, 2, 28, 29, 64} {
		if _, err := Frame(make([]byte, size*size), size, size); !errors.Is(err, ErrNoCode) {
			t.Errorf("an empty frame of %d pixels: got %v", size, err)
		}
	}
}

// Noise never panics and is never read.
func TestFrameOfNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 10 * each {
		frame := make([]byte, 160*120)
		for i := range frame {
			frame[i] = byte(random.Uint32())
		}
		if got, err := Frame(frame, 160, 120); !errors.Is(err, ErrNoCode) {
			t.Errorf("read %q, %v", got, err)
		}
	}
}

// A frame is not changed by reading it: the caller may reuse or keep it.
func TestFrameIsLeftAlone(t *testing.T) {
	img, _ := filmed(640, 480, 2, true)
	before := string(img.Pix)
	if _, err := Frame(img.Pix, 640, 480); err != nil {
		t.Fatal(err)
	}
	if string(img.Pix) != before {
		t.Error("the frame was changed")
	}
}
