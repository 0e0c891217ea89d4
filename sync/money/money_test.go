package money

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"usher/sync/fault"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor         int64
		code          string
		words, figure string
	}{
		{2500, "EUR", "€25.00", "25.00"}, {5, "EUR", "€0.05", "0.05"}, {0, "EUR", "€0.00", "0.00"}, {123456789, "EUR", "€1,234,567.89", "1234567.89"},
		{2500, "JPY", "¥2,500", "2500"}, {2500, "KWD", "KWD\u00a02.500", "2.500"}, {2500, "CHF", "CHF\u00a025.00", "25.00"}, {1, "IQD", "IQD\u00a00.001", "0.001"},
		{-2500, "EUR", "-€25.00", "-25.00"}, {9223372036854775807, "EUR", "€92,233,720,368,547,758.07", "92233720368547758.07"},
		{2500, "QQQ", "2500 minor units of QQQ", "2500"}, {2500, "", "2500 minor units of ", "2500"},
		{2500, strings.Repeat("E", 1000), "2500 minor units of EEEEEEEEEE", "2500"},
	} {
		if got := Format(c.minor, c.code); got != c.words {
			t.Errorf("%d %.3s is %q, want %q", c.minor, c.code, got, c.words)
		}
		if got := Decimal(c.minor, c.code); got != c.figure {
			t.Errorf("%d %.3s is %q, want %q", c.minor, c.code, got, c.figure)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, code string
		minor      int64
	}{
		{"25", "EUR", 2500}, {"25.5", "EUR", 2550}, {"25,50", "EUR", 2550}, {"0.05", "EUR", 5}, {"0", "EUR", 0}, {"007", "JPY", 7},
		{"2500", "JPY", 2500}, {"2.500", "KWD", 2500}, {"2.5", "CLF", 25000}, {"999999999999.99", "USD", 99999999999999},
	} {
		if got, err := Parse(c.text, c.code); err != nil || got != c.minor {
			t.Errorf("%s %s is %d, %v; want %d", c.text, c.code, got, err, c.minor)
		}
	}
	for _, c := range [][2]string{
		{"", "EUR"}, {"-1", "EUR"}, {"+1", "EUR"}, {"1e3", "EUR"}, {"NaN", "EUR"}, {"Infinity", "EUR"}, {"25.005", "EUR"}, {"25.", "EUR"}, {".5", "EUR"},
		{"1,000.00", "EUR"}, {"1.0", "JPY"}, {" 1", "EUR"}, {"1 ", "EUR"}, {"٣", "EUR"}, {"1000000000000", "EUR"}, {strings.Repeat("9", 1000), "EUR"},
		{"25", "eur"}, {"25", ""}, {"25", "QQQ"}, {"25", strings.Repeat("E", 1000)},
	} {
		n, err := Parse(c[0], c[1])
		if fault.KindOf(err) != fault.BadInput || n != 0 || len(fault.Message(err)) > 200 {
			t.Errorf("%.20q of %.10q is %d, %v; want it refused in few words", c[0], c[1], n, err)
		}
	}
}

// What is written out is read as the same amount.
func TestDecimalIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLF", "USD"}).Draw(t, "currency")
		minor := rapid.Int64Range(0, 99_999_999_999).Draw(t, "minor")
		if got, err := Parse(Decimal(minor, code), code); err != nil || got != minor {
			t.Fatalf("%d %s is written %q and read as %d, %v", minor, code, Decimal(minor, code), got, err)
		}
	})
}

func TestKnown(t *testing.T) {
	for code, want := range map[string]bool{"EUR": true, "JPY": true, "eur": false, "": false, "QQQ": false, "EURO": false} {
		if Known(code) != want {
			t.Errorf("%q is known: %v", code, !want)
		}
	}
}
