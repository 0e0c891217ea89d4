package scan

import (
	"image"
	"image/color"
)

// greyOf is the picture in grey, on white where it is transparent. The common
// formats of image files take short cuts; any other goes the long way.
func greyOf(img image.Image) plane {
	bounds := img.Bounds()
	p := newPlane(bounds.Dx(), bounds.Dy())
	for y := range p.height {
		row := p.pix[y*p.width : (y+1)*p.width]
		greyRow(row, img, bounds.Min.X, bounds.Min.Y+y)
	}
	return p
}

// greyRow fills a row from the picture, starting at the given pixel.
func greyRow(row []byte, img image.Image, x, y int) {
	switch img := img.(type) {
	case *image.Gray:
		copy(row, img.Pix[img.PixOffset(x, y):])
	case *image.YCbCr: // luma is what JPEG stores
		copy(row, img.Y[img.YOffset(x, y):])
	case *image.NRGBA:
		pix := img.Pix[img.PixOffset(x, y):]
		for i := range row {
			v := luma(uint32(pix[4*i]), uint32(pix[4*i+1]), uint32(pix[4*i+2]))
			a := uint32(pix[4*i+3])
			row[i] = byte((v*a + 255*(255-a) + 127) / 255)
		}
	case *image.RGBA: // colours are already multiplied by their opacity
		pix := img.Pix[img.PixOffset(x, y):]
		for i := range row {
			v := luma(uint32(pix[4*i]), uint32(pix[4*i+1]), uint32(pix[4*i+2]))
			row[i] = byte(min(255, v+255-uint32(pix[4*i+3])))
		}
	case *image.Paletted:
		greyPalette(row, img, x, y)
	default:
		for i := range row {
			row[i] = greyColour(img.At(x+i, y))
		}
	}
}

// greyPalette looks every colour up once a row instead of once a pixel.
func greyPalette(row []byte, img *image.Paletted, x, y int) {
	var grey [256]byte
	for i, c := range img.Palette[:min(len(img.Palette), len(grey))] {
		grey[i] = greyColour(c)
	}
	for i, index := range img.Pix[img.PixOffset(x, y):][:len(row)] {
		row[i] = grey[index]
	}
}

// greyColour is the brightness of any colour on white.
func greyColour(c color.Color) byte {
	r, g, b, a := c.RGBA()
	return byte(min(255, (luma(r, g, b)+0xFFFF-a)>>8))
}

// luma is the brightness of a colour by ITU-R BT.601, in the unit of its parts.
func luma(r, g, b uint32) uint32 { return (299*r + 587*g + 114*b + 500) / 1000 }
