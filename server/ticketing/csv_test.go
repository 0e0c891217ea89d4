package ticketing

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/sync/fault"
	"usher/sync/guests"
)

const header = "external_id,name,email,product\n"

// berlin gives a time of the event's zone in Unix seconds.
func berlin(t *testing.T, text string) int64 {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateTime, text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

// said is what a list says of a ticket, short enough for a table.
func said(k Ticket) string {
	text := fmt.Sprintf("%s|%s|%s|%d", k.External, k.Name, k.Email, k.Product)
	for _, more := range []struct {
		name  string
		value any
		zero  any
	}{
		{"seat", k.Seat, ""}, {"zones", k.Zones, uint32(0)}, {"from", k.NotBefore, int64(0)}, {"until", k.Expires, int64(0)},
		{"for", k.Admissions, uint8(1)}, {"order", k.Order, ""}, {"note", k.Note, ""}, {"unpaid", k.Unpaid, false},
	} {
		if more.value != more.zero {
			text += fmt.Sprintf("|%s %v", more.name, more.value)
		}
	}
	return text
}

func TestListsThatAreGood(t *testing.T) {
	from, until := berlin(t, "2026-07-04 19:30:00"), berlin(t, "2026-07-05 02:00:00")
	for _, c := range []struct {
		name string
		text string
		want []string // by external id
	}{
		{"plain", header + "1,Ada,ada@example.org,ga\n", []string{"1|Ada|ada@example.org|1"}},
		{"no line break at the end", header + "1,Ada,ada@example.org,ga", []string{"1|Ada|ada@example.org|1"}},
		{"header only", header, nil},
		{"header only, no line break", strings.TrimSpace(header), nil},
		{"columns in any order", "product,email,external_id,name\nvip,ada@example.org,1,Ada\n", []string{"1|Ada|ada@example.org|2"}},
		{"capitals and spaces in the header", "External_ID , NAME,Email, product \n1,Ada,,ga\n", []string{"1|Ada||1"}},
		{"quoted header", `"external_id","name","email","product"` + "\n1,Ada,,ga\n", []string{"1|Ada||1"}},
		{"byte order mark", "\xef\xbb\xbf" + header + "1,Ada,,ga\n", []string{"1|Ada||1"}},
		{"byte order mark before a quote", "\xef\xbb\xbf\"external_id\",name,email,product\n1,Ada,,ga\n", []string{"1|Ada||1"}},
		{"semicolons", "external_id;name;email;product\n1;Ada, Countess;;ga\n", []string{"1|Ada, Countess||1"}},
		{"semicolons after a byte order mark", "\xef\xbb\xbfexternal_id;name;email;product\n1;Ada;;ga\n", []string{"1|Ada||1"}},
		{"commas with semicolons in cells", header + "1,\"A;d;a;;;;;\",,ga\n", []string{"1|A;d;a;;;;;||1"}},
		{"CRLF", strings.ReplaceAll(header+"1,Ada,,ga\n2,Bo,,vip\n", "\n", "\r\n"), []string{"1|Ada||1", "2|Bo||2"}},
		{"blank lines and lines of separators", "\r\n\n" + header + "\n1,Ada,,ga\n\n  \n,,,\n , , ,\n,\n2,Bo,,ga\n\n\n", []string{"1|Ada||1", "2|Bo||1"}},
		{"blank lines before semicolons", "\n\nexternal_id;name;email;product\n1;Ada;;ga\n", []string{"1|Ada||1"}},
		{"quotes", header + `1,"Ada ""The Count"" Lovelace",,ga` + "\n", []string{`1|Ada "The Count" Lovelace||1`}},
		{"quoted line breaks", header + "1,\"Ada\nLovelace\",,ga\n2,\"Bo\r\nDerek\",,\"ga\"\n", []string{"1|Ada\nLovelace||1", "2|Bo\nDerek||1"}},
		{"spaces around cells", header + " 1 ,\t Ada ,\u00a0, ga \n", []string{"1|Ada||1"}},
		{"names of the world", header + "1,Żółć 李小龍 مرحبا,,ga\n2,Zoë Müller-Łukasiewicz,zoë@exämple.org,ga\n",
			[]string{"1|Żółć 李小龍 مرحبا||1", "2|Zoë Müller-Łukasiewicz|zoë@exämple.org|1"}},
		{"all columns", "external_id,name,email,product,seat,zone,valid_from,valid_until,admissions\n" +
			"1,Ada,,vip,Row 12 Seat 4,lounge,2026-07-04 19:30,2026-07-05 02:00,4\n2,Bo,,vip,,,,,\n",
			[]string{fmt.Sprintf("1|Ada||2|seat Row 12 Seat 4|zones 2|from %d|until %d|for 4", from, until), "2|Bo||2"}},
		{"order, note and paid", "external_id,name,email,product,order,note,paid\n1,A,,ga,O-77,\"ID check, please\",no\n2,B,,ga,,,yes\n3,C,,ga,ÄÖ-1,Żółć,\n",
			[]string{"1|A||1|order O-77|note ID check, please|unpaid true", "2|B||1", "3|C||1|order ÄÖ-1|note Żółć"}},
		{"order and note at their limits", "external_id,name,email,product,order,note\n1,A,,ga," + strings.Repeat("o", guests.MaxOrder) + "," + strings.Repeat("n", guests.MaxNote) + "\n",
			[]string{"1|A||1|order " + strings.Repeat("o", guests.MaxOrder) + "|note " + strings.Repeat("n", guests.MaxNote)}},
		{"some of the optional columns", "admissions,external_id,name,email,product,zone\n1,1,Ada,,ga,main\n", []string{"1|Ada||1|zones 1"}},
		{"several zones", "external_id,name,email,product,zone\n1,A,,ga,main lounge\n2,B,,ga,lounge|main\n3,C,,ga,main+lounge\n4,D,,ga,main | main\n",
			[]string{"1|A||1|zones 3", "2|B||1|zones 3", "3|C||1|zones 3", "4|D||1|zones 1"}},
		{"ways to write a time", "external_id,name,email,product,valid_from\n" +
			"1,A,,ga,2026-07-04 19:30\n2,A,,ga,2026-07-04T19:30\n3,A,,ga,2026-07-04 19:30:00\n4,A,,ga,2026-07-04T19:30:00\n" +
			"5,A,,ga,2026-07-04T19:30:00+02:00\n6,A,,ga,2026-07-04T17:30:00Z\n",
			slices.Collect(func(yield func(string) bool) {
				for i := 1; i <= 6 && yield(fmt.Sprintf("%d|A||1|from %d", i, from)); i++ {
				}
			})},
		{"a day alone is all of it", "external_id,name,email,product,valid_from,valid_until\n1,A,,ga,2026-07-04,2026-07-04\n",
			[]string{fmt.Sprintf("1|A||1|from %d|until %d", berlin(t, "2026-07-04 00:00:00"), berlin(t, "2026-07-05 00:00:00"))}},
		{"limits", "external_id,name,email,product,seat,admissions\n" +
			strings.Join([]string{strings.Repeat("x", maxExternal), strings.Repeat("n", maxName),
				strings.Repeat("e", 60) + "@" + strings.Repeat("d.", 96) + "e", "ga", strings.Repeat("s", maxSeat), "255"}, ",") + "\n",
			[]string{strings.Repeat("x", maxExternal) + "|" + strings.Repeat("n", maxName) + "|" + strings.Repeat("e", 60) + "@" +
				strings.Repeat("d.", 96) + "e|1|seat " + strings.Repeat("s", maxSeat) + "|for 255"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				report := w.list(t, c.text)
				if want := (Report{Event: event, Rows: len(c.want), Issued: len(c.want)}); report != want {
					t.Errorf("report %+v, want %+v", report, want)
				}
				var got []string
				for _, k := range w.tickets(t, event) {
					got = append(got, said(k))
				}
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("tickets %q, want %q", got, c.want)
				}
			})
		})
	}
}

