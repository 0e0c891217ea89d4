package front

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/server/web/site"
)

var picture = func() []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		panic(err)
	}
	return out.Bytes()
}()

// hostile is what would run or break the page, were it not escaped.
var hostile = []string{"<b>Night", "<script>alert", "<img src=x", "</script><", "<i>", "style=", "onclick", "javascript:"}

// The page says what there is to know, in the event's language, and nothing in an
// event's texts runs.
func TestEventPage(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {`<html lang="en">`, "Quay &amp; &lt;b&gt;Night&lt;/b&gt;", "Saturday, 4 July 2026, 20:00 to 02:00", "Doors open <time datetime=\"2026-07-04T19:00:00&#43;02:00\">19:00</time>", "€26.50", "incl. €1.50 fee", "incl. 7.7% tax",
			"On sale from Wednesday, 1 July, 10:00", "Plenty left", "Only a few left", "You get the best seats", "Sold by Pier 7", "free", "(CEST)"},
		"de": {`<html lang="de">`, "Samstag, 4. Juli 2026, 20:00 bis 02:00 Uhr", "26,50&nbsp;€", "inkl. 1,50&nbsp;€ Gebühr", "inkl. 7,7 % MwSt.", "Verkauf ab Mittwoch, 1. Juli, 10:00 Uhr", "Reichlich frei", "Nur noch wenige"},
	} {
		w := newWorld(t, language)
		page := strings.ReplaceAll(w.page("/events/QUAY"), "\u00a0", "&nbsp;")
		w.has(page, append(want,
			`href="https://tickets.example/events/QUAY"`, `action="/events/QUAY/order"`, `<option>2</option><option>3</option></select>`, `<p>One.</p>`,
			`mlat=53.5`, `property="og:image" content="https://tickets.example/events/QUAY/picture/`, `alt="A &#34;quay&#34;"`, `width="400" height="300"`,
			`href="/events/QUAY/seats/seat"`, `name="n.ga"`), append(hostile, "Crew", `name="n.late"`, "http://")...)
	}
}

// A product behind a code is shown to who has the code, on a page that nobody
// keeps; a wrong code is said to be wrong.
func TestCodes(t *testing.T) {
	w := newWorld(t, "en")
	w.has(w.page("/events/QUAY?code=anchor"), []string{"Crew", `<input type="hidden" name="code" value="anchor">`}, "Nothing is sold with this code")
	w.has(w.page("/events/QUAY?code=%22%3E%3Cscript%3Ealert"), []string{"Nothing is sold with this code", `value="&#34;&gt;&lt;script&gt;alert"`}, append(hostile, "Crew")...)
	for path, want := range map[string]string{"/events/QUAY?code=anchor": "no-store", "/events/QUAY/left?code=anchor": "no-store", "/events/QUAY?utm=x": "public, max-age=0, s-maxage=60, stale-while-revalidate=300"} {
		if got := w.get(path).Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q", path, got)
		}
	}
	if answer := w.get("/events/QUAY?code=" + strings.Repeat("x", 101)); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("a long code: %d", answer.StatusCode)
	}
	w.has(w.page("/events/QUAY/left"), []string{`{"left":{"ga":"plenty","late":"plenty","seat":"few"},"next":`})
	w.has(w.page("/events/QUAY/left?code=anchor"), []string{`"crew":"plenty"`})
}

// What is left comes with the moment from which the page is another one, as the page has
// it: phones' clocks are wrong, and the page goes by the server's.
func TestNextMoment(t *testing.T) {
	w := newWorld(t, "en")
	next := regexp.MustCompile(`(?:data-next="|"next":)(\d+)`)
	before := ""
	for _, at := range []time.Time{w.now, time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)} {
		w.now = at
		for _, code := range []string{"", "?code=anchor"} {
			of := func(path string) string {
				found := next.FindStringSubmatch(w.page(path))
				if found == nil {
					t.Fatalf("%s names no moment", path)
				}
				return found[1]
			}
			page, left := of("/events/QUAY"+code), of("/events/QUAY/left"+code)
			if page != left || code == "" && page == before {
				t.Errorf("at %s the page is another one from %s, and what is left says %s; before it was %s", at, page, left, before)
			}
			if code == "" {
				before = page
			}
		}
	}
}

