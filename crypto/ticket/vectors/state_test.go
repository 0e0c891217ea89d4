package vectors

import (
	"crypto/ed25519"
	"fmt"

	"usher/crypto/keyring"
)

// hostileStates are genuine tickets in contexts good and bad.
func hostileStates() (all []made) {
	all = append(all, keyStates()...)
	all = append(all, ticketStates()...)
	return append(all, proofStates()...)
}

func keyStates() []made {
	good := staticOf(smallest)
	a := func(change map[string]any) map[string]any { return keys(keyOf(issuer, change)) }
	all := []made{
		{id: "key-revoked", token: good, reason: "key-revoked", ctx: a(map[string]any{"revoked": true})},
		{id: "key-state-revoked", token: good, reason: "key-revoked", ctx: a(map[string]any{"state": "revoked"})},
		{id: "key-roster-only", token: good, reason: "key-roster-only", ctx: a(map[string]any{"state": "roster-only"})},
		{id: "key-good-from-now", token: good, ctx: a(map[string]any{"nbf": now})},
		{id: "key-good-in-a-second", token: good, reason: "key-nbf", ctx: a(map[string]any{"nbf": now + 1})},
		{id: "key-expires-now", token: good, reason: "key-exp", ctx: a(map[string]any{"exp": now})},
		{id: "key-expires-in-a-second", token: good, ctx: a(map[string]any{"exp": now + 1})},
		{id: "key-of-another-event", token: good, reason: "key-aud", ctx: a(map[string]any{"aud": "EV27"})},
		{id: "key-of-two-events", token: good, ctx: a(map[string]any{"aud": []string{"EV25", "EV26"}})},
		{id: "key-of-no-event", token: good, reason: "key-aud", ctx: a(map[string]any{"aud": []string{}})},
		{id: "key-of-a-longer-event", token: good, reason: "key-aud", ctx: a(map[string]any{"aud": "EV26-2"})},
		{id: "key-role-journal", token: good, reason: "key-role", ctx: a(map[string]any{"role": "journal"})},
		{id: "key-role-enrolment", token: good, reason: "key-role", ctx: a(map[string]any{"role": "enrolment"})},
		{id: "key-under-another-kid", token: good, reason: "kid", ctx: keys(keyOf(rival, map[string]any{"kid": issuer.ID().String()}))},
		{id: "key-kid-twice", token: good, reason: "kid", ctx: keys(keyOf(issuer, nil), keyOf(issuer, nil))},
		{id: "key-none", token: good, reason: "kid", ctx: keys()},
		{id: "key-among-two", token: good, ctx: keys(keyOf(rival, nil), keyOf(issuer, nil))},
	}
	roster := a(map[string]any{"state": "roster-only"})
	roster["roster"] = []string{"d14e90226b73f508"}
	return append(append(all, made{id: "key-roster-knows", token: good, ctx: roster}), weakIssuers()...)
}

// weakIssuers are rings with a key that must not be one. The first is the point
// of order 1: R = A, S = 0 verifies for every message.
func weakIssuers() (all []made) {
	for i, pub := range weakKeys() {
		id := keyring.IDOf(ed25519.PublicKey(pub))
		protected := append(unhex("a201270444"), id[:]...)
		sig := make([]byte, 64)
		sig[0] = 1 // R is the identity
		token := static(unhex("84", bstr(protected), "a0", bstr(unhex(smallest)), bstr(sig)))
		all = append(all, made{
			id: fmt.Sprintf("key-weak-%02d", i), token: token, reason: "key-weak",
			ctx: keys(map[string]any{"pub": hexOf(pub), "kid": id.String(), "aud": "EV26", "nbf": 0, "exp": 1 << 40}),
		})
	}
	return all
}

