package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // what a picture may be
	"io"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

const (
	// maxPictureSide is how large an event's picture is in a file, in pixels: 220 to the
	// inch on a quarter of A4, which is what office printers make of one.
	maxPictureSide = 720
	pictureQuality = 75

	pictureName = "picture"
)

// Picture is an event's picture made ready for tickets: small, and in the one form that
// files hold. The zero value is none.
type Picture struct {
	jpeg   []byte
	aspect float64 // width to height
}

// ReadPicture makes a picture (JPEG, PNG or WebP) ready. What is see-through becomes
// paper.
func ReadPicture(r io.Reader) (Picture, error) {
	from, _, err := image.Decode(r)
	if err != nil {
		return Picture{}, fmt.Errorf("reading the event's picture: %w", err)
	}
	size := from.Bounds().Size()
	if size.X == 0 || size.Y == 0 {
		return Picture{}, fmt.Errorf("reading the event's picture: it is %v pixels", size)
	}
	scale := min(1, maxPictureSide/float64(max(size.X, size.Y)))
	to := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	draw.Draw(to, to.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(to, to.Bounds(), from, from.Bounds(), draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, to, &jpeg.Options{Quality: pictureQuality}); err != nil {
		return Picture{}, fmt.Errorf("writing the event's picture: %w", err)
	}
	return Picture{out.Bytes(), float64(to.Bounds().Dx()) / float64(to.Bounds().Dy())}, nil
}

// register puts the picture into a file, once for all pages.
func (p Picture) register(pdf *fpdf.Fpdf) {
	if p.jpeg != nil {
		pdf.RegisterImageOptionsReader(pictureName, fpdf.ImageOptions{ImageType: "JPG"}, bytes.NewReader(p.jpeg))
	}
}

// picture draws the event's picture as large as it gets within a box, to its right end or
// its left one, and gives the width that it takes; 0 where there is none.
func (p panel) picture(x, y, width, height float64, right bool) (taken float64) {
	if p.shown.jpeg == nil || height <= 0 {
		return 0
	}
	w, h := width, width/p.shown.aspect
	if h > height {
		w, h = height*p.shown.aspect, height
	}
	if right {
		x += width - w
	}
	p.pdf.ImageOptions(pictureName, p.x+x, p.y+y, w, h, false, fpdf.ImageOptions{ImageType: "JPG"}, 0, "")
	return w
}
