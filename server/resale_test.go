package server_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/migrations/sqldb"
	"usher/server/post"
	"usher/server/resale"
)

// resold is the shop with its tickets sold on at 100 percent, who waits first.
var resold = strings.Replace(quayShop, "\n[[pool]]", "\n[shop.resale]\nbuyer_fee = 0.5\nwaitlist_first = true\n\n[[pool]]", 1)

// buysByCard buys for somebody by card, and gives the order's path.
func (l *till) buysByCard(path, email string) {
	l.t.Helper()
	answer, body := l.post(path+"/pay", "name=Ada+L&email="+email+"&terms=yes&method=card")
	if answer.StatusCode != http.StatusSeeOther {
		l.t.Fatalf("paying: status %d: %s", answer.StatusCode, body)
	}
	l.card(answer.Header.Get("Location"), "4242424242424242")
	l.shows(path, "General")
}

// Somebody sells a ticket on from their wallet, who waits is offered it by mail, and the
// seller's code is void when it is paid.
func TestSellingOn(t *testing.T) {
	l := newTill(t)
	l.apply(resold)
	l.clock.Pass(time.Second)
	if _, body := l.get("/events/SHOP-1"); !strings.Contains(body, `href="/events/SHOP-1/resale"`) {
		t.Error("the event's page doesn't lead to the marketplace")
	}
	answer, body := l.get("/events/SHOP-1/resale")
	if answer.StatusCode != http.StatusOK || !strings.Contains(body, "Nobody sells a ticket on at the moment.") || !strings.Contains(answer.Header.Get("Cache-Control"), "s-maxage=1") || answer.Header.Get("Set-Cookie") != "" {
		t.Fatalf("the marketplace: status %d, %v: %s", answer.StatusCode, answer.Header, body)
	}
	if h := l.do(t, http.MethodGet, "/events/SHOP-1/resale", []string{"Accept-Language: fr"}, http.NoBody).Header; !strings.HasPrefix(h.Get("Cache-Control"), "private") || !strings.Contains(h.Get("Vary"), "Accept-Language") {
		t.Errorf("what one reader's browser chose: %v", h)
	}
	if _, body := l.get("/events/SHOP-1/resale?lang=de"); !regexp.MustCompile(`/wait"[^>]*><input type="hidden" name="lang" value="de">`).MatchString(body) {
		t.Errorf("who waits is written to in another language than they read: %s", body)
	}
	first := l.begin("n.ga=1")
	l.buysByCard(first, "ada%40example.org")
	cookie := l.keeps(first)
	list, _ := l.wallet(cookie)
	sold := list[0]
	mine := "/wallet/resale/SHOP-1/" + sold.ID
	if answer, _ := l.get(mine); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger is shown how to sell it: status %d", answer.StatusCode)
	}
	if _, body := l.get(mine, cookie); !strings.Contains(body, "You may ask €26.00 at most") || !strings.Contains(body, `value="26.00"`) {
		t.Fatalf("the seller's page: %s", body)
	}
	if answer, body := l.post(mine, "price=26.01", cookie); answer.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "up to €26.00") {
		t.Errorf("above the cap: status %d: %s", answer.StatusCode, body)
	}
	if answer, body := l.post("/events/SHOP-1/resale/wait", "email=grace%40example.org&wanted=1"); answer.StatusCode != http.StatusOK || !strings.Contains(body, "a mail on its way") {
		t.Fatalf("waiting: status %d: %s", answer.StatusCode, body)
	}
	if _, body := l.get(mine+"?lang=de", cookie); !strings.Contains(body, `name="lang" value="de"`) {
		t.Errorf("the page in German loses its language: %s", body)
	}
	if answer, body := l.post(mine, "price=20%2C50&lang=de", cookie); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != mine+"?lang=de" {
		t.Fatalf("listing: status %d to %q: %s", answer.StatusCode, answer.Header.Get("Location"), body)
	}
	if up, err := l.Resale.All(t.Context(), "SHOP-1"); err != nil || len(up) != 1 || up[0].Language != "de" {
		t.Errorf("its seller, who read German, is written to by %+v, %v", up, err)
	}
	if _, body := l.get(mine, cookie); !strings.Contains(body, "for sale at €20.50") {
		t.Errorf("the seller's page: %s", body)
	}
	l.clock.Pass(2 * time.Second)
	if _, body := l.get("/events/SHOP-1/resale"); strings.Contains(body, "listing") {
		t.Error("what is kept for somebody is for everybody")
	}
	offer := regexp.MustCompile(resale.OfferPath + `[\w.-]+`).FindString(l.letter("grace@example.org", "resell_offer"))
	if _, body := l.get(offer); !strings.Contains(body, "€21.00") || !strings.Contains(body, "kept for you until") {
		t.Fatalf("the offer: %s", body)
	}
	if answer, _ := l.get(offer[:len(offer)-4] + "AAAA"); answer.StatusCode == http.StatusOK {
		t.Error("an offer opens to a link that was guessed")
	}
	answer, _ = l.post(offer, "")
	second := answer.Header.Get("Location")
	if again, _ := l.post(offer, ""); answer.StatusCode != http.StatusSeeOther || again.Header.Get("Location") != second {
		t.Fatalf("the offer leads to %q and then to %q", second, again.Header.Get("Location"))
	}
	if answer, body := l.post(mine+"/back", "", cookie); answer.StatusCode != http.StatusConflict || !strings.Contains(body, "buying it just now") {
		t.Errorf("taking back what somebody is buying: status %d", answer.StatusCode)
	}
	l.buysByCard(second, "grace%40example.org")
	for language, want := range map[string]string{"en": "This offer is over", "de": "Dieses Angebot ist vorbei"} {
		for _, ask := range []func() (*http.Response, string){
			func() (*http.Response, string) { return l.get(offer, "Accept-Language: "+language) },
			func() (*http.Response, string) { return l.post(offer, "", "Accept-Language: "+language) },
		} {
			if answer, body := ask(); answer.StatusCode != http.StatusGone || !strings.Contains(body, want) || !strings.Contains(body, `href="/events/SHOP-1/resale"`) {
				t.Errorf("the offer that was taken, in %s: status %d: %s", language, answer.StatusCode, body)
			}
		}
	}
	if list, _ := l.wallet(cookie); len(list) != 0 {
		t.Errorf("the seller has %+v still", list)
	}
	if answer, _ := l.get(first + "/tickets.pdf"); answer.StatusCode == http.StatusOK {
		t.Error("the seller can print what they have sold")
	}
	if list, _ := l.wallet(l.keeps(second)); len(list) != 1 || list[0].ID != sold.ID || list[0].Generation != sold.Generation+1 || list[0].Code == sold.Code {
		t.Errorf("the buyer has %+v", list)
	}
	manager := "Authorization: Bearer " + l.key
	if answer, body := l.get("/manage/events/SHOP-1/resale", manager); answer.StatusCode != http.StatusOK || !strings.Contains(body, "sold") || !strings.Contains(body, "Nobody is to be paid by hand.") {
		t.Errorf("the manager's page: status %d: %s", answer.StatusCode, body)
	}
	hands := "/manage/events/SHOP-1/tickets/" + sold.ID
	if _, body := l.get(hands, manager); !inOrder(body, "ada@example.org", "the first", "grace@example.org", "bought from the holder before", "new code, issue 2") {
		t.Errorf("the page of the ticket: %s", body)
	}
	if _, body := l.get("/manage/events/SHOP-1/resale", manager); !strings.Contains(body, hands) {
		t.Error("what was sold on doesn't lead to the ticket")
	}
	if answer, body := l.get("/manage/events/SHOP-1/payouts.csv", manager); answer.StatusCode != http.StatusOK || !strings.HasPrefix(body, "listing,order,ticket,name,email,account,amount") {
		t.Errorf("the payouts: status %d: %s", answer.StatusCode, body)
	}
	l.post("/events/SHOP-1/resale/wait", "email=joan%40example.org&wanted=2")
	leave := regexp.MustCompile(resale.LeavePath + `[\w.-]+`).FindString(l.letter("joan@example.org", "resell_waits"))
	for _, want := range []int{1, 1} { // a mail scanner that looks changes nothing
		if answer, _ := l.get(leave); answer.StatusCode != http.StatusOK {
			t.Errorf("leaving: status %d", answer.StatusCode)
		}
		if n, err := l.Resale.Waiting(t.Context(), "SHOP-1"); err != nil || n != want {
			t.Errorf("%d wait, %v", n, err)
		}
	}
	l.post(leave, "")
	if n, err := l.Resale.Waiting(t.Context(), "SHOP-1"); err != nil || n != 0 {
		t.Errorf("after leaving %d wait, %v", n, err)
	}
	l.sellersPaid("ada%40example.org", manager)
}

