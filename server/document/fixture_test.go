package document

import (
	"math/rand/v2"
	"strings"
	"time"
)

// created is the creation date of every PDF in these tests.
var created = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// token is a text of the length and alphabet of a real ticket, the same for the
// same length.
func token(length int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	random := rand.New(rand.NewPCG(7, uint64(length)))
	text := []byte("UT1:")
	for len(text) < length-1 {
		text = append(text, alphabet[random.IntN(len(alphabet))])
	}
	return string(append(text, 'W'))
}

// sample is a ticket with every field in use.
func sample() Ticket {
	return Ticket{
		EventName:  "Harbour Nights 2026",
		Venue:      "Pier 7, Shed 2, Große Elbstraße 12, 20457 Hamburg",
		When:       "Saturday 12 December 2026, 19:30 (doors 18:00)",
		HolderName: "Zoë Müller-Łukasiewicz",
		Product:    "Weekend pass with camping",
		Seat:       "Block C Row 12 Seat 4",
		Zone:       "Main hall, Backstage",
		Gate:       "North 3",
		Terms:      "This ticket is personal. No re-entry after 23:00. The organiser may refuse admission.",
		Footer:     "Harbour Events GmbH · order 10-20394",
		ShortCode:  "7K3M-9QXT-4ABCD-X",
		Token:      token(216),
	}
}

// sampleCard is an enrolment card with every field in use.
func sampleCard() Card {
	return Card{
		EventName: "Harbour Nights 2026",
		Gate:      "North 3",
		Role:      "supervisor",
		Server:    "https://tickets.harbour.example:8443",
		Expires:   "12 Dec 2026 18:40 CET",
		Text:      "UE1:" + token(240)[4:],
		Typed:     "7K3M-9QXT-4ABC-DEFG-HJKM-NPQR-STVW-XYZ0-1234-5678-9ABC",
	}
}

// hostile are texts that came in names before, or might.
func hostile() []string {
	return []string{
		"",
		" ",
		"\x00\x01\x1b[31mred\x1b[0m",
		"evil\u202Etxt.exe\u2066\u2069",
		"\xff\xfe broken \xc3\x28 utf8 \xe2\x82",
		"<script>alert(1)</script>&\"'",
		") Tj ET (escape \\ \\) out",
		strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 9),
		strings.Repeat("long name ", 100_000),
		"李小龍 🎉👩‍👩‍👧 \U0010FFFF \U0002A6D6",
		"مرحبا بالعالم שלום",
		"Nguyễn Thị Ánh, Ngọc Đặng",
		"Z\u0351\u036B\u0343a\u0352\u0343l\u0360go" + strings.Repeat("\u0300", 500),
		"line\nbreak\r\nand\ttab\u2028sep",
		strings.Repeat("\u200B\uFEFF", 300),
		strings.Repeat("W", 300),
		"ﬁnal ﷺ ㍿ ½ Ω ﹏",
	}
}
