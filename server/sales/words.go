package sales

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"usher/migrations/sqldb"
	"usher/sync/guests"
)

// Bounds of the words that one order is found by: longer names are cut off.
const (
	maxWords   = 12
	maxWordLen = 64
)

// wordsOf gives the words that a buyer is found by, folded as people take them for the
// same: those of the name, the e-mail address as a whole, and those before its @.
func wordsOf(name, email string) []string {
	if name == "" && email == "" {
		return nil
	}
	local, _, _ := strings.Cut(email, "@")
	words := append([]string{guests.Fold(email)}, wordsIn(name)...)
	words = append(words, wordsIn(local)...)
	slices.Sort(words[1:])
	words = slices.Compact(words)
	return words[:min(len(words), maxWords)]
}

// wordsIn gives the words of a text, folded: what stands between blanks and signs.
func wordsIn(text string) []string {
	words := strings.FieldsFunc(guests.Fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for i, w := range words {
		for len(w) > maxWordLen { // at the end of a letter
			cut := []rune(w)
			w = string(cut[:len(cut)-1])
		}
		words[i] = w
	}
	return words
}

// index keeps the words that the order is found by from now on, where was is what the
// buyer was called before.
func (a *act) index(was Details) {
	before, now := wordsOf(was.Name, was.Email), wordsOf(a.Details.Name, a.Details.Email)
	made := a.Made.UnixMilli()
	for _, word := range before {
		if !slices.Contains(now, word) {
			a.more = append(a.more, sqldb.Call{
				Query: `delete from sale_word where word = $1 and made_at = $2 and order_id = $3`, Args: []any{word, made, a.ID},
			})
		}
	}
	values, args := []string(nil), []any{a.ID, made}
	for _, word := range now {
		if !slices.Contains(before, word) {
			args = append(args, word)
			values = append(values, "($"+strconv.Itoa(len(args))+", $2, $1)")
		}
	}
	if len(values) > 0 {
		a.more = append(a.more, sqldb.Call{
			Query: `insert into sale_word (word, made_at, order_id) values ` + strings.Join(values, ", ") + ` on conflict do nothing`, Args: args,
		})
	}
}
