package paper

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os/exec"
	"testing"

	"golang.org/x/image/draw"

	"usher/crypto/keyring"
	"usher/crypto/ticket"
	"usher/gate/scan"
	"usher/server/document"
)

// picture is that of an event: squares, of which some look like a code's corners.
func picture(t *testing.T) document.Picture {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 600, 400))
	for y := range 400 {
		for x := range 600 {
			if x/50%2 == y/50%2 {
				img.SetGray(x, y, color.Gray{Y: uint8(x * 255 / 600)})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	p, err := document.ReadPicture(&out)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// printed is the first page of a file in black and white, as pdftoppm's halftones have
// it, at so many dots to the inch, and a little blurred.
func printed(t *testing.T, file []byte, dpi int) []byte {
	t.Helper()
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		t.Fatal("pdftoppm is missing: run `make deps` (it installs poppler-utils)")
	}
	run := exec.Command(program, "-r", fmt.Sprint(dpi), "-mono", "-png", "-singlefile", "-")
	run.Stdin = bytes.NewReader(file)
	out, err := run.Output()
	if failed, is := errors.AsType[*exec.ExitError](err); is {
		t.Fatalf("pdftoppm: %s", failed.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	hard, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	b := hard.Bounds()
	at := func(x, y int) int { return int(color.GrayModel.Convert(hard.At(x, y)).(color.Gray).Y) }
	soft := image.NewGray(b)
	for y := b.Min.Y + 1; y < b.Max.Y-1; y++ {
		for x := b.Min.X + 1; x < b.Max.X-1; x++ {
			soft.SetGray(x, y, color.Gray{Y: uint8((4*at(x, y) + at(x+1, y) + at(x-1, y) + at(x, y+1) + at(x, y-1)) / 8)})
		}
	}
	var blurred bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&blurred, soft); err != nil {
		t.Fatal(err)
	}
	return blurred.Bytes()
}

// afar is what a camera of 1280 pixels across sees of a page at arm's length: the half metre
// that its lens has in view there is 60 pixels to the inch.
func afar(t *testing.T, page []byte, dpi int) []byte {
	t.Helper()
	near, err := png.Decode(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	const seen = 60
	far := image.NewGray(image.Rect(0, 0, near.Bounds().Dx()*seen/dpi, near.Bounds().Dy()*seen/dpi))
	draw.CatmullRom.Scale(far, far.Bounds(), near, near.Bounds(), draw.Src, nil)
	var out bytes.Buffer
	if err := png.Encode(&out, far); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A gate reads tickets off the paper of a cheap printer, the fullest that there are, with
// the event's picture on the page, and reads nothing else there: close by and at arm's
// length.
func TestGateReadsPaper(t *testing.T) {
	issuer, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ticket.Issue(ticket.Claims{
		Event: "HARBOUR-NIGHT-26", ID: ticket.ID{1, 2, 3, 4, 5, 6, 7, 8}, Generation: 65535, Product: 1 << 31, Zones: 1 << 31,
		Seat: "Block C Row 12 Seat 4", Admissions: 255, NotBefore: ticket.At(1_800_000_000), Expires: ticket.At(1_800_090_000),
	}, issuer)
	if err != nil {
		t.Fatal(err)
	}
	sheet := document.Ticket{
		EventName: "Harbour Nights", Venue: "Pier 7", When: "Saturday, 12 December 2026, 19:30", HolderName: "Zoë Müller", Product: "Weekend", Seat: "Block C Row 12 Seat 4",
		Terms: "This ticket is personal.", ShortCode: "7K3M-9QXT-4ABCD-X", Token: text,
	}
	for _, paper := range []document.Paper{document.A4, document.A6} {
		var file bytes.Buffer
		if err := document.TicketPDF(&file, sheet, document.Options{Paper: paper, Picture: picture(t)}); err != nil {
			t.Fatal(err)
		}
		for _, dpi := range []int{150, 203} {
			page := printed(t, file.Bytes(), dpi)
			for where, seen := range map[string][]byte{"close by": page, "at arm's length": afar(t, page, dpi)} {
				found, err := scan.Picture(bytes.NewReader(seen))
				if err != nil || len(found) != 1 || found[0] != text {
					t.Errorf("%s at %d dpi, %s: the gate reads %q, %v", paper, dpi, where, found, err)
				}
			}
		}
	}
}
