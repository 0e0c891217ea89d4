package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb/dbtest"
	"usher/server/post"
	"usher/server/ticketing"
)

// programs sends what the wallet's page sends, and gives what it is answered.
func (l *till) programs(cookie, path string, body any) (status int, said map[string]any) {
	l.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		l.t.Fatal(err)
	}
	answer := l.send(path, string(text), cookie)
	if answer.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
			l.t.Fatalf("%s: %d, %v", path, answer.StatusCode, err)
		}
	}
	return answer.StatusCode, said
}

var transferLink = regexp.MustCompile(`/transfer/[0-9A-Za-z_-]{43}`)

// letterTo composes the newest mail of a kind.
func (l *till) letterTo(offer, kind, to string) post.Letter {
	l.t.Helper()
	mails, err := l.Post.About(l.t.Context(), "transfer/"+offer)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, m := range mails {
		if m.Kind == kind && m.To == to {
			letter, err := l.Post.Compose(l.t.Context(), m.Mail)
			if err != nil {
				l.t.Fatal(err)
			}
			return letter
		}
	}
	l.t.Fatalf("no mail %s to %s among %+v", kind, to, mails)
	return post.Letter{}
}

// From the wallet of who gives to that of who accepts: only the form acts, the address
// tells nothing afterwards, and the buyer's page and papers have the code no more.
func TestGivingATicketAway(t *testing.T) {
	l := newTill(t)
	order := l.bought("ada@example.org", 2)
	cookie := l.keeps(order)
	mine, _ := l.wallet(cookie)
	if len(mine) != 2 {
		t.Fatalf("ada has %d tickets", len(mine))
	}
	asked := map[string]any{"event": "SHOP-1", "ids": []string{mine[0].ID}}
	if status, _ := l.programs("X-None: 1", "/wallet/offer", asked); status != http.StatusUnauthorized {
		t.Errorf("without a session: status %d", status)
	}
	stranger := l.keeps(l.bought("eve@example.org", 1))
	if status, _ := l.programs(stranger, "/wallet/offer", asked); status != http.StatusNotFound {
		t.Errorf("another's ticket: status %d", status)
	}
	status, said := l.programs(cookie, "/wallet/offer", asked)
	if status != http.StatusOK || said["mailed"] != "ada@example.org" {
		t.Fatalf("offering: status %d, %v", status, said)
	}
	offer := said["offer"].(map[string]any)["id"].(string)
	if status, _ := l.programs(stranger, "/wallet/take-back", map[string]any{"id": offer}); status != http.StatusNotFound {
		t.Errorf("another's offer is taken back: status %d", status)
	}
	link := transferLink.FindString(l.letterTo(offer, "transfer_link", "ada@example.org").Text)

	dbtest.Unchanged(t, l.DB, func() {
		for range 2 {
			answer, body := l.get(link)
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Referrer-Policy") != "no-referrer" || answer.Header.Get("Cache-Control") != "no-store" ||
				!strings.Contains(body, "gives you a ticket") || strings.Contains(body, mine[0].ID) || strings.Contains(body, "UT1:") {
				t.Errorf("looking at the link: status %d, %v", answer.StatusCode, answer.Header)
			}
		}
		if answer, _ := l.post(link, "name=Bea&email=bea@example.org", "Sec-Fetch-Site: cross-site"); answer.StatusCode != http.StatusForbidden {
			t.Errorf("another site accepts: status %d", answer.StatusCode)
		}
		if answer, body := l.post(link, "name=&email=bea@example.org"); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="name-wrong"`) {
			t.Errorf("without a name: status %d", answer.StatusCode)
		}
		if answer, body := l.post(link, "name=%3Cb%3EBea&email=bea"); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="email-wrong"`) || strings.Contains(body, "<b>Bea") {
			t.Errorf("without an address: status %d", answer.StatusCode)
		}
		if answer, _ := l.get("/transfer/" + strings.Repeat("A", 43)); answer.StatusCode != http.StatusNotFound {
			t.Errorf("a link that is none: status %d", answer.StatusCode)
		}
	})
	answer, _ := l.post(link, "name=Bea+Byron&email=bea@example.org")
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/transfer/done" || len(answer.Cookies()) > 0 {
		t.Fatalf("accepting: status %d to %s", answer.StatusCode, answer.Header.Get("Location"))
	}
	if answer, body := l.get("/transfer/done"); answer.StatusCode != http.StatusOK || strings.Contains(body, "bea") {
		t.Errorf("after it: status %d", answer.StatusCode)
	}
	for range 2 {
		if answer, body := l.post(link, "name=Cleo&email=cleo@example.org"); answer.StatusCode != http.StatusGone || !strings.Contains(body, "accepted already") {
			t.Errorf("once more: status %d", answer.StatusCode)
		}
	}
	// The buyer's page, papers and wallet.
	_, page := l.get(order)
	if !strings.Contains(page, "Given to Bea Byron on ") {
		t.Errorf("the order's page says nothing of it: %s", page)
	}
	if _, after := l.get(order + "/tickets.pdf"); strings.Count(after, "/Type /Page\n") != 1 {
		t.Errorf("the order's file has %d pages", strings.Count(after, "/Type /Page\n"))
	}
	if left, _ := l.wallet(cookie); len(left) != 1 || left[0].ID != mine[1].ID {
		t.Errorf("ada's wallet has %+v", left)
	}
	signed := cookieOf(t, must(l.post(l.mailed("ada@example.org"), "")))
	if _, body := l.get("/wallet/tickets.json", signed); !strings.Contains(body, `"to":"Bea Byron"`) || strings.Contains(body, mine[0].Code) {
		t.Errorf("ada's own wallet says %s", body)
	}
	// And the new holder's: by the button of the mail with the file.
	yours := l.letterTo(offer, "transfer_yours", "bea@example.org")
	if len(yours.Files) != 1 {
		t.Errorf("bea gets %d files", len(yours.Files))
	}
	hers := cookieOf(t, must(l.post(enterLink.FindString(yours.Text), "")))
	if got, _ := l.wallet(hers); len(got) != 1 || got[0].ID != mine[0].ID || got[0].Generation != 1 || got[0].Code == mine[0].Code {
		t.Errorf("bea's wallet has %+v", got)
	}
	if _, body := l.get("/wallet/tickets.json", hers); !strings.Contains(body, `"hands":[{"how":"transfer","from":"Ada"`) || strings.Contains(body, "ada@example.org") {
		t.Errorf("bea's wallet says %s", body)
	}
	// A month after the event neither list has anything of it.
	over := time.Date(2026, 7, 5, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 30)
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{over, true}, {over.Add(time.Second), false}} {
		l.clock.Set(c.at)
		for cookie, none := range map[string]string{hers: `"tickets":[]`, signed: `"given":[]`} {
			if _, body := l.get("/wallet/tickets.json", cookie); strings.Contains(body, none) == c.want {
				t.Errorf("at %s: %s", c.at, body)
			}
		}
	}
}

