package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	qrencode "github.com/skip2/go-qrcode"
	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"

	"usher/sync/fault"
)

// page is white paper of a size in pixels.
func page(width, height int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	return img
}

// stick puts a code on a page, with modules of so many pixels.
func stick(t testing.TB, img draw.Image, text string, x, y, module int) {
	t.Helper()
	code, err := qrencode.New(text, qrencode.High)
	if err != nil {
		t.Fatal(err)
	}
	code.DisableBorder = true
	for row, line := range code.Bitmap() {
		for col, dark := range line {
			if dark {
				square := image.Rect(x+col*module, y+row*module, x+(col+1)*module, y+(row+1)*module)
				draw.Draw(img, square, image.Black, image.Point{}, draw.Src)
			}
		}
	}
}

// print fills a part of a page with what looks like lines of print.
func print(img *image.Gray, area image.Rectangle, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 3))
	for y := area.Min.Y; y+10 < area.Max.Y; y += 16 {
		for x := area.Min.X; x < area.Max.X; {
			w := 2 + random.IntN(6)
			if random.IntN(5) > 0 {
				draw.Draw(img, image.Rect(x, y+random.IntN(4), x+w, y+6+random.IntN(5)), image.Black, image.Point{}, draw.Src)
			}
			x += w + 2 + random.IntN(4)
		}
	}
}

// encoded is a picture as a file.
func encoded(t testing.TB, encode func(io.Writer, image.Image) error, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// wantTexts fails the test unless the picture holds exactly these codes.
func wantTexts(t *testing.T, name string, img image.Image, want ...string) {
	t.Helper()
	if got, err := ReadImage(img); err != nil || !slices.Equal(got, want) {
		t.Errorf("%s: got %.60q, %v; want %.60q", name, got, err, want)
	}
}

func TestPictureFormats(t *testing.T) {
	text := hardToken(216, 1)
	grey := page(400, 420)
	stick(t, grey, text, 40, 50, 5)
	colour := image.NewNRGBA(grey.Rect)
	draw.Draw(colour, colour.Rect, grey, image.Point{}, draw.Src)
	for name, encode := range map[string]func(io.Writer, image.Image) error{
		"png":  png.Encode,
		"jpeg": func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) },
		"gif":  func(w io.Writer, img image.Image) error { return gif.Encode(w, img, nil) },
		"bmp":  bmp.Encode,
		"webp": encodeWebP,
	} {
		for kind, img := range map[string]image.Image{"grey": grey, "colour": colour} {
			got, err := Picture(bytes.NewReader(encoded(t, encode, img)))
			if err != nil || !slices.Equal(got, []string{text}) {
				t.Errorf("%s, %s: got %q, %v", name, kind, got, err)
			}
		}
	}
}

// encodeWebP writes black and white as lossless WebP (RFC 9649, section 3): no
// transforms, and prefix codes of one bit for each colour. Go has no encoder.
func encodeWebP(w io.Writer, img image.Image) error {
	var data []byte
	used := 0
	put := func(value, bits int) {
		for i := range bits {
			if used%8 == 0 {
				data = append(data, 0)
			}
			data[len(data)-1] |= byte(value>>i&1) << (used % 8)
			used++
		}
	}
	size := img.Bounds().Size()
	put(0x2f, 8)
	put(size.X-1, 14)
	put(size.Y-1, 14)
	put(0, 1+3+1+1+1) // no alpha, version 0, no transform, no cache, one set of codes
	for range 3 {     // green, red, blue: two symbols, 0 and 255
		put(0b11, 2)
		put(0, 1+1)
		put(255, 8)
	}
	for _, symbol := range []int{255, 0} { // alpha, distance: one symbol each
		put(0b101, 3)
		put(symbol, 8)
	}
	for i := range size.X * size.Y {
		light, _, _, _ := img.At(i%size.X, i/size.X).RGBA()
		put(-int(light>>15), 3)
	}
	data = append(data, make([]byte, len(data)%2)...)
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(data)+12))
	file = binary.LittleEndian.AppendUint32(append(file, "WEBPVP8L"...), uint32(len(data)))
	_, err := w.Write(append(file, data...))
	return err
}