// sellersPaid has the event end: what is paid out to the seller can't be refunded, and what
// the card can't get is to be paid by hand, less what was paid so before.
func (l *till) sellersPaid(seller, manager string) {
	l.t.Helper()
	l.clock.Set(time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC))
	if err := l.Resale.Look(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	_, list := l.get("/manage/orders?text="+seller, manager)
	order := regexp.MustCompile(`/manage/orders/[0-9A-Z]{10}`).FindString(list)
	if _, page := l.get(order, manager); !strings.Contains(page, "Refund all of €6.00") { // of 26.50
		l.t.Errorf("the order of who sold for €20.50: %s", page)
	}
	all, err := l.Resale.All(l.t.Context(), "SHOP-1")
	if err != nil || len(all) != 1 {
		l.t.Fatalf("the listings are %+v, %v", all, err)
	}
	refused := func(amount int64, page, file string) {
		l.t.Helper()
		err := l.DB.InTx(l.t.Context(), func(ctx context.Context, tx *sqldb.Tx) error { return l.Resale.ByHandIn(ctx, tx, all[0].ID, amount) })
		if err != nil {
			l.t.Fatal(err)
		}
		if _, body := l.get("/manage/events/SHOP-1/resale", manager); !strings.Contains(body, page) {
			l.t.Errorf("the page lacks %q: %s", page, body)
		}
		if _, body := l.get("/manage/events/SHOP-1/payouts.csv", manager); !strings.Contains(body, file) {
			l.t.Errorf("the file lacks %q: %s", file, body)
		}
	}
	refused(500, `class="n">€5.00<`, ",5.00,EUR,,\n")
	if answer, body := l.post("/manage/events/SHOP-1/resale/paid", "listing="+all[0].ID+"&how=slip+1", manager); answer.StatusCode != http.StatusSeeOther {
		l.t.Fatalf("paying: status %d: %s", answer.StatusCode, body)
	}
	if _, body := l.get("/manage/events/SHOP-1/payouts.csv", manager); !strings.Contains(body, ",5.00,EUR,2026-07-06T") || !strings.Contains(body, ",slip 1\n") {
		l.t.Errorf("once it was paid: %s", body)
	}
	refused(200, "€5.00 was paid before", ",2.00,EUR,,\n")
}

// letter writes a letter to an address, as the post does when it is sent.
func (l *till) letter(to, kind string) string {
	l.t.Helper()
	m := post.Mail{Kind: kind, To: to}
	row := l.DB.Read().QueryRowContext(l.t.Context(), `select about, detail from mail where address = $1 and kind = $2`, to, kind)
	err := row.Scan(&m.About, &m.Detail)
	if err == nil {
		var letter post.Letter
		if letter, err = l.Resale.Compose(l.t.Context(), m); err == nil {
			return letter.Text
		}
	}
	l.t.Fatal(err)
	return ""
}
