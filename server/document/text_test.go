package document

import (
	"bytes"
	"errors"
	"image"
	"io"
	"strings"
	"testing"
	"unicode"

	"usher/sync/fault"
)

func TestTextGolden(t *testing.T) {
	var ticket, card bytes.Buffer
	if err := Text(&ticket, sample(), DarkGround); err != nil {
		t.Fatal(err)
	}
	if err := CardText(&card, sampleCard(), NoBlocks); err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "ticket.txt", ticket.Bytes())
	wantGolden(t, "card.txt", card.Bytes())
}

func TestTextLeavesOutWhatIsEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, Ticket{Token: token(148)}, NoBlocks); err != nil {
		t.Fatal(err)
	}
	if want := "Ticket\n======\n\n\n" + token(148) + "\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

// terminal shows the half blocks of a text as pixels, ink on ground.
func terminal(text string, ink, ground uint8) *image.Gray {
	const cell = 4 // pixels a module
	var lines [][]rune
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); strings.ContainsAny(line, "█▀▄") || strings.Trim(line, " ") == "" && line != "" {
			lines = append(lines, []rune(line))
		}
	}
	img := image.NewGray(image.Rect(0, 0, len(lines[0])*cell, 2*len(lines)*cell))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			r, upper := lines[y/cell/2][x/cell], y/cell%2 == 0
			pixel := ground
			if r == '█' || r == '▀' && upper || r == '▄' && !upper {
				pixel = ink
			}
			img.Pix[img.PixOffset(x, y)] = pixel
		}
	}
	return img
}

func TestTextBlocksReadBack(t *testing.T) {
	for _, length := range []int{148, 216, 391} {
		ticket, card := sample(), sampleCard()
		ticket.Token, card.Text = token(length), token(length)
		for _, tc := range []struct {
			blocks      Blocks
			ink, ground uint8
		}{{DarkGround, 255, 0}, {LightGround, 0, 255}} {
			var a, b bytes.Buffer
			if err := errors.Join(Text(&a, ticket, tc.blocks), CardText(&b, card, tc.blocks)); err != nil {
				t.Fatal(err)
			}
			wantCode(t, terminal(a.String(), tc.ink, tc.ground), token(length))
			wantCode(t, terminal(b.String(), tc.ink, tc.ground), token(length))
		}
	}
}

// A name can neither move the cursor nor turn the line around it.
func TestTextIsInert(t *testing.T) {
	for _, name := range hostile() {
		ticket := sample()
		ticket.HolderName, ticket.Terms, ticket.EventName, ticket.Footer = name, name, name, name
		var b bytes.Buffer
		if err := Text(&b, ticket, NoBlocks); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r != '\n' && hidden(r) {
				t.Errorf("%.40q lets %U through", name, r)
			}
		}
		if !strings.Contains(b.String(), "\n"+ticket.Token+"\n") {
			t.Errorf("%.40q: the token has no line of its own", name)
		}
		if b.Len() > 30_000 {
			t.Errorf("%.40q: %d bytes", name, b.Len())
		}
	}
}

func TestTextRefuses(t *testing.T) {
	if err := Text(io.Discard, Ticket{}, NoBlocks); !errors.Is(err, fault.BadInput) {
		t.Errorf("no token: got %v", err)
	}
	if err := CardText(io.Discard, Card{}, NoBlocks); !errors.Is(err, fault.BadInput) {
		t.Errorf("no card: got %v", err)
	}
	if err := Text(failing{}, sample(), NoBlocks); !errors.Is(err, errFull) {
		t.Errorf("full disk: got %v", err)
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"  a \t\n b  ":                   "a b",
		"plain":                          "plain",
		"Zoe\u0308":                      "Zoë",
		"evil\u202Etxt.exe\u2066x\u2069": "eviltxt.exex",
		"\x1b[31mred\x1b[0m":             "[31mred[0m",
		"a\u200Bb\uFEFFc\u061Cd\u00ADe":  "abcde",
		"می\u200Cخواهم":                  "می\u200Cخواهم",
		"\xff\xfe":                       "\uFFFD",
		"\uE000private":                  "private",
		strings.Repeat("ü", MaxField):    strings.Repeat("ü", MaxField),
		strings.Repeat("ü", MaxField+1):  strings.Repeat("ü", MaxField-1) + ellipsis,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%.40q) = %.40q, want %.40q", in, got, want)
		}
	}
}

func TestCleanIsStable(t *testing.T) {
	for _, s := range hostile() {
		once := Clean(s)
		if twice := Clean(once); twice != once {
			t.Errorf("%.40q: clean %.40q, again %.40q", s, once, twice)
		}
		if n := len([]rune(once)); n > MaxField {
			t.Errorf("%.40q: %d characters", s, n)
		}
	}
}

// What a face is asked to draw it has glyphs for, and something visible stays
// visible.
func TestDrawable(t *testing.T) {
	f := faces().regular
	for in, want := range map[string]string{
		"Zoë Müller":     "Zoë Müller",
		"Ωμέγα Привет":   "Ωμέγα Привет",
		"Nguyễn Thị Ánh": "Nguyên Thi Ánh",
		"李小龍":            "□□□",
		"x\u0332y":       "xy",
		"①½ﬁ":            "1½ﬁ",
		"🎉":              "□",
		"می\u200Cخ":      "□□□",
	} {
		if got := f.drawable(in); got != want {
			t.Errorf("drawable(%q) = %q, want %q", in, got, want)
		}
	}
	for _, s := range hostile() {
		for _, r := range f.drawable(Clean(s)) {
			if !f.covers(r) || r > unicode.MaxRune || r > 0xFFFF {
				t.Errorf("%.40q asks for %U", s, r)
			}
		}
	}
}
