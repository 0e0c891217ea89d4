package door

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"usher/crypto/grant"
	"usher/crypto/ticket"
	"usher/gate/signin"
	"usher/sync/admission"
	"usher/sync/fault"
	"usher/sync/words"
)

// How long a big word may be: what a 5-inch screen shows on two or three lines
// without breaking inside a word.
const (
	longestWord  = 20 // characters
	longestPiece = 10 // characters without a space or hyphen between
)

func mustBook(t *testing.T) *words.Book {
	t.Helper()
	b, err := book()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The issue names them: no language is lost by a file that isn't embedded.
func TestLanguages(t *testing.T) {
	if got := mustBook(t).Codes(); !slices.Equal(got, []string{"de", "en", "es", "fr"}) {
		t.Errorf("the door speaks %v", got)
	}
}

// used are the keys that a source names, and the beginnings of keys that it puts
// together.
var literal = regexp.MustCompile(`"([a-z]+\.[a-z0-9_.%-]*)"`)

func keysIn(source string, groups map[string]bool) (keys []string) {
	for _, found := range literal.FindAllStringSubmatch(source, -1) {
		key, _, _ := strings.Cut(found[1], "%")
		if group, _, _ := strings.Cut(key, "."); groups[group] {
			keys = append(keys, key)
		}
	}
	return keys
}

// No source asks for a message that no file has, and no file has one that nobody
// asks for.
func TestMessagesAreThoseUsed(t *testing.T) {
	english := mustBook(t).English()
	groups := map[string]bool{}
	for _, key := range english.Keys() {
		group, _, _ := strings.Cut(key, ".")
		groups[group] = true
	}
	used := map[string]bool{}
	for _, pattern := range []string{"*.go", "page/*.js", "page/*.html", "../shift/*.go", "../secure/*.go", "../secure/*.html", "../../sync/words/*.go", "../../cmd/usher/gate_phone*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v %v", pattern, names, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keysIn(string(source), groups) {
				used[key] = true
				if begins := func(have string) bool { return strings.HasPrefix(have, key) }; strings.HasSuffix(key, ".") && slices.ContainsFunc(english.Keys(), begins) {
					continue
				}
				if !english.Has(key) {
					t.Errorf("%s says %q, which no file has", name, key)
				}
			}
			if strings.Contains(string(source), "t(`") {
				t.Errorf("%s puts a key together in backquotes, where this test can't see it", name)
			}
		}
	}
	for _, key := range english.Keys() {
		beginning := func(k string) bool { return strings.HasSuffix(k, ".") && strings.HasPrefix(key, k) }
		if !used[key] && !slices.ContainsFunc(slices.Collect(maps.Keys(used)), beginning) {
			t.Errorf("nobody says %s", key)
		}
	}
}

// Where a key is put together from a stable word, every word has its message.
func TestEveryStableWordHasAMessage(t *testing.T) {
	english := mustBook(t).English()
	have := func(prefix string, names ...string) {
		for _, name := range names {
			if !english.Has(prefix + name) {
				t.Errorf("no message %s%s", prefix, name)
			}
		}
	}
	for _, kind := range fault.Kinds() {
		have("fault.", string(kind))
	}
	for _, reason := range []admission.Reason{admission.NotFound, admission.NotAnEntry, admission.NotOwn, admission.UndoneYet, admission.TooLate} {
		have("undo.", string(reason))
	}
	for _, reason := range []admission.Reason{admission.Superseded, admission.Revoked, admission.Cancelled, admission.Blocked, admission.Refunded, admission.ChargedBack} {
		have("why.what.", string(reason))
	}
	for _, role := range []grant.Role{grant.RoleScanner, grant.RoleBoxOffice, grant.RoleSupervisor, grant.RoleKiosk} {
		have("role.", string(role))
	}
	for _, act := range []signin.Act{
		signin.Challenge, signin.Direction, signin.Undo, signin.UndoOthers, signin.ConfirmPayment, signin.Override, signin.Search, signin.Names, signin.Shift, signin.Training, signin.Leave,
	} {
		have("refused.", string(act))
	}
	have("refused.", "name", "pin", "card", "locked", "busy", "no_staff", "guest")
	have("page.clock.", "good", "far", "suspect", "unsynced")
	for _, looks := range []ticket.Looks{
		ticket.LooksEmpty, ticket.LooksTicket, ticket.LooksCutShort, ticket.LooksLowerCase, ticket.LooksKeyboard,
		ticket.LooksNewer, ticket.LooksCard, ticket.LooksURL, ticket.LooksOther,
	} {
		// The command line says it in English too, in the same words.
		if got := english.Say("why.looks."+string(looks), nil); got != looks.Hint() {
			t.Errorf("%s: %q, and elsewhere %q", looks, got, looks.Hint())
		}
	}
}

// reasonsOfAdmission reads every Reason constant from the source.
func reasonsOfAdmission(t *testing.T) []admission.Reason {
	t.Helper()
	var reasons []admission.Reason
	for _, name := range []string{"result.go", "undo.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), "../../sync/admission/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				if of, named := spec.Type.(*ast.Ident); named && of.Name == "Reason" {
					word, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
					reasons = append(reasons, admission.Reason(word))
				}
			}
			return true
		})
	}
	if len(reasons) < 40 {
		t.Fatalf("only %d reasons found", len(reasons))
	}
	return reasons
}

// noScan are the reasons that no scan is refused for.
var noScan = map[admission.Reason]bool{
	admission.NotFound: true, admission.NotAnEntry: true, admission.NotOwn: true, admission.UndoneYet: true, admission.TooLate: true,
	admission.Debounce: true, admission.NotDisplayed: true,
}

