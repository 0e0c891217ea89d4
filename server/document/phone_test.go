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
		EventName: "Harbour Nights 2026", Say: samplePhoneWords(), Trust: "http://192.168.178.120:8430/trust",
		Link:        "https://192.168.178.120:8430/?key=0123456789abcdef0123456789abcdef",
		Fingerprint: "45 18 FE 30 60 FB 03 5A 08 C7 FB 7B 76 ED 75 61 80 99 C5 82 31 E7 27 45 EB 3B 1E 5A 17 B5 8D E2",
	}
}

func samplePhoneWords() PhoneWords {
	return PhoneWords{
		Title: "Phone card", Gate: "Gate North 3", Trust: "First, once a phone: trust the gate", Compare: "Compare this before you trust:",
		Where: "Open /trust at the gate's address", Open: "Open the door page", Key: "The link is made at the gate", Warning: "Hand it over like a key",
	}
}

// Each code of a printed phone card reads as what it stands for.
func TestPhonePDFReadsBack(t *testing.T) {
	for name, card := range map[string]PhoneCard{
		"to trust":        samplePhoneCard(),
		"real":            {EventName: "Gala", Say: samplePhoneWords(), Link: "https://gate7.venue.example:8430/?key=0123456789abcdef0123456789abcdef"},
		"made elsewhere":  {EventName: "Gala", Say: samplePhoneWords(), Trust: samplePhoneCard().Trust, Fingerprint: samplePhoneCard().Fingerprint},
		"a hostile event": {EventName: hostile()[6], Say: PhoneWords{Gate: hostile()[2], Note: hostile()[6]}, Link: samplePhoneCard().Link, Trust: samplePhoneCard().Trust, Fingerprint: samplePhoneCard().Fingerprint},
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
				if step.url == "" {
					continue
				}
				part := image.Rect(0, dots(top-2), dots(54), dots(top+46))
				code := image.NewGray(image.Rectangle{Max: part.Size()})
				draw.Draw(code, code.Rect, page, part.Min, draw.Src)
				wantCode(t, code, step.url)
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
	if !strings.Contains(strings.ReplaceAll(b.String(), "\n", " "), card.Fingerprint) || !strings.Contains(b.String(), card.Say.Warning) {
		t.Errorf("no fingerprint, or no warning: %s", b.String())
	}
	b.Reset()
	card.Trust, card.Fingerprint = "", ""
	if err := PhoneText(&b, card, NoBlocks); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), card.Say.Compare) || !strings.Contains(b.String(), "1. Open the door page") {
		t.Errorf("nothing to trust: %s", b.String())
	}
	b.Reset()
	elsewhere := samplePhoneCard()
	elsewhere.Trust, elsewhere.Link, elsewhere.Say.Note = "", "", "It was made anew"
	if err := PhoneText(&b, elsewhere, NoBlocks); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{elsewhere.Say.Where, elsewhere.Say.Key, elsewhere.Say.Compare, elsewhere.Say.Note, elsewhere.Fingerprint[:20]} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("a card that was not made at the gate lacks %q: %s", part, b.String())
		}
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
