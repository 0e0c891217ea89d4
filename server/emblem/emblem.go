// Package emblem draws usher's sign, a ticket with a tick on it, as the pictures that
// phones want of an application or a pass: PNG files of any size. The same sign as an
// SVG is server/web/wallet/page/icon.svg.
package emblem

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/vector"
)

// grid is how many units the sign is wide and high.
const grid = 512

// Colours of the sign. ground fills its whole square, so that a phone may cut it to any
// shape: the rest keeps within the circle that all of them leave.
var (
	ground = color.NRGBA{0x0b, 0x54, 0x38, 0xff}
	paper  = color.White
)

// PNG gives the sign so many pixels wide and high.
func PNG(size int) []byte {
	var out bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, drawn(size)) // a buffer takes all
	return out.Bytes()
}

// drawn draws the sign so many pixels wide and high.
func drawn(size int) image.Image {
	p := &pen{image.NewRGBA(image.Rect(0, 0, size, size)), float32(size) / grid}
	draw.Draw(p.to, p.to.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	p.fill(paper, ticket)
	for y := float32(176); y < 336; y += 34 {
		p.fill(ground, rectangle(309, y, 14, min(18, 336-y)))
	}
	corners := []point{{154, 258}, {196, 300}, {272, 214}}
	const half = 13 // of the stroke's width
	for i, at := range corners {
		p.fill(ground, circle(at, half))
		if i > 0 {
			p.fill(ground, stroke(corners[i-1], at, half))
		}
	}
	return p.to
}

type point struct{ x, y float32 }

// pen fills shapes.
type pen struct {
	to    *image.RGBA
	scale float32
}

// shape draws an outline in units of the grid.
type shape func(line func(points ...point), cube func(b, c, d point))

// fill fills a shape with a colour.
func (p *pen) fill(c color.Color, s shape) {
	bounds := p.to.Bounds()
	r := vector.NewRasterizer(bounds.Dx(), bounds.Dy())
	begun := false
	k := p.scale
	s(func(points ...point) {
		for _, at := range points {
			if !begun {
				r.MoveTo(at.x*k, at.y*k)
				begun = true
				continue
			}
			r.LineTo(at.x*k, at.y*k)
		}
	}, func(b, c, d point) { r.CubeTo(b.x*k, b.y*k, c.x*k, c.y*k, d.x*k, d.y*k) })
	r.ClosePath()
	r.Draw(p.to, bounds, image.NewUniform(c), image.Point{})
}

// bow is how far the handles of a cubic lie from the ends of a quarter circle, in radii.
const bow = 0.5523

// ticket is a card with round corners, and a half circle out of each of its short sides.
func ticket(line func(...point), cube func(b, c, d point)) {
	const left, right, top, bottom, round, bite = 92, 420, 168, 344, 20, 34
	const mid, in, out = (top + bottom) / 2, round * (1 - bow), bite * bow
	line(point{left + round, top}, point{right - round, top})
	cube(point{right - in, top}, point{right, top + in}, point{right, top + round})
	line(point{right, mid - bite})
	cube(point{right - out, mid - bite}, point{right - bite, mid - out}, point{right - bite, mid})
	cube(point{right - bite, mid + out}, point{right - out, mid + bite}, point{right, mid + bite})
	line(point{right, bottom - round})
	cube(point{right, bottom - in}, point{right - in, bottom}, point{right - round, bottom})
	line(point{left + round, bottom})
	cube(point{left + in, bottom}, point{left, bottom - in}, point{left, bottom - round})
	line(point{left, mid + bite})
	cube(point{left + out, mid + bite}, point{left + bite, mid + out}, point{left + bite, mid})
	cube(point{left + bite, mid - out}, point{left + out, mid - bite}, point{left, mid - bite})
	line(point{left, top + round})
	cube(point{left, top + in}, point{left + in, top}, point{left + round, top})
}

func rectangle(x, y, w, h float32) shape {
	return func(line func(...point), _ func(b, c, d point)) {
		line(point{x, y}, point{x + w, y}, point{x + w, y + h}, point{x, y + h})
	}
}

func circle(at point, r float32) shape {
	return func(line func(...point), cube func(b, c, d point)) {
		k := r * bow
		line(point{at.x + r, at.y})
		cube(point{at.x + r, at.y + k}, point{at.x + k, at.y + r}, point{at.x, at.y + r})
		cube(point{at.x - k, at.y + r}, point{at.x - r, at.y + k}, point{at.x - r, at.y})
		cube(point{at.x - r, at.y - k}, point{at.x - k, at.y - r}, point{at.x, at.y - r})
		cube(point{at.x + k, at.y - r}, point{at.x + r, at.y - k}, point{at.x + r, at.y})
	}
}

// stroke is a straight line of some width.
func stroke(from, to point, half float32) shape {
	return func(line func(...point), _ func(b, c, d point)) {
		dx, dy := to.x-from.x, to.y-from.y
		k := half / float32(math.Hypot(float64(dx), float64(dy)))
		nx, ny := -dy*k, dx*k
		line(point{from.x + nx, from.y + ny}, point{to.x + nx, to.y + ny}, point{to.x - nx, to.y - ny}, point{from.x - nx, from.y - ny})
	}
}