// Every refusal has a big word of its own kind, a sentence, and what to do.
func TestEveryReasonHasWords(t *testing.T) {
	for _, reason := range reasonsOfAdmission(t) {
		v := admission.Verdict{Result: admission.Reject, Reason: reason}
		if noScan[reason] {
			continue
		}
		if _, pass := passes[reason]; pass {
			if wordOf(v) != cannot {
				t.Errorf("%s without an accept reads %s", reason, wordOf(v))
			}
			continue
		}
		if (wordOf(v) == cannot) != (bigWords[reason] == cannot) {
			t.Errorf("%s has no word", reason)
		}
		if why := (teller{English(), v}).why(); why == "" {
			t.Errorf("%s has no sentence", reason)
		}
		if do := (teller{English(), v}).do(); do == "" {
			t.Errorf("%s doesn't say what to do", reason)
		}
	}
}

// fold takes case and accents away.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

func pieces(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
}

// apart counts the letters by which two words differ (Levenshtein).
func apart(a, b string) int {
	row := make([]int, utf8.RuneCountInString(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, ra := range []rune(a) {
		corner := row[0]
		row[0] = i + 1
		for j, rb := range []rune(b) {
			change := corner
			if ra != rb {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(row)-1]
}

// tones say what each big word stands on. Those of a refusal that may be asked
// about instead have both.
func tones(t *testing.T) map[string][]string {
	t.Helper()
	tones := map[string][]string{
		"word.undone": {"amber"}, "word.answered": {"amber"}, "word.undo": {"amber"}, "word.signed_in": {"plain"}, "word.ready": {"idle"},
		"word.no_camera": {"hatch"}, "word.camera_lost": {"hatch"}, "word.camera_busy": {"hatch"}, "word.not_undone": {"hatch"},
	}
	add := func(v admission.Verdict) {
		tone, _ := sign(v)
		if key := wordOf(v); !slices.Contains(tones[key], tone) {
			tones[key] = append(tones[key], tone)
		}
	}
	for _, reason := range reasonsOfAdmission(t) {
		if noScan[reason] {
			continue
		}
		if _, pass := passes[reason]; pass {
			add(admission.Verdict{Result: admission.Accept, Reason: reason})
			continue
		}
		if bigWords[reason] == cannot {
			add(admission.Verdict{Result: admission.Cannot, Reason: reason})
			continue
		}
		if reason != admission.Questions && reason != admission.StaleList {
			add(admission.Verdict{Result: admission.Reject, Reason: reason})
		}
		if reason == admission.Questions || reason == admission.StaleList || reason == admission.Unpaid {
			add(admission.Verdict{Result: admission.Ask, Reason: reason})
		}
	}
	return tones
}

// A big word is short, and can't be taken for one of another tone by who sees a
// part of it.
func TestBigWords(t *testing.T) {
	tones := tones(t)
	b := mustBook(t)
	for _, code := range b.Codes() {
		l := b.Language(code)
		for _, key := range l.Keys() {
			if !strings.HasPrefix(key, "word.") {
				continue
			}
			word := l.Say(key, nil)
			if tones[key] == nil {
				t.Errorf("%s %s: of no tone that this test knows", code, key)
			}
			if word != strings.ToUpper(word) || utf8.RuneCountInString(word) > longestWord {
				t.Errorf("%s %s: %q, want at most %d capitals", code, key, word, longestWord)
			}
			for _, piece := range pieces(word) {
				if utf8.RuneCountInString(piece) > longestPiece {
					t.Errorf("%s %s: %q has %q, want at most %d letters together", code, key, word, piece, longestPiece)
				}
			}
			for other, its := range tones {
				if slices.Equal(its, tones[key]) {
					continue
				}
				rival := l.Say(other, nil)
				if n := apart(fold(word), fold(rival)); n < 3 {
					t.Errorf("%s: %q and %q of another tone are %d letters apart", code, word, rival, n)
				}
				if passing := slices.Contains([]string{"word.entry", "word.reentry", "word.exit"}, key); !passing || its[0] == "blue" || its[0] == "green" {
					continue
				}
				for _, piece := range pieces(fold(word)) {
					if strings.Contains(fold(rival), piece) && len(piece) > 2 || slices.Contains(pieces(fold(rival)), piece) {
						t.Errorf("%s: %q of %q stands in %q", code, piece, word, rival)
					}
				}
			}
		}
	}
}

// What a program reads is the same in every language; only what people read isn't.
func TestReasonsAreNotTranslated(t *testing.T) {
	r := newRig(t)
	ask := func(language string) (rest string, shown Display) {
		t.Helper()
		body, err := json.Marshal(Scan{Text: "https://example.test/", Direction: admission.In, Look: true})
		if err != nil {
			t.Fatal(err)
		}
		q := r.request("POST", "/api/scan", body)
		if language != "" {
			q.Header.Set("Accept-Language", language)
		}
		w := r.serve(q)
		all, answer := answered[map[string]any](t, w), answered[Answer](t, w)
		delete(all, "display")
		delete(all, "took")
		said, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(said), answer.Display
	}
	english, said := ask("")
	if !strings.Contains(english, `"reason":"malformed"`) || said.Word != "NOT A TICKET" {
		t.Fatalf("%s, shown as %v", english, said)
	}
	for language, word := range map[string]string{
		"de": "KEIN TICKET", "fr-CH, en;q=0.5": "PAS UN BILLET", "es": "NO ES UN TICKET", "pl": "NOT A TICKET", "en": "NOT A TICKET",
	} {
		rest, shown := ask(language)
		if rest != english {
			t.Errorf("%s: %s, in English %s", language, rest, english)
		}
		if shown.Word != word || shown.Tone != said.Tone || shown.Shape != said.Shape {
			t.Errorf("%s: shown as %v, want %s", language, shown, word)
		}
	}
}
