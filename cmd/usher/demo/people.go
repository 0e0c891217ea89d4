package demo

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
)

// Names for the guest list: enough of them to look like a real one, from several
// alphabets because real ones are.
var (
	first = []string{
		"Amara", "Bjørn", "Chiara", "Dmitri", "Elif", "François", "Grace", "Håkon", "Inés", "Jürgen", "Kamila", "Łukasz", "Maëlle",
		"Nikos", "Oluwaseun", "Priya", "Quentin", "Rósa", "Søren", "Tamar", "Úrsula", "Vlad", "Wanjiru", "Ximena", "Yusuf", "Zoë",
	}
	last = []string{
		"Andersen", "Bauer", "Çelik", "Dubois", "Eriksson", "Fernández", "García", "Hughes", "Ivanova", "Jansen", "Kowalski", "López",
		"Müller", "Nguyễn", "O'Brien", "Papadopoulos", "Quinn", "Rossi", "Schmidt", "Tremblay", "Ustinov", "Vasquez", "Wójcik", "Yılmaz", "Žukauskas",
	}
)

// ascii writes a name as an address has it.
var ascii = strings.NewReplacer(
	"ø", "o", "å", "a", "ç", "c", "Ç", "C", "é", "e", "ü", "u", "Ł", "L", "ł", "l", "ë", "e", "ó", "o", "Ú", "U", "á", "a", "í", "i",
	"ễ", "e", "'", "", "ı", "i", "Ž", "Z", "ž", "z", "š", "s", "ś", "s", "ö", "o", "ñ", "n", "Yı", "Yi",
)

// writePeople writes a guest list of n people as CSV: standing and seated, and a
// few with a table for four.
func writePeople(w io.Writer, n int) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"external_id", "name", "email", "product", "seat", "admissions"}); err != nil {
		return err
	}
	for i := range n {
		a, b := first[i%len(first)], last[(i*7+i/len(first))%len(last)]
		product, seat, admissions := "standing", "", "1"
		switch {
		case i%25 == 24:
			product, seat, admissions = "table", fmt.Sprintf("Table %d", i/25+1), "4"
		case i%4 == 3:
			product, seat = "seated", fmt.Sprintf("%c-%d", 'A'+i/4%20, i/80+1)
		}
		email := strings.ToLower(ascii.Replace(a)+"."+ascii.Replace(b)) + fmt.Sprintf("%d@example.org", i)
		if err := out.Write([]string{fmt.Sprintf("D%04d", i+1), a + " " + b, email, product, seat, admissions}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
