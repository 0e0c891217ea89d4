package document

import (
	"bytes"
	"image"
	"image/draw"
	"strings"
	"testing"
)

func samplePhoneCard() PhoneCard {
	return PhoneCard{
		EventName: "Harbour Nights 2026", Gate: "North 3", Trust: "http://192.168.178.120:8430/trust",
		Link:        "https://192.168.178.120:8430/?key=0123456789abcdef0123456789abcdef",
		Fingerprint: "45 18 FE 30 60 FB 03 5A 08 C7 FB 7B 76 ED 75 61 80 99 C5 82 31 E7 27 45 EB 3B 1E 5A 17 B5 8D E2",
	}
}

// Each code of a printed phone card reads as what it stands for.
func TestPhonePDFReadsBack(t *testing.T) {
	for name, card := range map[string]PhoneCard{
		"to trust":        samplePhoneCard(),
		"real":            {EventName: "Gala", Gate: "North", Link: "https://gate7.venue.example:8430/?key=0123456789abcdef0123456789abcdef"},
		"a hostile event": {EventName: hostile()[6], Gate: hostile()[2], Link: samplePhoneCard().Link, Trust: samplePhoneCard().Trust, Fingerprint: samplePhoneCard().Fingerprint},
	} {
		t.Run(name, func(t *testing.T) {
			var pdf bytes.Buffer
			if err := PhonePDF(&pdf, card, Options{Created: created}); err != nil {
				t.Fatal(err)
			}
			const dpi = 200
			page, top := render(t, pdf.Bytes(), dpi), 30.0
			dots := func(mm float64) int { return int(mm * dpi / 25.4) }
			for _, step := range card.steps() {
				part := image.Rect(0, dots(top-2), dots(54), dots(top+46))
				code := image.NewGray(image.Rectangle{Max: part.Size()})
				draw.Draw(code, code.Rect, page, part.Min, draw.Src)
				wantCode(t, code, step[1])
				top += 48
			}
		})
	}
}

func TestPhoneText(t *testing.T) {
	var b bytes.Buffer
	card := samplePhoneCard()
	if err := PhoneText(&b, card, NoBlocks); err != nil {
		t.Fatal(err)
	}
	trust, link := strings.Index(b.String(), card.Trust), strings.Index(b.String(), card.Link)
	if trust < 0 || link < trust {
		t.Errorf("first the phone trusts, then it opens the page: %s", b.String())
	}
	if !strings.Contains(strings.ReplaceAll(b.String(), "\n", " "), card.Fingerprint) || !strings.Contains(b.String(), phoneWarning) {
		t.Errorf("no fingerprint, or no warning: %s", b.String())
	}
	b.Reset()
	card.Trust, card.Fingerprint = "", ""
	if err := PhoneText(&b, card, NoBlocks); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), phoneCompare) || !strings.Contains(b.String(), "1. Open the door page") {
		t.Errorf("nothing to trust: %s", b.String())
	}
	b.Reset()
	if err := PhoneText(&b, samplePhoneCard(), DarkGround); err != nil || strings.Count(b.String(), "█") < 200 {
		t.Errorf("no codes: %v", err)
	}
}

// A link that no code can hold is refused, and nothing is written.
func TestPhoneCardTooLong(t *testing.T) {
	card := samplePhoneCard()
	card.Link = strings.Repeat("x", 5000)
	var b bytes.Buffer
	if err := PhonePDF(&b, card, Options{}); err == nil || b.Len() > 0 {
		t.Errorf("PDF: %v, %d bytes", err, b.Len())
	}
	if err := PhoneText(&b, card, NoBlocks); err == nil || b.Len() > 0 {
		t.Errorf("text: %v, %d bytes", err, b.Len())
	}
}
