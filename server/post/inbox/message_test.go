package inbox

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"

	"usher/migrations"
	"usher/migrations/sqldb"
	"usher/migrations/sqldb/dbtest"
)

// written is a message of headers and the lines of a body.
func written(headers string, body ...string) string {
	return strings.ReplaceAll(headers+"\n\n"+strings.Join(body, "\n"), "\n", "\r\n")
}

// nested is a message with so many multiparts in one another.
func nested(deep int) string {
	var out, end strings.Builder
	for n := range deep {
		fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", n, n)
	}
	for n := deep - 1; n >= 0; n-- {
		fmt.Fprintf(&end, "\n--b%d--\n", n)
	}
	return written(out.String()+"Content-Type: text/plain", "deep", end.String())
}

// many is a message with so many parts.
func many(parts int) string {
	return written("Content-Type: multipart/mixed; boundary=b", strings.Repeat("--b\n\none\n", parts)+"--b--")
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want message
	}{
		"no type":         {written("Subject: S", "words"), message{Subject: "S", Text: "words"}},
		"a type of none":  {written("Content-Type: ;;", "words"), message{Text: "words"}},
		"a doubtful type": {written("Content-Type: text/html; charset=a b", "<p>"), message{HTML: "<p>"}},
		"long subject":    {written("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?iso-8859-1?b?/A==?=", "x"), message{Subject: "Grüßeü", Text: "x"}},
		"bad charset":     {written("Subject: =?x-none?q?=FC?= \xff\x00\x1b[31m\u202e\nContent-Type: text/plain; charset=x-none", "\xfc\x00words\x1b[0m"), message{Subject: "=?x-none?q?=FC?= \ufffd[31m", Text: "\ufffdwords[0m"}},
		"quoted":          {written("Content-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable", "Gr=C3=BC=\n=C3=9Fe"), message{Text: "Grüße"}},
		"both bodies": {
			written("Content-Type: multipart/alternative; boundary=\"b b\"", "before", "--b b", "Content-Type: text/plain", "", "words", "--b b", "Content-Type: text/html", "", "<p>words", "--b b--", "after"),
			message{Text: "words", HTML: "<p>words"},
		},
		"as deep as may be":  {nested(maxDepth), message{Text: "deep\n"}},
		"as many as may be":  {many(maxParts - 1), message{Text: strings.Repeat("one", maxParts-1)}},
		"attached HTML":      {written("Content-Type: text/html\nContent-Disposition: attachment; filename=\"../a\\\"b.html\"", "<p>"), message{Files: []file{{0, `../a"b.html`, "text/html", []byte("<p>")}}}},
		"picture in between": {written("Content-Type: image/png; name=\"=?utf-8?q?=C3=BC.png?=\"\nContent-Transfer-Encoding: base64", "AAEC", "Aw=="), message{Files: []file{{0, "ü.png", "image/png", []byte{0, 1, 2, 3}}}}},
		"a file of no name":  {written("Content-Type: multipart/mixed; boundary=b", "--b", "Content-Type: application/pdf", "", "%PDF", "--b--"), message{Files: []file{{0, "part 1", "application/pdf", []byte("%PDF")}}}},
	} {
		got, err := parse([]byte(c.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got.parts = 0
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s is %+v, want %+v", name, *got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"nothing":            {"", "its headers: EOF"},
		"no headers":         {"words\r\n\r\nwords", "its headers: malformed"},
		"a field too long":   {written("Subject: " + strings.Repeat("s", maxField+1)), "its Subject has 16385 bytes: want at most 16384"},
		"no boundary":        {written("Content-Type: multipart/mixed", "--", "", "x", "----"), "its body: parts without a boundary"},
		"boundary not there": {written("Content-Type: multipart/mixed; boundary=b", "words"), "its body: multipart: NextPart: EOF"},
		"cut short":          {written("Content-Type: multipart/mixed; boundary=b", "--b", "", "words"), "part 1: unexpected EOF"},
		"too deep":           {nested(maxDepth + 1), "part 1.1.1.1.1: parts more than 5 deep"},
		"too many":           {many(maxParts), "part 100: more than 100 parts"},
		"broken base64":      {written("Content-Transfer-Encoding: base64", "AA$A"), "its body: illegal base64 data at input byte 2"},
		"broken quoting":     {written("Content-Type: multipart/mixed; boundary=b", "--b", "Content-Transfer-Encoding: quoted-printable", "", "\x01", "--b--"), "part 1: quotedprintable: invalid unescaped byte"},
	} {
		if m, err := parse([]byte(c.raw)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %s", name, m, err, c.want)
		}
	}
}

// harmless holds a page to what its template has: nothing of a mail is an element, an
// attribute or a way out of the inbox.
func harmless(t *testing.T, page string) {
	t.Helper()
	elements := strings.Fields("html head meta title link body header p strong main h1 dl dt dd ul ol li a span time iframe details summary pre div")
	attributes := strings.Fields("lang charset name content rel class href src title sandbox datetime")
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type == html.TextToken || token.Type == html.DoctypeToken {
			continue
		}
		if token.Type == html.CommentToken || !slices.Contains(elements, token.Data) {
			t.Errorf("the page has %q", token)
		}
		for _, a := range token.Attr {
			leads := a.Key == "href" || a.Key == "src"
			if !slices.Contains(attributes, a.Key) || leads && !strings.HasPrefix(a.Val, "/inbox/") {
				t.Errorf("the page has %q", token)
			}
		}
	}
}