// What a page says of a sale changes with its windows, and a cache may not keep it
// past the moment at which it does.
func TestSaleWindows(t *testing.T) {
	w := newWorld(t, "en")
	opens := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	ends := time.Date(2026, 7, 4, 20, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at      time.Time
		control string
		want    []string
		never   []string
	}{
		{opens.Add(-time.Hour), "public, max-age=0, s-maxage=60, stale-while-revalidate=300", []string{"On sale from Wednesday", `data-next="1782892800"`}, []string{`name="n.late"`}},
		{opens.Add(-200 * time.Second), "public, max-age=0, s-maxage=60, stale-while-revalidate=140", []string{"On sale from Wednesday"}, nil},
		{opens.Add(-5 * time.Second), "public, max-age=0, s-maxage=5, stale-while-revalidate=0", []string{"On sale from Wednesday"}, nil},
		{opens, "public, max-age=0, s-maxage=60, stale-while-revalidate=300", []string{`name="n.late"`}, []string{"On sale from"}},
		{ends.Add(-time.Second), "public, max-age=0, s-maxage=1, stale-while-revalidate=0", []string{`name="n.ga"`}, nil},
		{ends, "public, max-age=0, s-maxage=60, stale-while-revalidate=300", []string{"The sale is over.", "No longer on sale"}, []string{"<select", "<button class=\"button\""}},
		{time.Date(2026, 7, 5, 0, 0, 0, 0, time.UTC), "public, max-age=0, s-maxage=60, stale-while-revalidate=300", []string{"This event is over."}, []string{"<select", "Do you have a code"}},
	} {
		w.now = c.at
		answer := w.get("/events/QUAY")
		if got := answer.Header.Get("Cache-Control"); got != c.control {
			t.Errorf("%s: Cache-Control %q, want %q", c.at, got, c.control)
		}
		w.has(body(t, answer), c.want, c.never...)
	}
	if page := w.page("/"); strings.Contains(page, "Quay") {
		t.Error("the list has an event that is over")
	}
	w.now = june
	w.has(w.page("/"), []string{"Quay &amp; &lt;b&gt;", "free"}, hostile...)
}

// Before anything is sold the page says when the sale begins.
func TestBeforeTheSale(t *testing.T) {
	w := newWorld(t, "en")
	w.apply("LANGUAGE", "en", "sale_until = 2026-07-04T22:00:00", "sale_from = 2026-06-30T10:00:00")
	w.has(w.page("/events/QUAY"), []string{"The sale begins Tuesday, 30 June, 10:00.", `href="/events/QUAY/sale.ics"`}, "<select", `<button class="button"`)
	w.has(w.page("/events/QUAY/sale.ics"), []string{"UID:QUAY-sale@usher", "DTSTART:20260630T080000Z", "TRIGGER:-PT10M", "SUMMARY:Tickets for Quay"})
	w.now = time.Date(2026, 6, 30, 8, 0, 0, 0, time.UTC)
	if answer := w.get("/events/QUAY/sale.ics"); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a reminder of a sale that has begun: status %d", answer.StatusCode)
	}
}

