package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"usher/server/accounts"
	"usher/sync/fault"
)

// pageWords are what the wallet's page says, by its language.
type pageWords struct {
	*till
	books map[string]map[string]any
}

// as wants a problem said by the message that page/refusal.js finds for it, where own
// begins those of what was to be done.
func (s *pageWords) as(name string, answer *http.Response, own, want string) {
	s.t.Helper()
	var p fault.Problem
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		s.t.Fatalf("%s: status %d, %v", name, answer.StatusCode, err)
	}
	key := ""
	for _, k := range []string{own + p.Where, own + string(p.Kind), "wallet.refused." + string(p.Kind)} {
		if _, has := s.books["en"][k]; has && key == "" {
			key = k
		}
	}
	if key != "wallet.refused"+want {
		s.t.Errorf("%s: %+v is said as %q, want wallet.refused%s", name, p, key, want)
		return
	}
	for code, book := range s.books {
		text, _ := book[key].(string)
		if text == "" || text == p.Detail || code != "en" && text == s.books["en"][key] {
			s.t.Errorf("%s: in %s that is %q", name, code, text)
		}
	}
}

// Whatever the wallet's page is refused it can say in each language: what a page asks that
// was left open while its tickets were moved, renewed or given away, too.
func TestWalletSaysWhyNot(t *testing.T) {
	const (
		move, renew, give, back = "wallet.refused_move.", "wallet.refused_renew.", "wallet.refused_give.", "wallet.refused_back."
		nobody                  = "X-None: 1"
	)
	l := newTill(t)
	s := &pageWords{till: l}
	if _, body := l.get("/wallet/words.json"); json.Unmarshal([]byte(body), &s.books) != nil || len(s.books) != 4 {
		t.Fatalf("the words are %s", body)
	}
	order := l.bought("ada@example.org", 3)
	ada, second, bea := l.phone(l.keeps(order)), l.phone(l.keeps(order)), l.phone(l.keeps(l.bought("bea@example.org", 1)))
	list, _ := l.wallet(ada.cookie)
	one := func(path string, k held, more string) *http.Response {
		return l.send(path, `{"event":"`+k.Event+`","id":"`+k.ID+`"`+more+`}`, ada.cookie)
	}
	offers := func(cookie, ids, more string) *http.Response {
		return l.send("/wallet/offer", `{"event":"SHOP-1","ids":["`+ids+`"]`+more+`}`, cookie)
	}

	for _, path := range []string{"challenge", "bind", "renew", "pass", "offer", "take-back", "end"} {
		s.as(path+" of nobody", l.send("/wallet/"+path, "{}", nobody), "", ".unauthorised")
		s.as(path+" of another site", l.send("/wallet/"+path, "{}", ada.cookie, "Sec-Fetch-Site: cross-site"), "", ".forbidden")
		if path != "challenge" { // which reads nothing
			s.as(path+" that is no JSON", l.send("/wallet/"+path, "{", ada.cookie), "", ".bad_input")
			s.as(path+" that is too long", l.send("/wallet/"+path, `{"id":"`+strings.Repeat("x", 20_000)+`"}`, ada.cookie), "", ".too_large")
		}
	}
	ended := l.keeps(order)
	l.send("/wallet/end", `{"id":""}`, ended)
	s.as("a session that was ended", l.send("/wallet/renew", "{}", ended), renew, ".unauthorised")

	s.as("somebody else's ticket", bea.claims(list[0], nil), move, ".not_found")
	s.as("another's key", ada.claims(list[0], func(m map[string]any) { m["signature"] = strings.Repeat("A", 86) }), move, ".forbidden")
	s.as("a challenge too old", ada.claims(list[0], func(map[string]any) { l.clock.Pass(accounts.ChallengeLife) }), move, "_move.challenge")
	if answer := ada.claims(list[0], nil); answer.StatusCode != http.StatusOK {
		t.Fatalf("binding: status %d", answer.StatusCode)
	}
	s.as("moved meanwhile", second.claims(list[0], func(m map[string]any) { m["generation"] = 0 }), move, ".refused")
	moved, _ := l.wallet(second.cookie)
	for _, k := range moved {
		if k.ID == list[0].ID {
			s.as("on another phone", second.claims(k, nil), move, "_move.exists")
		}
	}
	s.as("renewed of old", one("/wallet/renew", list[0], `,"generation":0`), renew, ".refused")
	for _, generation := range []string{"0", "1", "2"} {
		if answer := one("/wallet/renew", list[1], `,"generation":`+generation); answer.StatusCode != http.StatusOK {
			t.Fatalf("renewing: status %d", answer.StatusCode)
		}
	}
	s.as("renewed too often", one("/wallet/renew", list[1], `,"generation":3`), renew, "_renew.codes")
	s.as("a pass that there isn't", one("/wallet/pass", list[1], ""), "", ".not_found")

	s.as("given to no name", offers(ada.cookie, list[2].ID, `,"email":"cleo@example.org"`), give, "_give.name")
	s.as("given to no address", offers(ada.cookie, list[2].ID, `,"name":"Cleo","email":"cleo"`), give, "_give.email")
	both := l.keeps(l.bought("bea@example.org", 1), second.cookie)
	all, _ := l.wallet(both)
	others := slices.DeleteFunc(all, func(k held) bool {
		return slices.ContainsFunc(list, func(hers held) bool { return hers.ID == k.ID })
	})
	s.as("of two people", offers(both, list[2].ID+`","`+others[0].ID, ""), give, "_give.ids")
	answer := offers(ada.cookie, list[2].ID, "")
	var offered struct{ Offer struct{ ID string } }
	if err := json.NewDecoder(answer.Body).Decode(&offered); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("offering: status %d, %v", answer.StatusCode, err)
	}
	s.as("given away twice", offers(ada.cookie, list[2].ID, ""), give, "_give.refused")
	s.as("another's offer", l.send("/wallet/take-back", `{"id":"`+offered.Offer.ID+`"}`, bea.cookie), back, ".not_found")
	if answer, _ := l.post(transferLink.FindString(l.letterTo(offered.Offer.ID, "transfer_link", "ada@example.org").Text), "name=Cleo&email=cleo@example.org"); answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("accepting: status %d", answer.StatusCode)
	}
	s.as("given away meanwhile", offers(ada.cookie, list[2].ID, ""), give, ".not_found")
	s.as("renewed when it is given away", one("/wallet/renew", list[2], `,"generation":0`), renew, ".not_found")

	var often *http.Response
	for range 40 {
		often = l.send("/wallet/challenge", "{}", both)
	}
	s.as("moved too often", often, move, "_move.too_many")
	for range 40 {
		often = offers(bea.cookie, list[2].ID, "")
	}
	s.as("given too often", often, give, ".too_many")
}