// Who accepts is asked what the shop asks of such a ticket, of each, in their language and
// without a script. What the giver answered is theirs; gates and organiser have what the
// new holder says.
func TestWhoAcceptsIsAsked(t *testing.T) {
	l := newTill(t)
	order := l.begin("n.seat=2")
	if answer, body := l.post(order+"/pay", "name=Ada+L&email=ada@example.org&terms=yes&method=card&h.0.name=Ada&h.0.a.diet=all&h.1.name=Joan&h.1.a.diet=all"); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("paying: status %d: %s", answer.StatusCode, body)
	} else {
		l.card(answer.Header.Get("Location"), "4242424242424242")
	}
	l.shows(order, "Your tickets are ready")
	cookie := l.keeps(order)
	mine, _ := l.wallet(cookie)
	slices.SortFunc(mine, func(a, b held) int { return strings.Compare(a.ID, b.ID) }) // as the page has them
	_, said := l.programs(cookie, "/wallet/offer", map[string]any{"event": "SHOP-1", "ids": []string{mine[0].ID, mine[1].ID}})
	offer := said["offer"].(map[string]any)["id"].(string)
	link := transferLink.FindString(l.letterTo(offer, "transfer_link", "ada@example.org").Text)
	for language, words := range map[string][]string{
		"en": {"Ticket 2: Seat, Seat A-", "Please choose", "Please answer this question."}, "de": {"Ticket 2: Seat, Platz A-", "Bitte wählen", "Bitte beantworten Sie diese Frage."},
		"fr": {"Billet 2: Seat, Place A-", "Veuillez choisir", "Veuillez répondre à cette question."}, "es": {"Entrada 2: Seat, Asiento A-", "Elija, por favor", "Responda a esta pregunta, por favor."},
	} {
		_, page := l.get(link, "Accept-Language: "+language)
		if strings.Count(page, "What do you eat?") != 2 || strings.Count(page, " required") != 4 || !strings.Contains(page, words[0]) || !strings.Contains(page, words[1]) || strings.Contains(page, " selected") {
			t.Errorf("in %s the page asks %s", language, page)
		}
		dbtest.Unchanged(t, l.DB, func() {
			answer, page := l.post(link, "name=Bea&email=bea@example.org&h.0.a.diet=no+meat&h.1.a.diet=stones", "Accept-Language: "+language)
			if answer.StatusCode != http.StatusUnprocessableEntity || strings.Count(page, words[2]) != 1 || !strings.Contains(page, `id="h.1.a.diet-wrong"`) || !strings.Contains(page, `<option value="no meat" selected>`) || !strings.Contains(page, `value="bea@example.org"`) {
				t.Errorf("in %s a wrong answer: status %d: %s", language, answer.StatusCode, page)
			}
		})
	}
	dbtest.Unchanged(t, l.DB, func() {
		if answer, page := l.post(link, "name=&email=bea"); answer.StatusCode != http.StatusUnprocessableEntity || strings.Count(page, `aria-invalid="true"`) != 4 || strings.Count(page, " autofocus") != 1 {
			t.Errorf("all wrong at once: status %d: %s", answer.StatusCode, page)
		}
	})
	if answer, page := l.post(link, "name=Bea&email=bea@example.org&h.0.a.diet=no+meat&h.1.a.diet=all&h.1.a.shirt=L"); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("accepting: status %d: %s", answer.StatusCode, page)
	}
	for n, want := range []string{"no meat", "all"} {
		k, err := l.Tickets.Find(t.Context(), "SHOP-1", mine[n].ID)
		if err != nil {
			t.Fatal(err)
		}
		if k.Answers != ticketing.AnswersOf(map[string]string{"diet": want}) {
			t.Errorf("of ticket %d was answered %s, want %s", n+1, k.Answers, want)
		}
		if _, page := l.get("/manage/events/SHOP-1/tickets/"+mine[n].ID, "Authorization: Bearer "+l.key); !inOrder(page, "bea@example.org", "What do you eat?", want, "ada@example.org") {
			t.Errorf("the organiser sees %s", page)
		}
	}
}