// The same page is the same bytes for everybody who reads its language, and is not sent again to who has
// it; the encoding is the reader's choice, and each has a tag of its own.
func TestCachedForms(t *testing.T) {
	w := newWorld(t, "en")
	plain, other := w.get("/events/QUAY"), w.get("/events/QUAY", "Cookie: usher_manager=x", "Accept-Language: en-GB, de", "User-Agent: y")
	page := body(t, plain)
	if page != body(t, other) || plain.Header.Get("ETag") != other.Header.Get("ETag") || other.Header.Get("Set-Cookie") != "" {
		t.Error("two people get two pages")
	}
	zipped := w.get("/events/QUAY", "Accept-Encoding: br, gzip")
	if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("Vary") != "Accept-Encoding, Accept-Language" || plain.Header.Get("Vary") != "Accept-Encoding, Accept-Language" || zipped.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Errorf("compressed: %v", zipped.Header)
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(z); err != nil || string(out) != page {
		t.Errorf("what is compressed is another page: %v", err)
	}
	tag := plain.Header.Get("ETag")
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200, zipped.Header.Get("ETag"): 200,
	} {
		answer := w.get("/events/QUAY", "If-None-Match: "+header)
		if answer.StatusCode != want || answer.Header.Get("ETag") != tag || want == 304 && body(t, answer) != "" {
			t.Errorf("If-None-Match %s: status %d", header, answer.StatusCode)
		}
	}
	for header, want := range map[string]string{"gzip;q=0": "", "gzip; q=0.0": "", "*": "gzip", "*;q=0": "", "GZIP": "gzip", "deflate": "", "identity, gzip;q=0.5": "gzip", "gzip;q=0, *": ""} {
		if got := w.get("/events/QUAY", "Accept-Encoding: "+header).Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %s: %q", header, got)
		}
	}
	if csp := plain.Header.Get("Content-Security-Policy"); csp != site.Policy || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %q", csp)
	}
}

// A change of the file is on the page at once. What is left is on it within
// seconds, and leaves the tag alone while the words stay the same.
func TestPagesAreDrawnAnew(t *testing.T) {
	w := newWorld(t, "en")
	tag := func() string { return w.get("/events/QUAY").Header.Get("ETag") }
	first := tag()
	w.stock["hall"] = 399
	w.now = w.now.Add(time.Minute)
	if tag() != first {
		t.Error("one ticket less is another page")
	}
	w.stock["hall"] = 0
	w.now = w.now.Add(redrawAfter)
	w.has(w.page("/events/QUAY"), []string{"Sold out"}, `name="n.ga"`)
	w.has(w.page("/"), []string{"Quay &amp; "}, "Sold out") // the seats are left
	w.stock["deck"] = 1                                     // fewer than an order has
	w.now = w.now.Add(redrawAfter)
	w.has(w.page("/events/QUAY/left"), []string{`"seat":"none"`})
	w.has(w.page("/"), []string{"Sold out"})
	w.now = time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC) // nothing is still to come
	w.has(w.page("/events/QUAY"), []string{"What is given back can be bought here again"}, `<button class="button"`)
	w.apply("LANGUAGE", "en", "price = 25", "price = 30")
	w.stock["hall"] = 400
	w.has(w.page("/events/QUAY"), []string{"€31.50"})
}

// The plan shows every seat as it is now, and whoever chooses some sends them.
func TestSeats(t *testing.T) {
	w := newWorld(t, "en")
	w.has(w.page("/events/QUAY/seats/seat"), []string{`name="seat.seat" value="A-1" aria-label="Row A, seat 1"`, `value="A-2" disabled aria-label="Row A, seat 2, taken"`, "Choose 2 to 3."}, hostile...)
	if got := w.get("/events/QUAY/seats/seat").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the plan may be kept: %s", got)
	}
	for path, want := range map[string]int{"/events/QUAY/seats/ga": 404, "/events/QUAY/seats/crew": 404, "/events/QUAY/seats/none": 404, "/events/NONE/seats/seat": 404} {
		if answer := w.get(path); answer.StatusCode != want {
			t.Errorf("%s: status %d", path, answer.StatusCode)
		}
	}
	w.now = time.Date(2026, 7, 4, 21, 0, 0, 0, time.UTC)
	if answer := w.get("/events/QUAY/seats/seat"); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/events/QUAY" {
		t.Errorf("after the sale: %d", answer.StatusCode)
	}
}

