package document

import (
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/draw"
)

// read gives the text of the one code in a picture, by a decoder that shares
// nothing with the encoder. The decoder misses about one clean picture in a
// hundred because it takes data for a finder pattern, and more where modules are
// under four pixels, so it is asked in several ways; none of them can make it
// read something else than is there.
func read(img image.Image) (text string, err error) {
	for _, as := range []func(image.Image) image.Image{plain, double} {
		picture := as(img)
		for _, hints := range []map[gozxing.DecodeHintType]any{
			{gozxing.DecodeHintType_TRY_HARDER: true},
			{},
			{gozxing.DecodeHintType_PURE_BARCODE: true},
		} {
			bitmap, e := gozxing.NewBinaryBitmapFromImage(picture)
			if e != nil {
				return "", e
			}
			result, e := qrcode.NewQRCodeReader().Decode(bitmap, hints)
			if e == nil {
				return result.GetText(), nil
			}
			err = e
		}
	}
	return "", err
}

func plain(img image.Image) image.Image { return img }

// double is the picture at twice its size, smoothly enlarged.
func double(img image.Image) image.Image {
	bounds := img.Bounds()
	big := image.NewGray(image.Rect(0, 0, 2*bounds.Dx(), 2*bounds.Dy()))
	draw.BiLinear.Scale(big, big.Bounds(), img, bounds, draw.Src, nil)
	return big
}

// wantCode fails the test unless the picture holds exactly this code.
func wantCode(t *testing.T, img image.Image, want string) {
	t.Helper()
	got, err := read(img)
	if err != nil {
		t.Fatalf("no code in the %v picture: %v", img.Bounds().Size(), err)
	}
	if got != want {
		t.Fatalf("the code reads %q, want %q", got, want)
	}
}

// render turns the first page of a PDF into a grey picture, as a printer and a
// scanner would at so many dots per inch.
func render(t *testing.T, pdf []byte, dpi int) image.Image {
	t.Helper()
	return renderPage(t, pdf, dpi, 1)
}

// renderPage is render for any page, counted from 1.
func renderPage(t *testing.T, pdf []byte, dpi, page int) image.Image {
	t.Helper()
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		t.Fatal("pdftoppm is missing: run `make deps` (it installs poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	number := fmt.Sprint(page)
	run := exec.Command(program, "-r", fmt.Sprint(dpi), "-gray", "-f", number, "-l", number, file)
	out, err := run.Output()
	if err != nil {
		t.Fatalf("pdftoppm: %v", err)
	}
	return parsePGM(t, out)
}

// parsePGM reads the binary grey format that pdftoppm writes.
func parsePGM(t *testing.T, b []byte) image.Image {
	t.Helper()
	var width, height, most int
	if _, err := fmt.Sscanf(string(b[:min(len(b), 40)]), "P5\n%d %d\n%d\n", &width, &height, &most); err != nil || most != 255 {
		t.Fatalf("pdftoppm wrote no grey picture: %v", err)
	}
	img := image.NewGray(image.Rect(0, 0, width, height))
	if len(b) < len(img.Pix) {
		t.Fatalf("pdftoppm wrote %d bytes for %d×%d", len(b), width, height)
	}
	copy(img.Pix, b[len(b)-len(img.Pix):])
	return img
}