// hostile is in all that a mail says.
const hostile = `</pre></title><script>alert(1)</script><img src=x onerror="alert(1)">`

// What a mail holds is shown, and does nothing.
func TestHostileMail(t *testing.T) {
	dbtest.Each(t, migrations.Server, func(t *testing.T, db *sqldb.DB) {
		b := listening(t, Config{DB: db})
		quoted := strings.ReplaceAll(hostile, `"`, `\"`)
		var raw strings.Builder
		fmt.Fprintf(&raw, "From: %s\nTo: %s\nSubject: %s\x00\xff\nMessage-ID: /../%s\nContent-Type: multipart/mixed; boundary=b\n\n", hostile, hostile, hostile, hostile)
		fmt.Fprintf(&raw, "--b\n\n%s\n--b\nContent-Type: text/html\n\n%s\n", hostile, hostile)
		for _, kind := range []string{"text/html", "image/svg+xml", "text/javascript", "application/pdf"} {
			fmt.Fprintf(&raw, "--b\nContent-Type: %s\nContent-Disposition: attachment; filename=\"%s\"\n\n%s\n", kind, quoted, hostile)
		}
		raw.WriteString("--b--\n")
		dial(t, b).bring(t, "250", raw.String(), "\"<script>alert(1)</script>\x00\xff\"@x.example")
		list, err := b.newest(t.Context(), 2)
		if err != nil || len(list) != 1 || list[0].Files != 4 {
			t.Fatalf("the list is %+v, %v", list, err)
		}
		pages, at := pagesOf(b), "/inbox/"+list[0].ID
		for _, path := range []string{"/inbox/", at, at + hostile[:7]} {
			page := body(t, get(pages, strings.ReplaceAll(path, "<", "%3C")))
			harmless(t, page)
			if path == at && !strings.Contains(page, "alert(1)") {
				t.Error("the mail isn't shown")
			}
		}
		policies := map[string]string{at + "/letter": letterPolicy, at + "/source": filePolicy}
		for i, kind := range []string{"application/octet-stream", "application/octet-stream", "application/octet-stream", "application/pdf"} {
			path := fmt.Sprintf("%s/files/%d", at, i)
			if policies[path] = filePolicy; kind == "application/pdf" {
				policies[path] = ""
			}
			head := get(pages, path).Header
			if head.Get("Content-Type") != kind || strings.HasPrefix(head.Get("Content-Disposition"), "inline") != (kind == "application/pdf") {
				t.Errorf("file %d comes as %s, %s", i, head.Get("Content-Type"), head.Get("Content-Disposition"))
			}
		}
		for path, want := range policies {
			answer := get(pages, path)
			if got := answer.Header.Get("Content-Security-Policy"); answer.StatusCode != http.StatusOK || got != want || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %s, with the policy %q", path, answer.Status, got)
			}
		}
	})
}

// FuzzParse: any bytes are refused, or are a message that pages can show: of text, no
// larger than it came, within its bounds, and harmless.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parse(raw)
		if err != nil {
			return
		}
		all := m.From + m.To + m.Subject + m.Text + m.HTML
		size := len(m.Text) + len(m.HTML)
		for i, file := range m.Files {
			all += file.Name + file.Type
			if file.Index != i || file.Name == "" || file.Type == "" {
				t.Errorf("file %d is %+v", i, file)
			}
			size += len(file.Body)
		}
		if !utf8.ValidString(all) || strings.ContainsRune(m.From+m.To+m.Subject+m.Text, 0) {
			t.Errorf("it holds what is no text: %q", all)
		}
		if size > len("\ufffd")*len(raw) || m.parts > maxParts || len(m.Files) > maxParts {
			t.Errorf("%d bytes became %d in %d parts", len(raw), size, m.parts)
		}
		var page strings.Builder
		if err := pages.ExecuteTemplate(&page, "one", opened{arrival{ID: identity(m, raw, nil)}, m}); err != nil {
			t.Fatal(err)
		}
		harmless(t, page.String())
	})
}