// Search engines read the event in the terms of schema.org, whatever its texts
// are.
func TestStructuredData(t *testing.T) {
	w := newWorld(t, "en")
	found := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(w.page("/events/QUAY"))
	if found == nil {
		t.Fatal("there is none")
	}
	var data struct {
		Type     string `json:"@type"`
		Name     string
		Start    string `json:"startDate"`
		Image    []string
		Location struct{ Name string }
		Offers   []struct{ Name, Price, Availability, ValidFrom string }
	}
	if err := json.Unmarshal([]byte(found[1]), &data); err != nil {
		t.Fatalf("%v in %s", err, found[1])
	}
	if data.Type != "Event" || data.Name != "Quay & <b>Night</b>" || data.Start != "2026-07-04T20:00:00+02:00" || len(data.Image) != 1 || !strings.HasPrefix(data.Location.Name, "Shed </script>") {
		t.Errorf("it says %+v", data)
	}
	if len(data.Offers) != 3 || data.Offers[0].Price != "26.50" || data.Offers[1].Availability != "https://schema.org/PreOrder" || data.Offers[1].ValidFrom == "" || data.Offers[2].Availability != "https://schema.org/LimitedAvailability" {
		t.Errorf("it offers %+v", data.Offers)
	}
}

func TestFiles(t *testing.T) {
	w := newWorld(t, "en")
	w.has(w.page("/events/QUAY/calendar.ics"), []string{"BEGIN:VEVENT\r\n", "DTSTART:20260704T180000Z", "DTEND:20260705T000000Z", "SUMMARY:Quay & <b>Night</b>", "GEO:53.5", "URL:https://tickets.example/events/QUAY"})
	w.has(w.page("/robots.txt"), []string{"Disallow: /manage", "Sitemap: https://tickets.example/sitemap.xml"})
	w.has(w.page("/sitemap.xml"), []string{"<loc>https://tickets.example/events/QUAY</loc>"})
	path := regexp.MustCompile(`/events/QUAY/picture/[0-9a-f]{64}`).FindString(w.page("/events/QUAY"))
	answer := w.get(path)
	if b := body(t, answer); b != string(picture) || answer.Header.Get("Content-Type") != "image/png" || !strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the picture: %d, %v", answer.StatusCode, answer.Header)
	}
	if again := w.get(path, "If-None-Match: "+answer.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("the picture again: %d", again.StatusCode)
	}
	for path, want := range map[string]int{
		"/events/NONE": 404, "/events/QUAY/picture/00": 404, "/events/NONE/left": 404, "/events/NONE/calendar.ics": 404, "/events/%2e%2e": 404, "/events/QUAY/nothing": 404, "/nothing": 404,
		"/assets/none.css": 404,
	} {
		if answer := w.get(path); answer.StatusCode != want || answer.Header.Get("Cache-Control") == "public" {
			t.Errorf("%s: status %d", path, answer.StatusCode)
		}
	}
	w.has(body(t, w.get("/events/%3Cscript%3Ealert(1)")), []string{"There is nothing here"}, hostile...)
	w.has(body(t, w.get("/events/NONE", "Accept-Language: de-AT")), []string{"Hier ist nichts", `lang="de"`})
}

// Pages ask no other host for anything, and nothing in them runs that isn't an
// asset.
func TestPagesStandAlone(t *testing.T) {
	w := newWorld(t, "en")
	for _, path := range []string{"/", "/events/QUAY", "/events/NONE"} {
		page := body(t, w.get(path))
		for _, found := range regexp.MustCompile(`(?:src|<link[^>]*href)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if strings.HasPrefix(found[1], base) && strings.Contains(found[0], "canonical") {
				continue
			}
			if answer := w.get(found[1]); answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s gives %d", path, found[1], answer.StatusCode)
			}
			if strings.HasPrefix(found[1], "/assets/") && !strings.Contains(w.get(found[1]).Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %s is asked for each time", path, found[1])
			}
		}
	}
}