// Every kind of picture in memory gives the same greys, also when it is a part of
// a larger one.
func TestGreyOf(t *testing.T) {
	colours := []color.NRGBA{{0, 0, 0, 255}, {255, 255, 255, 255}, {200, 30, 90, 255}, {0, 0, 0, 0}, {10, 200, 30, 128}}
	bounds := image.Rect(0, 0, 7, len(colours))
	part := image.Rect(2, 1, 6, len(colours))
	palette := color.Palette{}
	for _, c := range colours {
		palette = append(palette, c)
	}
	pictures := map[string]draw.Image{
		"NRGBA": image.NewNRGBA(bounds), "RGBA": image.NewRGBA(bounds), "NRGBA64": image.NewNRGBA64(bounds),
		"RGBA64": image.NewRGBA64(bounds), "Paletted": image.NewPaletted(bounds, palette), "CMYK": image.NewCMYK(bounds),
	}
	for name, img := range pictures {
		for y, c := range colours {
			for x := range bounds.Dx() {
				img.Set(x, y, c)
			}
		}
		sub := img.(interface {
			SubImage(image.Rectangle) image.Image
		}).SubImage(part)
		got := greyOf(sub)
		if got.width != 4 || got.height != 4 {
			t.Fatalf("%s: %d × %d", name, got.width, got.height)
		}
		for y, want := range []int{255, 88, 255, 190} {
			if name == "CMYK" && y >= 2 {
				continue // knows no opacity
			}
			if v := int(got.pix[y*4]); v < want-2 || v > want+2 {
				t.Errorf("%s: colour %d is %d, want %d", name, y+1, v, want)
			}
		}
	}
}

// Dark mode, transparent ground, and scans: what people really hand in.
func TestPictureCircumstances(t *testing.T) {
	text := hardToken(182, 2)
	clear := image.NewNRGBA(image.Rect(0, 0, 320, 320))
	stick(t, clear, text, 30, 30, 5)
	wantTexts(t, "ink on nothing", clear, text)

	dark := page(320, 320)
	stick(t, dark, text, 30, 30, 5)
	for i := range dark.Pix {
		dark.Pix[i] = ^dark.Pix[i]
	}
	wantTexts(t, "light on dark", dark, text)

	mirrored := page(320, 320)
	for y := range 320 {
		for x := range 320 {
			mirrored.SetGray(x, y, color.Gray{Y: ^dark.GrayAt(319-x, y).Y})
		}
	}
	wantTexts(t, "mirrored", mirrored, text)

	edge := page(49*4, 49*4) // no quiet zone at all
	stick(t, edge, hardToken(148, 3), 0, 0, 4)
	wantTexts(t, "cut to its edge", edge, hardToken(148, 3))

	one := page(29, 29)
	stick(t, one, "UT1:A", 4, 4, 1)
	wantTexts(t, "a pixel a module", one, "UT1:A")
}

// A scanned page with print on it, at the usual resolutions, and one code of
// 57 modules 60 mm wide.
func TestPictureScannedPage(t *testing.T) {
	text := hardToken(216, 4)
	for dpi, module := range map[int]int{100: 4, 150: 6, 300: 12, 600: 25} {
		if each < 10 && dpi > 300 {
			continue
		}
		img := page(210*dpi*10/254, 297*dpi*10/254)
		print(img, image.Rect(dpi/2, img.Rect.Dy()/2, img.Rect.Dx()-dpi/2, img.Rect.Dy()-dpi/2), uint64(dpi))
		stick(t, img, text, dpi, dpi, module)
		wantTexts(t, "page", img, text)
	}
}

// A small code on a large picture vanishes when that is made smaller.
func TestPictureSmallCodeOnLarge(t *testing.T) {
	text := hardToken(148, 5)
	img := page(4200, 2400)
	print(img, image.Rect(100, 100, 1500, 2300), 5)
	stick(t, img, text, 3100, 1300, 2)
	wantTexts(t, "small on large", img, text)
}