func ticketStates() []made {
	with := func(claims string) string { return staticOf("a3" + aud + claims + cti) }
	first := staticOf("a3" + aud + cti + "3a 00010000 a1 01 01")
	lowest := func(n int) map[string]any {
		return map[string]any{"min_gen": map[string]int{"d14e90226b73f508": n}}
	}
	return []made{
		{id: "aud-of-another-gate", token: staticOf(smallest), reason: "aud", ctx: map[string]any{"aud": "EV27"}},
		{id: "aud-is-a-prefix", token: staticOf(smallest), reason: "aud", ctx: map[string]any{"aud": "EV2"}},
		{id: "exp-now", token: with("04" + at(now)), reason: "exp"},
		{id: "exp-in-a-second", token: with("04" + at(now+1))},
		{id: "exp-zero", token: with("04 00"), reason: "exp"},
		{id: "exp-later", token: with("04" + at(now+1)), reason: "exp", ctx: map[string]any{"now": now + 1}},
		{id: "nbf-now", token: with("05" + at(now))},
		{id: "nbf-in-a-second", token: with("05" + at(now+1)), reason: "nbf"},
		{id: "gen-superseded", token: staticOf(smallest), reason: "gen", ctx: lowest(1)},
		{id: "gen-current", token: first, ctx: lowest(1)},
		{id: "gen-newer", token: first, ctx: lowest(0)},
		{id: "gen-old-again", token: first, reason: "gen", ctx: lowest(2)},
		{id: "gen-never", token: staticOf("a3" + aud + cti + "3a 00010000 a1 01 19 ffff"), reason: "gen", ctx: lowest(65536)},
		{id: "gen-of-another", token: staticOf(smallest), ctx: map[string]any{"min_gen": map[string]int{"d14e90226b73f509": 9}}},
	}
}

func proofStates() []made {
	t := boundTo(holder.Public())
	shown := func(offset int64) string { return dynamic(proved(t, holder, at(now+offset))) }
	answered := dynamic(proved(t, holder, at(now), "19 1267"))
	asked := func(c any) map[string]any { return map[string]any{"challenge": c} }
	window := func(past, future int) map[string]any { return map[string]any{"past": past, "future": future} }
	return []made{
		{id: "ts-45-ago", token: shown(-45)},
		{id: "ts-46-ago", token: shown(-46), reason: "proof-ts"},
		{id: "ts-15-ahead", token: shown(15)},
		{id: "ts-16-ahead", token: shown(16), reason: "proof-ts"},
		{id: "ts-year-ahead", token: shown(365 * 86400), reason: "proof-ts"},
		{id: "ts-zero", token: dynamic(proved(t, holder, "00")), reason: "proof-ts"},
		{id: "ts-highest", token: dynamic(proved(t, holder, "1b 0000010000000000")), reason: "proof-ts"},
		{id: "ts-no-window", token: shown(0), ctx: window(0, 0)},
		{id: "ts-no-past", token: shown(-1), reason: "proof-ts", ctx: window(0, 15)},
		{id: "ts-no-future", token: shown(1), reason: "proof-ts", ctx: window(45, 0)},
		{id: "ts-wide-window", token: shown(-3600), ctx: window(3600, 15)},
		{id: "chal-not-asked", token: answered},
		{id: "chal-right", token: answered, ctx: asked(4711)},
		{id: "chal-right-digits", token: answered, ctx: asked("004711")},
		{id: "chal-any", token: answered, ctx: asked(true)},
		{id: "chal-wrong", token: answered, reason: "proof-chal", ctx: asked(4712)},
		{id: "chal-missing", token: shown(0), reason: "proof-chal", ctx: asked(4711)},
		{id: "chal-missing-any", token: shown(0), reason: "proof-chal", ctx: asked(true)},
		{id: "chal-missing-zero", token: shown(0), reason: "proof-chal", ctx: asked(0)},
		{id: "chal-static", token: staticOf(smallest), reason: "proof-chal", ctx: asked(4711)},
		{id: "chal-taken-back", token: shown(0), ctx: asked(nil)},
	}
}
