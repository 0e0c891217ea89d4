package staff

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/journal"
)

const event = "EV1"

// quick is a cost that a test can pay many times over.
var quick = Cost{Time: 1, KiB: 8, Threads: 1}

func person(n byte, name string, role grant.Role) Person {
	return Person{ID: ID{n}, Name: name, Role: role}
}

func withPIN(t testing.TB, p Person, digits string) Person {
	t.Helper()
	pin, err := NewPIN(rand.Reader, digits, quick)
	if err != nil {
		t.Fatal(err)
	}
	p.PIN = pin
	return p
}

func TestOnlyTheKeyOpens(t *testing.T) {
	kim := withPIN(t, person(1, "Kim", grant.RoleSupervisor), "40817263")
	record, err := Seal(Key{1}, event, rand.Reader, kim)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(record.Sealed, []byte("Kim")) || bytes.Contains(record.Sealed, kim.PIN.Tag) {
		t.Error("the person can be read in the record")
	}
	got, err := Open(Key{1}, event, record)
	if err != nil || !got.Same(&kim) || !got.PIN.Matches("40817263") {
		t.Fatalf("%+v, %v", got, err)
	}
	bent := &journal.Staff{Nonce: record.Nonce, Sealed: bytes.Clone(record.Sealed)}
	bent.Sealed[0] ^= 1
	for name, open := range map[string]func() (Person, error){
		"another key":    func() (Person, error) { return Open(Key{2}, event, record) },
		"another event":  func() (Person, error) { return Open(Key{1}, "EV2", record) },
		"a changed byte": func() (Person, error) { return Open(Key{1}, event, bent) },
		"a guest list": func() (Person, error) {
			nonce, box, err := Key{1}.Seal("guests", event, rand.Reader, kim)
			if err != nil {
				t.Fatal(err)
			}
			return Open(Key{1}, event, &journal.Staff{Nonce: nonce, Sealed: box})
		},
	} {
		if p, err := open(); fault.KindOf(err) != fault.Refused || p.Name != "" {
			t.Errorf("%s: %+v, %v; want it refused", name, p, err)
		}
	}
}

func TestWhoCantBeOnAList(t *testing.T) {
	for where, change := range map[string]func(*Person){
		"name: \"\"":             func(p *Person) { p.Name = "" },
		"name: \" Kim\"":         func(p *Person) { p.Name = " Kim" },
		"name: 41 bytes":         func(p *Person) { p.Name = strings.Repeat("k", MaxName+1) },
		"name: \"K\\nim\"":       func(p *Person) { p.Name = "K\nim" },
		"role: \"kiosk\"":        func(p *Person) { p.Role = grant.RoleKiosk },
		"role: \"boss\"":         func(p *Person) { p.Role = "boss" },
		"card: a hash of 31":     func(p *Person) { p.Card = make([]byte, 31) },
		"pin: a salt of 0":       func(p *Person) { p.PIN = &PIN{} },
		"pin: argon2id with 0 p": func(p *Person) { p.PIN.Time = 0 },
		"pin: argon2id with 11":  func(p *Person) { p.PIN.Time = maxTime + 1 },
		"with 262145 KiB":        func(p *Person) { p.PIN.KiB = maxKiB + 1 },
		"with 15 KiB":            func(p *Person) { p.PIN.Threads, p.PIN.KiB = 2, 15 },
		"with 17 lanes":          func(p *Person) { p.PIN.Threads = maxThreads + 1 },
	} {
		p := withPIN(t, person(1, "Kim", grant.RoleScanner), "40817263")
		change(&p)
		if err := p.Check(); fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), where) {
			t.Errorf("%v, want it to say %q", err, where)
		}
		if _, err := Seal(Key{1}, event, rand.Reader, p); err == nil {
			t.Errorf("%s is sealed", where)
		}
		if p.PIN != nil && p.PIN.check() != nil && p.PIN.Matches("40817263") {
			t.Errorf("%s: the PIN is tried", where)
		}
	}
}

// Whatever the order in which records come, the later of the journal counts.
func TestList(t *testing.T) {
	kim, sam := withPIN(t, person(1, "Kim", grant.RoleSupervisor), "40817263"), person(2, "sam", grant.RoleScanner)
	gone := kim
	gone.Gone, gone.PIN = true, nil
	again := withPIN(t, person(3, "kim", grant.RoleBoxOffice), "73625140")
	told := []Person{kim, sam, gone, again}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {0, 1, 2, 3, 0, 2}} {
		var l List
		for _, i := range order {
			l.Apply(journal.Position{Seq: uint64(i + 1)}, told[i])
		}
		all := l.All()
		if l.Len() != 2 || len(all) != 2 || all[0].ID != again.ID || all[1].ID != sam.ID {
			t.Errorf("in the order %v: %+v", order, all)
		}
		if p, there := l.Named("KIM"); !there || p.Role != grant.RoleBoxOffice {
			t.Errorf("in the order %v Kim is %+v", order, p)
		}
		if _, there := l.Person(kim.ID); there {
			t.Errorf("in the order %v somebody is there who was removed", order)
		}
	}
	var l List
	if _, there := l.Named("Kim"); there || l.Len() != 0 || len(l.All()) != 0 {
		t.Error("somebody is on an empty list")
	}
}

