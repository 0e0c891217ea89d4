package scan

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

var sizes = []image.Point{{640, 480}, {1280, 720}}

// A frame with a ticket in it, read by a Camera and by the library's own reader.
func BenchmarkFrame(b *testing.B) {
	for _, size := range sizes {
		frames := make([]*image.Gray, 20)
		for i := range frames {
			frames[i], _ = filmed(size.X, size.Y, i, false)
		}
		b.Run(fmt.Sprintf("%dx%d", size.X, size.Y), func(b *testing.B) {
			var c Camera
			read := 0
			for i := 0; b.Loop(); i++ {
				if _, err := c.Frame(frames[i%20].Pix, size.X, size.Y); err == nil {
					read++
				}
			}
			b.ReportMetric(float64(read)/float64(b.N), "read/frame")
		})
		b.Run(fmt.Sprintf("%dx%d/library", size.X, size.Y), func(b *testing.B) {
			read := 0
			hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
			for i := 0; b.Loop(); i++ {
				source, err := gozxing.NewPlanarYUVLuminanceSource(frames[i%20].Pix, size.X, size.Y, 0, 0, size.X, size.Y, false)
				if err != nil {
					b.Fatal(err)
				}
				bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := qrcode.NewQRCodeReader().Decode(bitmap, hints); err == nil {
					read++
				}
			}
			b.ReportMetric(float64(read)/float64(b.N), "read/frame")
		})
	}
}

// A frame with nothing in it, which is what a camera sees most of the time.
func BenchmarkFrameOfNothing(b *testing.B) {
	for _, size := range sizes {
		img := page(size.X, size.Y)
		print(img, img.Rect, 1)
		b.Run(fmt.Sprintf("%dx%d", size.X, size.Y), func(b *testing.B) {
			var c Camera
			for b.Loop() {
				c.Frame(img.Pix, size.X, size.Y)
			}
		})
	}
}

// A picture in which there is no code takes longest.
func BenchmarkPictureOfNothing(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []image.Point{{1240, 1754}, {4000, 3000}, {8600, 5800}} {
		for name, draw := range map[string]func(*image.Gray){
			"white": func(*image.Gray) {},
			"print": func(img *image.Gray) { print(img, img.Rect, 1) },
			"noise": func(img *image.Gray) {
				for i := range img.Pix {
					img.Pix[i] = uint8(random.Uint32())
				}
			},
		} {
			img := page(size.X, size.Y)
			draw(img)
			b.Run(fmt.Sprintf("%s/%dx%d", name, size.X, size.Y), func(b *testing.B) {
				for b.Loop() {
					if _, err := ReadImage(img); err == nil {
						b.Fatal("read something")
					}
				}
			})
		}
	}
}
