package catalog

import (
	"slices"
	"strings"
)

// Limits of a bank account.
const (
	minIBAN = 15 // ISO 13616: the shortest there is
	maxIBAN = 34
)

// Bank is the account that invoices are paid to. Its zero value is none.
type Bank struct {
	Holder  string `json:"holder"`            // whose it is
	IBAN    string `json:"iban,omitempty"`    // in capitals, without spaces
	BIC     string `json:"bic,omitempty"`     // likewise
	Name    string `json:"name,omitempty"`    // of the bank
	Account string `json:"account,omitempty"` // in words, where accounts have no IBAN; several lines
}

// Known says whether there is an account.
func (b *Bank) Known() bool { return b.IBAN != "" || b.Account != "" }

// Shown is the IBAN in groups of four, as people read and type it.
func (b *Bank) Shown() string {
	var groups []string
	for group := range slices.Chunk([]byte(b.IBAN), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// bank reads the account of a shop. Without a holder it is the seller's.
func (f *finder) bank(t *bankTable, seller string) Bank {
	if t == nil {
		return Bank{}
	}
	b := Bank{
		Holder:  f.line("shop.bank.holder", "shop.bank.holder", t.Holder, maxName, false),
		IBAN:    f.iban(t.IBAN),
		BIC:     f.bic(t.BIC),
		Name:    f.line("shop.bank.name", "shop.bank.name", t.Name, maxName, false),
		Account: f.text("shop.bank.account", "shop.bank.account", t.Account, maxAddress),
	}
	if b.Holder == "" {
		b.Holder = seller
	}
	switch {
	case t.IBAN == "" && b.Account == "":
		f.blame("shop.bank", "shop.bank", "it says no account: want an iban, or account for one without")
	case t.IBAN != "" && b.Account != "":
		f.blame("shop.bank.account", "shop.bank.account", "there is an iban: want one of the two")
	}
	return b
}

// iban reads an account number of ISO 13616 and checks its check digits, so that a
// slip of the finger sends nobody's money elsewhere.
func (f *finder) iban(text string) string {
	number := compact(text)
	if text != "" && !goodIBAN(number) {
		f.blame("shop.bank.iban", "shop.bank.iban", "%.50q is no IBAN: want two letters, then digits whose check digits fit", text)
	}
	return number
}

// bic reads a bank's code of ISO 9362.
func (f *finder) bic(text string) string {
	code := compact(text)
	if text != "" && (len(code) != 8 && len(code) != 11 || !alphanumeric(code) || strings.ContainsAny(code[:4], digits)) {
		f.blame("shop.bank.bic", "shop.bank.bic", "%.50q is no BIC: want 8 or 11 letters and digits", text)
	}
	return code
}

const digits = "0123456789"

// compact is a number without the spaces that make it readable.
func compact(text string) string {
	return strings.ToUpper(strings.Join(strings.Fields(text), ""))
}

func alphanumeric(text string) bool {
	return strings.Trim(text, digits+"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// goodIBAN checks length, characters and check digits (ISO 7064, modulo 97: letters
// count from 10, and the first four characters go last).
func goodIBAN(number string) bool {
	if len(number) < minIBAN || len(number) > maxIBAN || !alphanumeric(number) ||
		strings.ContainsAny(number[:2], digits) || strings.Trim(number[2:4], digits) != "" {
		return false
	}
	rest := 0
	for _, c := range number[4:] + number[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}
