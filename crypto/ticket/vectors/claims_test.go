package vectors

// hostileClaims are well signed, but no claims of FORMAT.md.
func hostileClaims() (all []made) {
	all = append(all, audClaims()...)
	all = append(all, timeClaims()...)
	all = append(all, mapClaims()...)
	return append(all, ctiClaims()...)
}

// payloadCase is a payload, in hex, and what is to be said of it.
type payloadCase struct{ id, payload, reason string }

func staticCases(group string, cases []payloadCase) (all []made) {
	for _, c := range cases {
		all = append(all, made{id: group + "-" + c.id, token: staticOf(c.payload), reason: c.reason})
	}
	return all
}

func audClaims() []made {
	other := func(event string) map[string]any {
		ctx := keys(keyOf(issuer, map[string]any{"aud": event}))
		ctx["aud"] = event
		return ctx
	}
	all := staticCases("aud", []payloadCase{
		{"missing", "a1" + cti, "claims"},
		{"empty", "a2 03 60" + cti, "claims"},
		{"lower-case", "a2 03 64 65763236" + cti, "claims"},
		{"space", "a2 03 64 45562036" + cti, "claims"},
		{"underscore", "a2 03 64 45565f36" + cti, "claims"},
		{"nul", "a2 03 64 45560036" + cti, "claims"},
		{"utf8", "a2 03 64 4556c389" + cti, "claims"},
		{"broken-utf8", "a2 03 64 4556c3c3" + cti, "claims"},
		{"17-characters", "a2 03 71 4142434445464748494a4b4c4d4e4f5051" + cti, "claims"},
		{"list", "a2 03 81 64 45563236" + cti, "claims"},
		{"bytes", "a2 03 44 45563236" + cti, "claims"},
		{"number", "a2 03 01" + cti, "claims"},
		{"long-length", "a2 03 78 04 45563236" + cti, "cbor"},
		{"longer-length", "a2 03 79 0004 45563236" + cti, "cbor"},
		{"longest-length", "a2 03 7b 0000000000000004 45563236" + cti, "cbor"},
		{"indefinite", "a2 03 7f 64 45563236 ff" + cti, "cbor"},
		{"past-the-end", "a2 03 78 ff 45563236" + cti, "cbor"},
		{"huge", "a2 03 7b ffffffffffffffff 45563236" + cti, "cbor"},
		{"null", "a2 03 f6" + cti, "cbor"},
		{"tagged", "a2 03 d8 20 64 45563236" + cti, "cbor"},
	})
	return append(all,
		made{id: "aud-16-characters", token: staticOf("a2 03 70 4142434445464748494a4b4c4d4e4f50" + cti), ctx: other("ABCDEFGHIJKLMNOP")},
		made{id: "aud-hyphen", token: staticOf("a2 03 61 2d" + cti), ctx: other("-")},
		made{id: "aud-digit", token: staticOf("a2 03 61 39" + cti), ctx: other("9")},
	)
}

func timeClaims() []made {
	exp := func(value string) string { return "a3" + aud + "04" + value + cti }
	nbf := func(value string) string { return "a3" + aud + "05" + value + cti }
	both := func(exp, nbf string) string { return "a4" + aud + "04" + exp + "05" + nbf + cti }
	return staticCases("time", []payloadCase{
		{"exp-highest", exp("1b 0000010000000000"), ""},
		{"exp-too-high", exp("1b 0000010000000001"), "claims"},
		{"exp-top-bit", exp("1b 8000000000000000"), "claims"},
		{"exp-negative", exp("20"), "claims"},
		{"exp-text", exp("61 31"), "claims"},
		{"exp-bytes", exp("44 6b372bfa"), "claims"},
		{"exp-float16", exp("f9 7c00"), "cbor"},
		{"exp-float32", exp("fa 4ed66e57"), "cbor"},
		{"exp-float64", exp("fb 41dacdcafe800000"), "cbor"},
		{"exp-true", exp("f5"), "cbor"},
		{"exp-null", exp("f6"), "cbor"},
		{"exp-undefined", exp("f7"), "cbor"},
		{"exp-simple", exp("f8 20"), "cbor"},
		{"exp-tag-1", exp("c1 1a 6b372bfa"), "cbor"},
		{"exp-bignum", exp("c2 44 6b372bfa"), "cbor"},
		{"exp-8-bytes", exp("1b 000000006b372bfa"), "cbor"},
		{"exp-reserved-28", exp("1c"), "cbor"},
		{"exp-reserved-30", exp("1e"), "cbor"},
		{"exp-indefinite-31", exp("1f"), "cbor"},
		{"nbf-zero", nbf("00"), ""},
		{"nbf-23-long", nbf("18 17"), "cbor"},
		{"nbf-24", nbf("18 18"), ""},
		{"nbf-24-long", nbf("19 0018"), "cbor"},
		{"nbf-255", nbf("18 ff"), ""},
		{"nbf-255-long", nbf("19 00ff"), "cbor"},
		{"nbf-256", nbf("19 0100"), ""},
		{"nbf-256-long", nbf("1a 00000100"), "cbor"},
		{"nbf-65535", nbf("19 ffff"), ""},
		{"nbf-65535-long", nbf("1a 0000ffff"), "cbor"},
		{"nbf-65536", nbf("1a 00010000"), ""},
		{"nbf-32-bit-long", nbf("1b 00000000ffffffff"), "cbor"},
		{"nbf-too-high", nbf("1b 0000010000000001"), "claims"},
		{"nbf-negative", nbf("3a 00000001"), "cbor"},
		{"nbf-is-exp", both("1a 6b372bfa", "1a 6b372bfa"), "claims"},
		{"nbf-after-exp", both("1a 6b372bfa", "1a 6b372bfb"), "claims"},
		{"nbf-just-before-exp", both("1a 6b369f5b", "1a 6b369f5a"), ""},
	})
}