// bad is a list that is refused, and all that its error has to say.
type bad struct {
	name string
	text string
	kind fault.Kind
	want []string
}

// rowWith makes a list of all columns whose only row has one cell changed.
func rowWith(t *testing.T, column column, cell string) string {
	t.Helper()
	cells := map[string]string{"external_id": "1", "name": "Ada", "email": "ada@example.org", "product": "ga", "seat": "A1",
		"zone": "main", "valid_from": "2026-07-04 19:00", "valid_until": "2026-07-05 02:00", "admissions": "2",
		"order": "O-1", "note": "wristband", "paid": "no"}
	if _, known := cells[string(column)]; !known {
		t.Fatalf("no column %s", column)
	}
	cells[string(column)] = cell
	columns := slices.Sorted(maps.Keys(cells))
	values := make([]string, len(columns))
	for i, c := range columns {
		values[i] = `"` + strings.ReplaceAll(cells[c], `"`, `""`) + `"`
	}
	return strings.Join(columns, ",") + "\n" + strings.Join(values, ",") + "\n"
}

func badFiles() []bad {
	return []bad{
		{"nothing", "", fault.BadInput, []string{"the file is empty", "external_id, name, email, product"}},
		{"a byte order mark and nothing", "\xef\xbb\xbf", fault.BadInput, []string{"the file is empty"}},
		{"blank lines and nothing", "\n\r\n\n", fault.BadInput, []string{"the file is empty"}},
		{"unknown column", "external_id,name,email,product,colour\n1,A,,ga,red\n", fault.BadInput,
			[]string{"line 1, column 5", `"colour"`, "valid_until"}},
		{"no header", "1,Ada,ada@example.org,ga\n", fault.BadInput, []string{"line 1, column 1", `"1" is no column`}},
		{"header after blank lines", "\n\nexternal_id,nom,email,product\n", fault.BadInput, []string{"line 3, column 2", `"nom"`}},
		{"tabs", "external_id\tname\temail\tproduct\n1\tA\t\tga\n", fault.BadInput, []string{"line 1, column 1", "is no column"}},
		{"missing column", "external_id,name,product\n1,A,ga\n", fault.BadInput, []string{"line 1: column email is missing"}},
		{"missing column after blank lines", "\nexternal_id,name,product\n1,A,ga\n", fault.BadInput, []string{"line 2: column email is missing"}},
		{"double column", "external_id,name,email,Name,product\n1,A,,B,ga\n", fault.BadInput, []string{"line 1, column 4: name is there twice"}},
		{"empty column name", "external_id,name,email,product,\n1,A,,ga,\n", fault.BadInput, []string{"line 1, column 5", `"" is no column`}},
		{"too few cells", header + "1,A,,ga\n2,B,b@example.org\n", fault.BadInput, []string{"line 3, column product: the line has 3 cells, the header has 4"}},
		{"too many cells", header + "1,A,,ga,,\n", fault.BadInput, []string{"line 2, column product: the line has 6 cells, the header has 4"}},
		{"cells miscounted after quoted breaks", header + "1,\"A\n\nB\",,ga\n2,B\n", fault.BadInput, []string{"line 5, column email: the line has 2 cells"}},
		{"not UTF-8 in the header", "external_id,name,email,product,caf\xe9\n", fault.BadInput, []string{"line 1: not UTF-8"}},
		{"not UTF-8 in a row", header + "1,A,,ga\n2,B\xf6,,ga\n", fault.BadInput, []string{"line 3: not UTF-8", "CSV UTF-8"}},
		{"UTF-16", "\xff\xfee\x00x\x00", fault.BadInput, []string{"line 1: not UTF-8"}},
		{"quote inside a cell", header + "1,A\"da,,ga\n", fault.BadInput, []string{"line 2, character 4", "starts on line 2", "nothing was imported"}},
		{"quote that is never closed", header + "1,A,,ga\n2,\"B,,ga\n3,C,,ga\n", fault.BadInput, []string{"starts on line 3", "nothing was imported"}},
		{"text after a quote", header + "1,\"A\"da,,ga\n", fault.BadInput, []string{"line 2, character 5"}},
		{"semicolon header, comma rows", "external_id;name;email;product\n1,A,,ga\n", fault.BadInput, []string{"line 2, column name: the line has 1 cells"}},
		{"duplicate ids", header + "7,A,,ga\n8,B,,ga\n7,C,,ga\n", fault.BadInput, []string{"line 4, column external_id", `"7" is on line 2 already`}},
		{"duplicate ids but for spaces", header + "7,A,,ga\n 7 ,C,,ga\n", fault.BadInput, []string{"line 3, column external_id", "is on line 2 already"}},
		{"duplicate of a row with a quoted break", header + "7,\"A\nA\",,ga\n7,C,,ga\n", fault.BadInput, []string{"line 4, column external_id", "line 2 already"}},
	}
}

