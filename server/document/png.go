package document

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"sync"

	"usher/sync/fault"
)

const (
	// DefaultScale is the edge of a module, in pixels, of a PNG for which no size
	// was asked.
	DefaultScale = 8

	// MaxPixels is the longest edge of a PNG.
	MaxPixels = 8192
)

// PNG writes the code of text as a picture of px by px pixels, two colours, level
// Screen. Modules are whole pixels, all of one size; what is left over widens the
// quiet zone evenly. A px of 0 gives DefaultScale pixels a module; a px too small
// for one pixel a module is an error that says what is needed.
func PNG(w io.Writer, text string, px int) error {
	m, err := QR(text, Screen)
	if err != nil {
		return err
	}
	img, err := m.picture(px)
	if err != nil {
		return err
	}
	if err := encoder.Encode(w, img); err != nil {
		return fmt.Errorf("write PNG: %w", err)
	}
	return nil
}

// picture paints the matrix on a px by px canvas, 0 for DefaultScale.
func (m Matrix) picture(px int) (*image.Paletted, error) {
	if px == 0 {
		px = DefaultScale * m.Outer()
	}
	if px < m.Outer() || px > MaxPixels {
		return nil, fault.New(fault.BadInput, "a picture of this code needs %d to %d pixels an edge, not %d", m.Outer(), MaxPixels, px)
	}
	scale := px / m.Outer()
	offset := (px - scale*m.side) / 2
	img := image.NewPaletted(image.Rect(0, 0, px, px), color.Palette{color.White, color.Black})
	for run := range m.Runs() {
		// Paint the run's first line, then copy it down the module.
		top := img.PixOffset(offset+run.X*scale, offset+run.Y*scale)
		line := img.Pix[top : top+run.Len*scale]
		for i := range line {
			line[i] = 1
		}
		for y := 1; y < scale; y++ {
			copy(img.Pix[top+y*img.Stride:], line)
		}
	}
	return img, nil
}

// encoder shares its buffers between pictures: for bulk export they cost more
// than the pictures.
var encoder = png.Encoder{BufferPool: &pngBuffers{}}

// pngBuffers is a png.EncoderBufferPool.
type pngBuffers struct{ pool sync.Pool }

func (p *pngBuffers) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b
}

func (p *pngBuffers) Put(b *png.EncoderBuffer) { p.pool.Put(b) }
