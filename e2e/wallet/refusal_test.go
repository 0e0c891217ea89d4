package wallet

import (
	"testing"

	"usher/sync/fault"
)

// What the server refuses the page says in its language: by what is blamed or by the type
// of the problem, as what was to be done has it or as all has, and of what the page has
// never heard of too.
func TestRefusalsOfThePage(t *testing.T) {
	type refused struct {
		Type  string `json:"type"`
		Where string `json:"where"`
		Own   string `json:"own"`
		Key   string `json:"key"` // of the message
	}
	cases := []refused{
		{"refused", "challenge", "wallet.refused_move.", "wallet.refused_move.challenge"},
		{"refused", "entered", "wallet.refused_give.", "wallet.refused_give.refused"},
		{"exists", "", "wallet.refused_move.", "wallet.refused_move.exists"},
		{"expired", "accepted", "wallet.refused_back.", "wallet.refused_back.expired"},
		{"newer_than_the_page", "", "wallet.refused_move.", "wallet.refused.internal"},
		{"", "", "wallet.refused_move.", "wallet.need_network"},
	}
	for _, kind := range fault.Kinds() {
		cases = append(cases, refused{string(kind), "nowhere", "wallet.refused_renew.", "wallet.refused." + string(kind)})
	}
	for _, language := range append([]string{"en"}, others...) {
		p := newPhone(t, 360, 740)
		p.must(p.Speak(language))
		p.visit("/wallet/words.json")
		eval[bool](p, `Promise.all([import("/wallet/app/refusal.js"), import("/wallet/app/agent.js"), fetch("/wallet/words.json").then((answer) => answer.json())])
			.then(([{ refusal }, { Refused }, books]) => { Object.assign(window, { refusal, Refused, books }); return true; })`)
		for _, c := range cases {
			got := ask[string](p, `(c) => refusal(c.type ? new Refused(409, c) : new TypeError("no network"), c.own)`, c)
			if want := ask[string](p, `([language, key]) => books[language][key]`, []string{language, c.Key}); got != want {
				t.Errorf("in %s %+v is said as %q, want %q", language, c, got, want)
			}
		}
	}
}