func badCells(t *testing.T) []bad {
	var list []bad
	for _, c := range []struct {
		column column
		cell   string
		want   string
	}{
		{colExternal, "", "is empty"},
		{colExternal, "  ", "is empty"},
		{colExternal, strings.Repeat("x", maxExternal+1), "65 bytes, limit 64"},
		{colExternal, "a\nb", "control character"},
		{colExternal, "a\x00b", "control character"},
		{colName, "", "is empty"},
		{colName, strings.Repeat("n", maxName+1), "201 bytes, limit 200"},
		{colName, "A\x1b[31mda", "control character"},
		{colEmail, "ada", `"ada" is no e-mail address`},
		{colEmail, "ada@", "is no e-mail address"},
		{colEmail, "@example.org", "is no e-mail address"},
		{colEmail, "Ada <ada@example.org>", "is no e-mail address"},
		{colEmail, "ada@example.org, bo@example.org", "is no e-mail address"},
		{colEmail, "ada@example.org\nBcc: bo@example.org", "is no e-mail address"},
		{colEmail, "ada @example.org", "is no e-mail address"},
		{colEmail, strings.Repeat("e", maxEmail) + "@example.org", "266 bytes, limit 254"},
		{colProduct, "", "is empty"},
		{colProduct, "gold", `"gold" is no product of the event; it has ga, vip`},
		{colProduct, "GA", `"GA" is no product`},
		{colSeat, strings.Repeat("s", maxSeat+1), "has 25 bytes, a ticket holds 24"},
		{colSeat, "Reihe Ü", "plain ASCII"},
		{colSeat, "A\t1", "plain ASCII"},
		{colZone, "roof", `"roof" is no zone of the event; it has lounge, main`},
		{colZone, "main,lounge", `"main,lounge" is no zone`},
		{colZone, "main roof", `"roof" is no zone`},
		{colZone, "|", "names no zone"},
		{colFrom, "tomorrow", `"tomorrow" is no time; write 2026-07-04 19:30`},
		{colFrom, "04.07.2026 19:30", "is no time"},
		{colFrom, "2026-02-30 19:30", "is no time"},
		{colFrom, "2026-07-04 25:00", "is no time"},
		{colFrom, "1969-12-31 23:00", "is no time"},
		{colFrom, "99999-07-04 19:30", "is no time"},
		{colUntil, "2026-07-04T19:30:00+99:00", "is no time"},
		{colUntil, "2026-07-04 19:00", "is not after valid_from"},
		{colUntil, "2026-07-04 18:59", "2026-07-04 18:59 is not after valid_from, 2026-07-04 19:00"},
		{colAdmissions, "0", "want a whole number from 1 to 255"},
		{colAdmissions, "256", "want a whole number from 1 to 255"},
		{colAdmissions, "-1", "want a whole number from 1 to 255"},
		{colAdmissions, "2.0", "want a whole number from 1 to 255"},
		{colAdmissions, "two", `"two": want a whole number`},
		{colOrder, strings.Repeat("o", guests.MaxOrder+1), "41 bytes, limit 40"},
		{colOrder, "O\n1", "control character"},
		{colNote, strings.Repeat("n", guests.MaxNote+1), "401 bytes, limit 400"},
		{colNote, "ID\ncheck", "control character"},
		{colNote, "\x1b[31mID", "control character"},
		{colPaid, "No", `"No": want yes or no`},
		{colPaid, "1", `"1": want yes or no`},
		{colPaid, "25.00", "want yes or no"},
		{colPaid, strings.Repeat("y", 1000), "want yes or no"},
	} {
		list = append(list, bad{
			fmt.Sprintf("%s %.20q", c.column, c.cell), rowWith(t, c.column, c.cell), fault.BadInput,
			[]string{fmt.Sprintf("line 2, column %s: ", c.column), c.want, "nothing was imported"},
		})
	}
	return list
}

