package emblem

import (
	"bytes"
	"image/color"
	"image/png"
	"testing"
)

// The sign is itself at every size that phones ask for: its ground reaches into the
// corners, the ticket is white, the tick, the perforation and the bites aren't.
func TestSign(t *testing.T) {
	for _, size := range []int{29, 58, 87, 180, 192, 512} {
		img, err := png.Decode(bytes.NewReader(PNG(size)))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != size || b.Dy() != size {
			t.Fatalf("asked for %d pixels, got %v", size, b)
		}
		for _, at := range []struct {
			x, y  int
			white bool
		}{
			{3, 3, false}, {508, 3, false}, {3, 508, false}, {508, 508, false}, {256, 120, false}, // ground
			{256, 186, true}, {130, 200, true}, {390, 200, true}, {360, 256, true}, {130, 320, true}, // ticket
			{105, 256, false}, {410, 256, false}, // bites
			{196, 298, false}, {236, 254, false}, // tick
		} {
			got := color.GrayModel.Convert(img.At(at.x*size/grid, at.y*size/grid)).(color.Gray).Y
			if at.white != (got > 200) || !at.white && got > 110 {
				t.Errorf("%d pixels: at %d,%d of %d the grey is %d, white: want %v", size, at.x, at.y, grid, got, at.white)
			}
		}
	}
}

// All that isn't ground is within the circle that phones leave of an icon they cut.
func TestSignIsMaskable(t *testing.T) {
	const size, safe = grid, grid * 4 / 10
	img := drawn(size)
	for y := range size {
		for x := range size {
			dx, dy := x-size/2, y-size/2
			if dx*dx+dy*dy > safe*safe && color.NRGBAModel.Convert(img.At(x, y)) != ground {
				t.Fatalf("at %d,%d there is something that a round icon cuts off", x, y)
			}
		}
	}
}
