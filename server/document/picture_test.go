package document

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// evening is a picture of an event: dark below, bright above, with squares in it that a
// careless reader may take for a code's.
func evening(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(255 - y*200/height), uint8(120 - y*80/height), uint8(x * 90 / width), 255})
			if x/40%3 == 0 && y/40%3 == 0 {
				img.Set(x, y, color.Black)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func readPicture(t testing.TB, file []byte) Picture {
	t.Helper()
	p, err := ReadPicture(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A picture is small, of the shape that it was, and paper where it was see-through.
func TestReadPicture(t *testing.T) {
	for _, size := range [][2]int{{2000, 1000}, {300, 1200}, {200, 200}} {
		p := readPicture(t, evening(t, size[0], size[1]))
		shape, err := jpeg.DecodeConfig(bytes.NewReader(p.jpeg))
		if err != nil || max(shape.Width, shape.Height) > maxPictureSide {
			t.Errorf("%v is %d × %d: %v", size, shape.Width, shape.Height, err)
		}
		if want := float64(size[0]) / float64(size[1]); p.aspect < want*0.98 || p.aspect > want*1.02 {
			t.Errorf("%v has the aspect %v", size, p.aspect)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(readPicture(t, out.Bytes()).jpeg))
	if err != nil {
		t.Fatal(err)
	}
	if grey := color.GrayModel.Convert(img.At(150, 150)).(color.Gray).Y; grey < 250 {
		t.Errorf("what was see-through is %d", grey)
	}
	if p, err := ReadPicture(bytes.NewReader([]byte("nothing"))); err == nil || p.jpeg != nil {
		t.Error("nothing is a picture")
	}
}

// A picture is in a file once, however many tickets it is on, and on each of them.
func TestPictureOnEachTicket(t *testing.T) {
	opt := options(A6)
	opt.Picture = readPicture(t, evening(t, 800, 500))
	var one, many, plain bytes.Buffer
	for n, out := range map[int]*bytes.Buffer{1: &one, 20: &many} {
		if err := TicketsPDF(out, series(n, nil), opt); err != nil {
			t.Fatal(err)
		}
	}
	if err := TicketsPDF(&plain, series(20, nil), options(A6)); err != nil {
		t.Fatal(err)
	}
	if more := many.Len() - plain.Len(); more < len(opt.Picture.jpeg) || more > len(opt.Picture.jpeg)+20*200+2000 {
		t.Errorf("20 pages with a picture of %d bytes are %d longer", len(opt.Picture.jpeg), more)
	}
	for _, page := range []int{1, 20} {
		img := renderPage(t, many.Bytes(), 100, page)
		middle := img.Bounds().Dx() * 85 / 105 // within the picture of an A6 page, at its top right
		if grey := color.GrayModel.Convert(img.At(middle, img.Bounds().Dy()*16/148)).(color.Gray).Y; grey > 220 {
			t.Errorf("page %d has no picture: %d", page, grey)
		}
	}
}

// A cheap printer knows black and white, and its paper isn't sharp; with 150 or 203 dots
// to the inch, with a picture beside it or without, the code is read.
func TestCheapPrinter(t *testing.T) {
	picture := readPicture(t, evening(t, 900, 600))
	for _, paper := range []Paper{A4, A6} {
		opt := options(paper)
		opt.Picture = picture
		file := ticketPDF(t, sample(), opt)
		for _, dpi := range []int{150, 203} {
			wantCode(t, printed(render(t, file, dpi)), sample().Token)
		}
	}
}

// printed is a picture in black and white, a little blurred.
func printed(img image.Image) image.Image {
	b := img.Bounds()
	hard, soft := image.NewGray(b), image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y >= 128 {
				hard.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	for y := b.Min.Y + 1; y < b.Max.Y-1; y++ {
		for x := b.Min.X + 1; x < b.Max.X-1; x++ {
			sum := 4 * int(hard.GrayAt(x, y).Y)
			for _, d := range [][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
				sum += int(hard.GrayAt(x+d[0], y+d[1]).Y)
			}
			soft.SetGray(x, y, color.Gray{Y: uint8(sum / 8)})
		}
	}
	return soft
}
