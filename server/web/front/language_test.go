package front

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A reader gets a page in the language that its address names, else in the one that
// their browser asks for, else in the event's. A cache may hand out what the address or
// the event chose, never what one reader's browser did.
func TestPageLanguages(t *testing.T) {
	w := newWorld(t, "de")
	const shared, own = "public, max-age=0, s-maxage=60, stale-while-revalidate=300", "private, max-age=0, must-revalidate"
	for _, path := range []string{"/", "/events/QUAY"} {
		for _, c := range []struct{ query, accepts, want, control, vary string }{
			{"", "", "de", shared, "Accept-Encoding, Accept-Language"},
			{"", "it", "de", shared, "Accept-Encoding, Accept-Language"},
			{"", "de-CH, fr;q=0.5", "de", shared, "Accept-Encoding, Accept-Language"},
			{"", "fr-CH, fr;q=0.9", "fr", own, "Accept-Encoding, Accept-Language"},
			{"", "en-US,en;q=0.9", "en", own, "Accept-Encoding, Accept-Language"},
			{"?lang=fr", "", "fr", shared, "Accept-Encoding"},
			{"?lang=es", "fr", "es", shared, "Accept-Encoding"},
			{"?lang=de", "fr", "de", shared, "Accept-Encoding"},
			{"?lang=xx", "fr", "fr", own, "Accept-Encoding, Accept-Language"},
			{"?lang=%22%3E%3Cscript%3E", "", "de", shared, "Accept-Encoding, Accept-Language"},
		} {
			answer := w.get(path+c.query, "Accept-Language: "+c.accepts)
			page := body(t, answer)
			if got := answer.Header.Get("Cache-Control"); answer.StatusCode != http.StatusOK || got != c.control || answer.Header.Get("Vary") != c.vary {
				t.Errorf("%s%s for %q: status %d, %q, Vary %q", path, c.query, c.accepts, answer.StatusCode, got, answer.Header.Get("Vary"))
			}
			w.has(page, []string{`<html lang="` + c.want + `">`}, hostile...)
			if c.want != "de" {
				w.has(page, []string{` lang="de">Quay `}) // the organiser's own words
			}
			again := w.get(path+c.query, "Accept-Language: "+c.accepts, "If-None-Match: "+answer.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified || again.Header.Get("Vary") != c.vary {
				t.Errorf("%s%s for %q again: status %d", path, c.query, c.accepts, again.StatusCode)
			}
		}
	}
}

// Who chose a language keeps it on the way to the order, without a cookie; who didn't
// has no trace of it in their addresses.
func TestLinksKeepTheLanguage(t *testing.T) {
	w := newWorld(t, "de")
	w.has(w.page("/?lang=fr"), []string{`href="/events/QUAY?lang=fr"`, `<a href="/?lang=es" lang="es" hreflang="es"`, `<span aria-current="true">Français</span>`})
	w.has(w.page("/events/QUAY?lang=fr"), []string{
		`href="/?lang=fr"`, `href="/events/QUAY/seats/seat?lang=fr"`, `<input type="hidden" name="lang" value="fr">`, `<link rel="canonical" href="https://tickets.example/events/QUAY?lang=fr">`,
		`<link rel="alternate" hreflang="es" href="https://tickets.example/events/QUAY?lang=es">`, `hreflang="x-default" href="https://tickets.example/events/QUAY"`,
	})
	w.has(w.page("/events/QUAY?code=anchor&lang=es"), []string{"Crew", `href="/events/QUAY/seats/seat?code=anchor&amp;lang=es"`, `href="/events/QUAY?code=anchor&amp;lang=fr"`})
	w.has(w.page("/events/QUAY/seats/seat?lang=es"), []string{`<html lang="es">`, "Elegir sus asientos", `href="/events/QUAY?lang=es#tickets"`, `name="lang" value="es"`})
	for _, path := range []string{"/", "/events/QUAY"} {
		page := body(t, w.get(path, "Accept-Language: fr"))
		page = regexp.MustCompile(`(?s)<nav class="languages".*?</nav>|<link rel="alternate"[^>]*>`).ReplaceAllString(page, "")
		if strings.Contains(page, "lang=fr") {
			t.Errorf("%s names a language that its address doesn't:\n%s", path, page)
		}
	}
	if answer := w.get("/events/QUAY?lang=fr", "Accept-Language: fr"); answer.Header.Get("Set-Cookie") != "" {
		t.Error("it sets a cookie")
	}
	w.has(body(t, w.get("/events/NONE?lang=es", "Accept-Language: fr")), []string{`<html lang="es">`, "Aquí no hay nada", `href="/?lang=es"`})
}

// The reminder of a sale is in the reader's language, so a cache keeps it as it keeps a
// page: never what one reader's browser chose.
func TestReminderLanguages(t *testing.T) {
	w := newWorld(t, "de")
	w.apply("LANGUAGE", "de", "sale_until = 2026-07-04T22:00:00", "sale_from = 2026-06-30T10:00:00")
	const shared, own = "public, max-age=300", "private, max-age=300"
	for _, c := range []struct{ query, accepts, want, control, vary string }{
		{"", "", "Tickets für", shared, "Accept-Encoding, Accept-Language"},
		{"", "fr", "Billets pour", own, "Accept-Encoding, Accept-Language"},
		{"?lang=fr", "de", "Billets pour", shared, ""},
	} {
		answer := w.get("/events/QUAY/sale.ics"+c.query, "Accept-Language: "+c.accepts)
		if h := answer.Header; h.Get("Cache-Control") != c.control || !strings.HasPrefix(h.Get("Vary"), c.vary) || strings.Contains(h.Get("Vary"), "Language") != (c.vary != "") {
			t.Errorf("%s for %q: %q, Vary %q", c.query, c.accepts, h.Get("Cache-Control"), h.Get("Vary"))
		}
		w.has(body(t, answer), []string{"SUMMARY:" + c.want})
	}
}
