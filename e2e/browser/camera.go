package browser

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"os"
)

// Scene is one thing that the fake camera shows, for a number of frames.
type Scene struct {
	Picture image.Image // nil: an empty wall
	Frames  int
}

// frames a second of the fake camera, and its size.
const (
	rate   = 10
	width  = 640
	height = 480
)

// wall is the grey of what is behind the tickets.
const wall = 150

// WriteCamera writes what the fake camera shows, again and again, as an
// uncompressed YUV4MPEG2 file.
func WriteCamera(path string, scenes []Scene) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	out := bufio.NewWriter(f)
	fmt.Fprintf(out, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n", width, height, rate)
	neutral := make([]byte, width*height/2)
	for i := range neutral {
		neutral[i] = 128
	}
	for _, s := range scenes {
		luma := frame(s.Picture)
		for range s.Frames {
			fmt.Fprint(out, "FRAME\n")
			out.Write(luma)
			out.Write(neutral)
		}
	}
	return out.Flush()
}

// frame draws a picture in the middle of the wall.
func frame(picture image.Image) []byte {
	luma := make([]byte, width*height)
	for i := range luma {
		luma[i] = wall
	}
	if picture == nil {
		return luma
	}
	b := picture.Bounds()
	side := min(height-60, width-60)
	left, top := (width-side)/2, (height-side)/2
	for y := range side {
		for x := range side {
			at := picture.At(b.Min.X+x*b.Dx()/side, b.Min.Y+y*b.Dy()/side)
			luma[(top+y)*width+left+x] = color.GrayModel.Convert(at).(color.Gray).Y
		}
	}
	return luma
}
