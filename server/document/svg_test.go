package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/sync/fault"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wantGolden compares with testdata/name, or writes it under -update.
func wantGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; if that is meant, run go test -update. Got:\n%s", file, got)
	}
}

func TestSVGGolden(t *testing.T) {
	var b bytes.Buffer
	if err := SVG(&b, token(148), "Ticket of Zoë <b> & Söhne"); err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "ticket.svg", b.Bytes())
}

// drawing is what a browser sees in an SVG of ours.
type drawing struct {
	XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
	ViewBox string   `xml:"viewBox,attr"`
	Role    string   `xml:"role,attr"`
	Title   string   `xml:"title"`
	Paths   []struct {
		D string `xml:"d,attr"`
	} `xml:"path"`
}

// paint fills the dark path on white at so many pixels a unit. It knows the few
// path commands we write and refuses others.
func (d drawing) paint(scale int) (*image.Gray, error) {
	var side int
	if _, err := fmt.Sscanf(d.ViewBox, "0 0 %d", &side); err != nil {
		return nil, err
	}
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, part := range strings.Split(strings.TrimSuffix(d.Paths[1].D, "z"), "z") {
		var x, y, n, back int
		if _, err := fmt.Sscanf(part, "M%d %dh%dv1h-%d", &x, &y, &n, &back); err != nil || n != back {
			return nil, fmt.Errorf("path part %q: %v", part, err)
		}
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+n)*scale; px++ {
				img.Pix[img.PixOffset(px, py)] = 0
			}
		}
	}
	return img, nil
}

func TestSVGReadsBack(t *testing.T) {
	for _, length := range []int{24, 216, 700} {
		for _, title := range append(hostile(), "Ticket 12") {
			var b bytes.Buffer
			if err := SVG(&b, token(length), title); err != nil {
				t.Fatal(err)
			}
			var d drawing
			if err := xml.Unmarshal(b.Bytes(), &d); err != nil {
				t.Fatalf("title %q: %v", title, err)
			}
			if d.Role != "img" || d.Title == "" || len(d.Paths) != 2 {
				t.Fatalf("role %q, title %q, %d paths", d.Role, d.Title, len(d.Paths))
			}
			img, err := d.paint(4)
			if err != nil {
				t.Fatal(err)
			}
			wantCode(t, img, token(length))
		}
	}
}

func TestSVGRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := SVG(&b, strings.Repeat("A", MaxCode+1), ""); !errors.Is(err, fault.TooLarge) || b.Len() > 0 {
		t.Errorf("too long: got %v and %d bytes", err, b.Len())
	}
	if err := SVG(failing{}, token(30), ""); !errors.Is(err, errFull) {
		t.Errorf("full disk: got %v", err)
	}
	if err := SVG(io.Discard, token(30), ""); err != nil {
		t.Error(err)
	}
}
