// Package money puts amounts into words and reads them. Inside usher an amount is
// a whole number of its currency's minor units, so nothing is ever rounded: 2500
// of EUR are 25.00 €, 2500 of JPY are 2500 ¥, 2500 of KWD are 2.500 dinars. How
// many decimals a currency has, and how it is written, is CLDR's and ISO 4217's
// to say.
package money

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"usher/sync/fault"
)

// plain is an amount as a person types it. 12 digits before the point keep every
// currency within an int64.
var plain = regexp.MustCompile(`^[0-9]{1,12}([.,][0-9]{1,4})?$`)

// Known reports whether code is a currency of ISO 4217 in use, as EUR.
func Known(code string) bool {
	_, known := currency.GetDigits(code)
	return known
}

// Parse reads an amount in a currency: 25, 25.5 or 25,50. It may have no more
// decimals than the currency. The error is fault.BadInput.
func Parse(text, code string) (minor int64, err error) {
	digits, known := currency.GetDigits(code)
	if !known {
		return 0, fault.New(fault.BadInput, "%.10q is no currency: want a code of ISO 4217 such as EUR", code)
	}
	if !plain.MatchString(text) {
		return 0, fault.New(fault.BadInput, "%.30q is no amount: want digits such as 25 or 25.50", text)
	}
	whole, cents, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	if len(cents) > int(digits) {
		return 0, fault.New(fault.BadInput, "%.30q has %d decimals, %s has %d", text, len(cents), code, digits)
	}
	minor, err = strconv.ParseInt(whole+cents+strings.Repeat("0", int(digits)-len(cents)), 10, 64)
	if err != nil {
		return 0, fault.Wrap(fault.BadInput, err, "%.30q is too much", text)
	}
	return minor, nil
}

// Decimal gives an amount as [Parse] reads it, 25.00. Of a currency that is not
// known it gives the minor units.
func Decimal(minor int64, code string) string {
	amount, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return strconv.FormatInt(minor, 10)
	}
	return amount.Number()
}

// Format gives an amount as people write it in English, €25.00. A currency that
// is not known, as it may come from a newer usher, is named with the minor units.
func Format(minor int64, code string) string { return FormatIn("en", minor, code) }

// FormatIn is Format as people write amounts in another language, by its tag: 25,00 €
// in de. The words for a currency that is not known are English in all of them.
func FormatIn(language string, minor int64, code string) string {
	amount, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return fmt.Sprintf("%d minor units of %.10s", minor, code)
	}
	return currency.NewFormatter(currency.NewLocale(language)).Format(amount)
}