// check imports a list after a good one, and wants the error and no trace of it.
func (c bad) check(t *testing.T, w *world) {
	w.list(t, header+"old,Old,,ga\n")
	before := w.tickets(t, event)
	_, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(c.text), nil)
	if fault.KindOf(err) != c.kind {
		t.Fatalf("error %v of kind %q, want kind %q", err, fault.KindOf(err), c.kind)
	}
	message := fault.Message(err)
	for _, want := range append(c.want, "guests.csv: ") {
		if !strings.Contains(message, want) {
			t.Errorf("the message lacks %q:\n%s", want, message)
		}
	}
	if after := w.tickets(t, event); !maps.Equal(before, after) {
		t.Errorf("tickets after a list that was refused: %v, want %v", after, before)
	}
	if n := len(w.rostered(t, event)); n != 1 {
		t.Errorf("the gates were told of %d tickets, want 1", n)
	}
}

func TestListsThatAreBad(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		for _, c := range append(badFiles(), badCells(t)...) {
			t.Run(c.name, func(t *testing.T) { c.check(t, w) })
		}
	})
}

// A mistake in the last row of many leaves the rows before it out as well, and
// one look tells of all mistakes, up to a number that a person can read.
func TestManyMistakes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		text := header + "1,Ada,,ga\n2,,bo,gold\n3,C,,ga\n3,D,,ga\n"
		bad{"", text, fault.BadInput, []string{
			"4 mistakes, nothing was imported:",
			"\nline 3, column name: is empty", `line 3, column email: "bo" is no e-mail address`,
			`line 3, column product: "gold"`, `line 5, column external_id: "3" is on line 4 already`,
		}}.check(t, w)
		rows := strings.Builder{}
		rows.WriteString(header)
		for i := range 100 {
			fmt.Fprintf(&rows, "%d,A,,gold\n", i)
		}
		_, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(rows.String()), nil)
		message := fault.Message(err)
		if n := strings.Count(message, "\nline "); n != maxReported || !strings.Contains(message, "100 mistakes") || !strings.Contains(message, "… and 80 more") {
			t.Errorf("%d of 100 mistakes are named:\n%s", n, message)
		}
	})
}