func TestHolder(t *testing.T) {
	code, other := grant.Code{1}, grant.Code{2}
	hash := grant.RoleCardHash(code)
	p := person(1, "Kim", grant.RoleScanner)
	p.Card = hash[:]
	var l List
	l.Apply(journal.Position{Seq: 1}, p)
	l.Apply(journal.Position{Seq: 2}, person(2, "Sam", grant.RoleScanner)) // who has none
	if got, there := l.Holder(code); !there || got.Name != "Kim" {
		t.Errorf("the card is %+v's", got)
	}
	if got, there := l.Holder(other); there {
		t.Errorf("another card is %+v's", got)
	}
	p.Gone = true
	l.Apply(journal.Position{Seq: 3}, p)
	if _, there := l.Holder(code); there {
		t.Error("the card of somebody who was removed is good")
	}
}

func TestWeakPINs(t *testing.T) {
	for _, digits := range []string{
		"000000", "111111", "123456", "654321", "234567", "890123", "901234", "12345678", "987654", "098765",
		"121212", "123123", "12341234", "112112", "111222", "100000", "000001", "112233", "123321", "147258", "159753", "12344321",
	} {
		if err := CheckPIN(digits); fault.KindOf(err) != fault.BadInput || !strings.Contains(err.Error(), "nobody would try first") {
			t.Errorf("%s: %v", digits, err)
		}
		if _, err := NewPIN(rand.Reader, digits, quick); err == nil {
			t.Errorf("%s is a PIN", digits)
		}
	}
	for _, none := range []string{"", "40817", "4081726354098", "4081 263", "408l7263", "٤٠٨١٧٢", "40817263\n"} {
		if err := CheckPIN(none); fault.KindOf(err) != fault.BadInput || none != "" && strings.Contains(err.Error(), none) {
			t.Errorf("%q: %v", none, err)
		}
	}
	for _, good := range []string{"408172", "40817263", "918273", "271828182845", "135246"} {
		if err := CheckPIN(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestPIN(t *testing.T) {
	a := withPIN(t, Person{}, "40817263").PIN
	b := withPIN(t, Person{}, "40817263").PIN
	if bytes.Equal(a.Salt, b.Salt) || bytes.Equal(a.Tag, b.Tag) {
		t.Error("two people with one PIN can be told to have one")
	}
	for digits, want := range map[string]bool{"40817263": true, "40817264": false, "4081726": false, "": false, "408172630": false} {
		if a.Matches(digits) != want {
			t.Errorf("%q matches: %v", digits, !want)
		}
	}
	if (*PIN)(nil).Matches("") || (*PIN)(nil).Matches("40817263") {
		t.Error("who has no PIN signs in with one")
	}
	// RFC 9106, section 4: the second recommended choice.
	if DefaultCost != (Cost{Time: 3, KiB: 1 << 16, Threads: 4}) {
		t.Errorf("the costs are %+v", DefaultCost)
	}
	if text := fmt.Sprintf("%v %+v %s", a, a, a); strings.Contains(text, fmt.Sprint(a.Tag)) {
		t.Errorf("the PIN is shown: %s", text)
	}
}

func TestDrawPIN(t *testing.T) {
	seen := map[string]bool{}
	var digits [10]int
	const n = 2000
	for range n {
		pin, err := DrawPIN(rand.Reader)
		if err != nil || len(pin) != MadePIN || CheckPIN(pin) != nil {
			t.Fatalf("%q, %v", pin, err)
		}
		seen[pin] = true
		for _, c := range pin {
			digits[c-'0']++
		}
	}
	if len(seen) < n-5 {
		t.Errorf("of %d PINs %d differ", n, len(seen))
	}
	for c, times := range digits {
		if times < n*MadePIN/10*8/10 || times > n*MadePIN/10*12/10 {
			t.Errorf("%d comes %d times", c, times)
		}
	}
	for name, rand := range map[string]*bytes.Reader{"no randomness": bytes.NewReader(nil), "always the same": bytes.NewReader(make([]byte, 1<<20))} {
		if pin, err := DrawPIN(rand); fault.KindOf(err) != fault.Internal || pin != "" {
			t.Errorf("%s: %q, %v", name, pin, err)
		}
	}
}