func mapClaims() []made {
	return staticCases("map", []payloadCase{
		{"empty-payload", "", "cbor"},
		{"empty", "a0", "claims"},
		{"array", "84" + aud + cti, "claims"},
		{"number", "01", "claims"},
		{"text", "64 45563236", "claims"},
		{"bytes", "51" + smallest, "claims"},
		{"tagged-cwt", "d8 3d" + smallest, "cbor"},
		{"indefinite", "bf" + aud + cti + "ff", "cbor"},
		{"long-count", "b8 02" + aud + cti, "cbor"},
		{"count-too-high", "a3" + aud + cti, "cbor"},
		{"count-too-low", "a2" + aud + cti + "08 00", "cbor"},
		{"count-huge", "bb ffffffffffffffff" + aud + cti, "claims"},
		{"break", "a2" + aud + "ff", "cbor"},
		{"trailing-zero", smallest + "00", "cbor"},
		{"trailing-map", smallest + smallest, "cbor"},
		{"cti-first", "a2" + cti + aud, "cbor"},
		{"exp-after-cti", "a3" + aud + cti + "04 00", "cbor"},
		{"nbf-before-exp", "a4" + aud + "05 00 04 1a 6b372bfa" + cti, "cbor"},
		{"ext-first", "a3 3a 00010000 a1 01 01" + aud + cti, "cbor"},
		{"aud-twice", "a3" + aud + aud + cti, "dupkey"},
		{"aud-twice-apart", "a3" + aud + cti + aud, "dupkey"},
		{"exp-twice", "a4" + aud + "04 1a 6b372bfa 04 1a 6b372bfa" + cti, "dupkey"},
		{"nbf-twice", "a4" + aud + "05 00 05 00" + cti, "dupkey"},
		{"cti-twice", "a3" + aud + cti + cti, "dupkey"},
		{"cti-twice-differing", "a3" + aud + cti + "07 48 0000000000000000", "dupkey"},
		{"cnf-twice", "a4" + aud + cti + cnfOf(holder.Public()) + cnfOf(holder.Public()), "dupkey"},
		{"ext-twice", "a4" + aud + cti + "3a 00010000 a1 01 01 3a 00010000 a1 01 01", "dupkey"},
		{"key-iss", "a3 01 61 41" + aud + cti, "claims"},
		{"key-sub", "a3 02 61 41" + aud + cti, "claims"},
		{"key-iat", "a3" + aud + "06 00" + cti, "claims"},
		{"key-9", "a3" + aud + cti + "09 00", "claims"},
		{"key-zero", "a3 00 00" + aud + cti, "claims"},
		{"key-minus-1", "a3" + aud + cti + "20 00", "claims"},
		{"key-minus-65536", "a3" + aud + cti + "39 ffff a1 01 01", "claims"},
		{"key-minus-65538", "a3" + aud + cti + "3a 00010001 a1 01 01", "claims"},
		{"key-highest", "a3" + aud + cti + "1b ffffffffffffffff 00", "claims"},
		{"key-lowest", "a3" + aud + cti + "3b ffffffffffffffff 00", "claims"},
		{"key-text", "a3" + aud + cti + "63 617564 00", "claims"},
		{"key-bytes", "a3" + aud + cti + "41 03 00", "claims"},
		{"key-array", "a3" + aud + cti + "80 00", "claims"},
		{"key-float", "a3" + aud + cti + "f9 4200 00", "cbor"},
		{"key-tagged", "a2 c1" + aud + cti, "cbor"},
		{"key-long", "a2 18" + aud + cti, "cbor"},
		{"key-longest", "a2 1b 00000000000000" + aud + cti, "cbor"},
		{"key-ext-long", "a3" + aud + cti + "3b 0000000000010000 a1 01 01", "cbor"},
	})
}

func ctiClaims() []made {
	with := func(value string) string { return "a2" + aud + "07" + value }
	return staticCases("cti", []payloadCase{
		{"missing", "a1" + aud, "claims"},
		{"zeros", with("48 0000000000000000"), ""},
		{"empty", with("40"), "claims"},
		{"7-bytes", with("47 d14e90226b73f5"), "claims"},
		{"9-bytes", with("49 d14e90226b73f50800"), "claims"},
		{"text", with("68 4142434445464748"), "claims"},
		{"number", with("1b d14e90226b73f508"), "claims"},
		{"long-length", with("58 08 d14e90226b73f508"), "cbor"},
		{"indefinite", with("5f 48 d14e90226b73f508 ff"), "cbor"},
		{"cut", with("48 d14e90226b73f5"), "cbor"},
		{"uuid-tag", with("d8 25 48 d14e90226b73f508"), "cbor"},
	})
}