// A message shows the start of what is wrong and not all of it.
func TestMessagesAreShort(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		long := strings.Repeat("é", 100_000)
		for _, text := range []string{
			long + "\n", rowWith(t, colExternal, long), rowWith(t, colName, long), rowWith(t, colEmail, long), rowWith(t, colProduct, long), rowWith(t, colSeat, long),
			rowWith(t, colZone, long), rowWith(t, colFrom, long), rowWith(t, colUntil, long), rowWith(t, colAdmissions, long),
			rowWith(t, colOrder, long), rowWith(t, colNote, long), rowWith(t, colPaid, long),
		} {
			_, err := w.Import(t.Context(), event, "guests.csv", strings.NewReader(text), nil)
			if n := len(fault.Message(err)); err == nil || n > 600 {
				t.Errorf("a message of %d bytes: %.300s", n, fault.Message(err))
			}
		}
	})
}

// blank gives line breaks, and then fails.
type blank struct{ left int }

func (b *blank) Read(p []byte) (int, error) {
	n := min(len(p), b.left)
	for i := range n {
		p[i] = '\n'
	}
	if b.left -= n; b.left == 0 {
		return n, errors.New("the disk is gone")
	}
	return n, nil
}

func TestListsOverALimit(t *testing.T) {
	if _, err := readCSV("guests.csv", &blank{left: MaxFile + 2}); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "guests.csv: over 256 MiB") {
		t.Errorf("a file over the limit: %v", err)
	}
	if _, err := readCSV("guests.csv", &blank{left: 3}); fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("a file that can't be read: %v", err)
	}
	rows := strings.NewReader(header + strings.Repeat("1,A,,ga\n", MaxRows+1))
	_, err := readCSV("guests.csv", rows)
	if want := fmt.Sprintf("line %d: more than %d rows", MaxRows+2, MaxRows); fault.KindOf(err) != fault.TooLarge || !strings.Contains(err.Error(), want) {
		t.Errorf("a row over the limit: %v, want %s", err, want)
	}
	rows = strings.NewReader(header + strings.Repeat("1,A,,ga\n", MaxRows))
	if table, err := readCSV("guests.csv", rows); err != nil || len(table.rows) != MaxRows {
		t.Errorf("a list at the limit: %v", err)
	}
}