// When the organiser takes one of two offered tickets for somebody else, the wallet takes
// the offer of the other back, and nobody else's does.
func TestGivingTakenBackInPart(t *testing.T) {
	l := newTill(t)
	cookie := l.keeps(l.bought("ada@example.org", 2))
	mine, _ := l.wallet(cookie)
	_, said := l.programs(cookie, "/wallet/offer", map[string]any{"event": "SHOP-1", "ids": []string{mine[0].ID, mine[1].ID}})
	offer := said["offer"].(map[string]any)["id"].(string)
	l.moves(mine[0].ID, "bea@example.org")
	hers := cookieOf(t, must(l.post(l.mailed("bea@example.org"), "")))
	for name, c := range map[string]struct {
		cookie string
		want   bool
	}{"of who has the other still": {cookie, true}, "of who has the one now": {hers, false}} {
		if _, body := l.get("/wallet/tickets.json", c.cookie); strings.Contains(body, offer) != c.want {
			t.Errorf("the wallet %s says %s", name, body)
		}
	}
	if status, _ := l.programs(hers, "/wallet/take-back", map[string]any{"id": offer}); status != http.StatusNotFound {
		t.Errorf("another's offer is taken back: status %d", status)
	}
	if status, said := l.programs(cookie, "/wallet/take-back", map[string]any{"id": offer}); status != http.StatusNoContent {
		t.Errorf("taking back: status %d, %v", status, said)
	}
	if status, said := l.programs(cookie, "/wallet/offer", map[string]any{"event": "SHOP-1", "ids": []string{mine[1].ID}}); status != http.StatusOK {
		t.Errorf("offering the other again: status %d, %v", status, said)
	}
}

// Who bought a ticket that a list gave to somebody else sees no code of it any more.
func TestGivingByAList(t *testing.T) {
	l := newTill(t)
	order := l.bought("ada@example.org", 2)
	cookie := l.keeps(order)
	mine, _ := l.wallet(cookie)
	k, err := l.Tickets.Find(t.Context(), "SHOP-1", mine[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	list := "external_id,name,email,product\n" + k.External + ",Bea Byron,bea@example.org,crew\n"
	if _, err := l.Tickets.Import(t.Context(), "SHOP-1", "list", strings.NewReader(list), nil); err != nil {
		t.Fatal(err)
	}
	if k, err = l.Tickets.Reissue(t.Context(), k, "a new holder"); err != nil {
		t.Fatal(err)
	}
	if left, _ := l.wallet(cookie); len(left) != 1 || left[0].ID != mine[1].ID {
		t.Errorf("the buyer's wallet has %+v", left)
	}
	if _, after := l.get(order + "/tickets.pdf"); strings.Count(after, "/Type /Page\n") != 1 {
		t.Errorf("the order's file has %d pages", strings.Count(after, "/Type /Page\n"))
	}
	if _, page := l.get(order); !strings.Contains(page, "Given to Bea Byron on ") {
		t.Errorf("the order's page says nothing of it: %s", page)
	}
	hers := cookieOf(t, must(l.post(l.mailed("bea@example.org"), "")))
	if got, _ := l.wallet(hers); len(got) != 1 || got[0].Code != k.Token {
		t.Errorf("the new holder's wallet has %+v", got)
	}
}

// moves has the organiser give a ticket to somebody else.
func (l *till) moves(id, email string) {
	l.t.Helper()
	k, err := l.Tickets.Find(l.t.Context(), "SHOP-1", id)
	if err == nil {
		_, err = l.Tickets.Transfer(l.t.Context(), k, "Bea", email, "")
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func must(answer *http.Response, _ string) *http.Response { return answer }

// Who tries links at random is slowed down.
func TestTransferLinksAreTriedSlowly(t *testing.T) {
	l := newTill(t)
	for n := range 40 {
		answer, _ := l.get("/transfer/" + url.PathEscape(strings.Repeat("A", 42)+string(rune('a'+n%26))))
		if want := http.StatusNotFound; n < 20 && answer.StatusCode != want {
			t.Fatalf("try %d: status %d", n+1, answer.StatusCode)
		} else if n >= 20 && answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("try %d: status %d", n+1, answer.StatusCode)
		}
	}
}