func TestPictureSeveralCodes(t *testing.T) {
	img := page(1240, 1754)
	var want []string
	for i := range 4 {
		want = append(want, hardToken(200+i, uint64(i)))
		stick(t, img, want[i], 80+620*(i%2), 90+877*(i/2), 6)
	}
	wantTexts(t, "four", img, want...)

	twice := page(900, 420)
	stick(t, twice, want[0], 30, 30, 5)
	stick(t, twice, want[0], 480, 50, 5)
	wantTexts(t, "the same twice", twice, want[0])
}

func TestPictureRefuses(t *testing.T) {
	good := encoded(t, png.Encode, page(100, 100))
	jpg := encoded(t, func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) }, page(400, 400))
	for name, tc := range map[string]struct {
		file []byte
		kind error
		says string
	}{
		"nothing":         {nil, fault.BadInput, "no picture"},
		"text":            {[]byte("UT1:ABC"), fault.BadInput, "no picture"},
		"a cut header":    {good[:12], fault.BadInput, "damaged"},
		"a cut PNG":       {good[:len(good)-20], fault.BadInput, "damaged"},
		"a cut JPEG":      {jpg[:len(jpg)/2], fault.BadInput, "damaged"},
		"too large":       {make([]byte, MaxFile+1), fault.TooLarge, "20 MiB"},
		"a bomb":          {bomb(60_000, 60_000, 0), fault.TooLarge, "60000 × 60000"},
		"a 16 bit bomb":   {bomb(6000, 5000, 6), fault.TooLarge, "6000 × 5000"},
		"no pixels":       {bomb(0, 10, 0), fault.BadInput, "damaged"},
		"overflow":        {bomb(1<<31-1, 1<<31-1, 0), fault.BadInput, "damaged"},
		"no code":         {good, ErrNoCode, "no QR code found in a picture of 100 × 100"},
		"no code, a kind": {good, fault.NotFound, "no QR code found"},
	} {
		got, err := Picture(bytes.NewReader(tc.file))
		if !errors.Is(err, tc.kind) || !strings.Contains(fault.Message(err), tc.says) {
			t.Errorf("%s: got %q, %v; want %v saying %q", name, got, err, tc.kind, tc.says)
		}
	}
	errCut := errors.New("cable out")
	if _, err := Picture(iotest.ErrReader(errCut)); !errors.Is(err, errCut) {
		t.Errorf("failing reader: got %v", err)
	}
	if _, err := ReadImage(image.NewGray(image.Rect(0, 0, 0, 5))); !errors.Is(err, fault.BadInput) {
		t.Errorf("no pixels in memory: got %v", err)
	}
	if _, err := ReadImage(image.NewUniform(color.White)); !errors.Is(err, fault.TooLarge) {
		t.Errorf("endless picture: got %v", err)
	}
}

// bomb is a PNG of a few bytes that claims to be huge: black, grey with one bit a
// pixel, or of another colour type with 16 bits.
func bomb(width, height uint32, colourType byte) []byte {
	depth := byte(1)
	if colourType != 0 {
		depth = 16
	}
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, depth, colourType, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, header...)
	file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
	return append(file, "\x00\x00\x00\x00IDAT"...)
}

// Noise, stripes and print make shapes like finders by the hundred; none makes
// the reader fail or read something.
func TestNothingIsReadFromNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 3 * each {
		width, height := 1+random.IntN(300), 1+random.IntN(300)
		img := page(width, height)
		switch i % 3 {
		case 0:
			for j := range img.Pix {
				img.Pix[j] = uint8(random.Uint32())
			}
		case 1:
			for j := range img.Pix {
				img.Pix[j] = uint8(255 * (j / (1 + i) % 2))
			}
		case 2:
			print(img, img.Rect, uint64(i))
		}
		if got, err := ReadImage(img); !errors.Is(err, ErrNoCode) {
			t.Errorf("%d × %d: read %q, %v", width, height, got, err)
		}
	}
}
