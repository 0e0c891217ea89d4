package pass

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/crypto/keyring"
	"usher/server/pass/apple"
	"usher/server/shoptest"
	"usher/server/ticketing"
	"usher/sync/fault"
)

const (
	ipad   = "device-1"
	iphone = "device-2"
	toPad  = "aabbccdd01"
	toFon  = "aabbccdd02"
)

// A pass says what its ticket says, with the ticket's own code, in four languages, and
// where devices ask for it; its number tells nothing of the ticket. Taken again it is
// the same pass.
func TestApplePass(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		f := w.taken("B")
		k := w.tickets["B"]
		if len(f.Barcodes) != 1 || f.Barcodes[0].Message != k.Token || f.Barcodes[0].Format != "PKBarcodeFormatQR" || f.Voided {
			t.Errorf("its code is %+v, void %v", f.Barcodes, f.Voided)
		}
		for key, want := range map[string]string{
			"event": "Harbour Night", "when": "2026-08-04T20:00:00+02:00", "where": "Pier 7", "ticket": "General admission", "seat": "R1 S2",
			"gate": "North", "code": k.ID.Short(), "address": "Pier 7\nHafenstraße 7, 20457 Hamburg",
		} {
			if got := f.value(key); got != want {
				t.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if f.Relevant != "2026-08-04T20:00:00+02:00" || len(f.Places) != 1 || f.Places[0].Latitude != 53.54 {
			t.Errorf("it matters at %s, %v", f.Relevant, f.Places)
		}
		for language, want := range map[string]string{"en": `"WHEN" = "WHEN"`, "de": `"WHEN" = "WANN"`, "fr": `"WHEN" = "QUAND"`, "es": `"WHEN" = "CUÁNDO"`} {
			if !strings.Contains(f.files[language+".lproj/pass.strings"], want) {
				t.Errorf("%s says %s", language, f.files[language+".lproj/pass.strings"])
			}
		}
		if !isSerial(f.Serial) || strings.Contains(f.files["pass.json"], k.ID.String()) || strings.Contains(f.files["pass.json"], k.Email) || f.Service != shoptest.Public+"/passes" {
			t.Errorf("the pass is %s", f.files["pass.json"])
		}
		if again := w.taken("B"); again.Serial != f.Serial || again.Token != f.Token {
			t.Error("taken again it is another pass")
		}
		if other := w.taken("A"); other.Serial == f.Serial || other.Token == f.Token {
			t.Error("two tickets have one pass")
		}
	})
}

// Where no short code is taken, a pass says that it is a number for the box office.
func TestPassOfAnEventThatTakesNoTypedCodes(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		said := func() string { return w.taken("B").files["en.lproj/pass.strings"] }
		if text := said(); !strings.Contains(text, "IF IT CAN’T BE READ, SAY") || strings.Contains(text, "FOR THE BOX OFFICE") {
			t.Errorf("of an event that takes them: %s", text)
		}
		w.Apply(t, file(`venue = "Pier 7"`, "venue = \"Pier 7\"\npolicy = { down_to = \"code\" }"))
		if text := said(); strings.Contains(text, "SAY") || !strings.Contains(text, "TICKET NUMBER, FOR THE BOX OFFICE") {
			t.Errorf("of one that takes none: %s", text)
		}
	})
}

// A pass of a ticket that has times of its own says them, in both wallets.
func TestPassOfASlot(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		k, err := w.Tickets.Amend(t.Context(), w.tickets["B"], map[string]string{"valid_from": "2026-08-04 21:00", "valid_until": "2026-08-04 22:30"}, "another slot")
		w.must(err)
		w.tickets["B"] = k
		f := w.taken("B")
		if from, until := f.value("from"), f.value("until"); from != "2026-08-04T21:00:00+02:00" || until != "2026-08-04T22:30:00+02:00" {
			t.Errorf("Apple's is good from %q until %q", from, until)
		}
		_, err = w.Link(t.Context(), k)
		w.must(err)
		serial, err := w.serialOf(t.Context(), Google, &k)
		w.must(err)
		if said := fmt.Sprint(w.google.get("eventTicketObject/338800." + serial)["textModulesData"]); !strings.Contains(said, "2026-08-04 21:00") || !strings.Contains(said, "2026-08-04 22:30") || !strings.Contains(said, "GILT AB") {
			t.Errorf("Google's says %s", said)
		}
		if f := w.taken("A"); f.value("from")+f.value("until") != "" {
			t.Error("a ticket for the whole night has times of its own")
		}
	})
}

// Only who has a pass's token gets it, and what is refused doesn't say why.
func TestCheck(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		f, other := w.taken("A"), w.taken("B")
		if err := w.Check(t.Context(), w.Apple.Type(), f.Serial, f.Token); err != nil {
			t.Error(err)
		}
		unknown := strings.Repeat("0", 32)
		token, err := w.tokenOf(t.Context(), unknown)
		w.must(err)
		for _, c := range [][3]string{
			{w.Apple.Type(), f.Serial, other.Token}, {w.Apple.Type(), f.Serial, ""}, {w.Apple.Type(), other.Serial, f.Token}, {"pass.other", f.Serial, f.Token},
			{w.Apple.Type(), "x", f.Token}, {w.Apple.Type(), strings.ToUpper(f.Serial), f.Token}, {w.Apple.Type(), unknown, token},
		} {
			if err := w.Check(t.Context(), c[0], c[1], c[2]); !errors.Is(err, fault.Unauthorised) || fault.Message(err) != "this is not the token of such a pass" {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

// What voids a code voids its pass on every device that registered, which is pushed,
// finds it among those that changed, and fetches it without a code; nobody who has the
// pass ever gets another code by it.
func TestVoidedOnChange(t *testing.T) {
	holder, err := keyring.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	bind := func(ctx context.Context, w *world, k ticketing.Ticket) error {
		challenge := []byte("challenge")
		payload, err := ticketing.ClaimPayload(challenge, k.Event, k.ID, k.Generation)
		if err != nil {
			return err
		}
		signature := holder.Sign(keyring.ProtectedEdDSA, "usher-bind-v1", payload)
		_, _, err = w.Tickets.Bind(ctx, k, ticketing.Claim{Holder: holder.Public(), Generation: k.Generation, Challenge: challenge, Signature: signature[:]})
		return err
	}
	for name, change := range map[string]func(context.Context, *world, ticketing.Ticket) error{
		"transfer": func(ctx context.Context, w *world, k ticketing.Ticket) error {
			_, err := w.Tickets.Transfer(ctx, k, "Cleo", "cleo@example.org", "a gift")
			return err
		},
		"reissue": func(ctx context.Context, w *world, k ticketing.Ticket) error {
			_, err := w.Tickets.Reissue(ctx, k, "lost phone")
			return err
		},
		"live": bind,
		"cancelled": func(ctx context.Context, w *world, k ticketing.Ticket) error {
			_, err := w.Tickets.Revoke(ctx, k, ticketing.Cancelled, "called off")
			return err
		},
		"live required": func(_ context.Context, w *world, _ ticketing.Ticket) error {
			w.Apply(w.t, file(`venue = "Pier 7"`, "venue = \"Pier 7\"\npolicy = { down_to = \"live\" }"))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, w *world) {
				ctx := t.Context()
				f, other := w.taken("A"), w.taken("B")
				for device, to := range map[string]string{ipad: toPad, iphone: toFon} {
					if fresh, err := w.Register(ctx, device, f.Serial, to); err != nil || !fresh {
						t.Fatalf("%s: %v, %v", device, fresh, err)
					}
				}
				if _, err := w.Register(ctx, "device-3", other.Serial, "aabbccdd03"); err != nil {
					t.Fatal(err)
				}
				w.step()
				serials, rev, err := w.Changed(ctx, ipad, -1)
				if err != nil || !slices.Equal(serials, []string{f.Serial}) || w.phones.said() != "" {
					t.Fatalf("before: %v, %d, %v", serials, rev, err)
				}
				if serials, _, err := w.Changed(ctx, ipad, rev); err != nil || len(serials) != 0 {
					t.Errorf("asked again: %v, %v", serials, err)
				}
				before := w.now(f.Serial)
				_, seen, err := w.Latest(ctx, f.Serial, time.Time{})
				w.must(err)
				if file, _, err := w.Latest(ctx, f.Serial, seen); err != nil || file != nil {
					t.Errorf("what didn't change is sent again: %v", err)
				}

				w.must(change(ctx, w, w.tickets["A"]))
				w.step()
				want := []string{toPad, toFon}
				if name == "live required" {
					want = append(want, "aabbccdd03")
				}
				pushed := strings.Fields(w.phones.said())
				slices.Sort(pushed)
				if !slices.Equal(pushed, want) {
					t.Errorf("pushed are %v", pushed)
				}
				serials, next, err := w.Changed(ctx, ipad, rev)
				if err != nil || !slices.Equal(serials, []string{f.Serial}) || next <= rev {
					t.Errorf("after: %v, %d, %v", serials, next, err)
				}
				file, _, err := w.Latest(ctx, f.Serial, seen)
				if err != nil || file == nil {
					t.Fatalf("the change isn't sent: %v", err)
				}
				after := readFace(t, file)
				w.load()
				if !after.Voided || len(after.Barcodes) != 0 || strings.Contains(after.files["pass.json"], "UT1:") || after.value("code") != "" {
					t.Errorf("the pass is %s", after.files["pass.json"])
				}
				if before.value("state") == after.value("state") || !strings.Contains(after.files["de.lproj/pass.strings"], "UNGÜLTIG") {
					t.Errorf("it says %q", after.value("state"))
				}
				if name != "live required" {
					if unharmed := w.now(other.Serial); unharmed.Voided || len(unharmed.Barcodes) != 1 {
						t.Error("another ticket's pass is void")
					}
				}
				w.step()
				if again := w.phones.said(); again != "" {
					t.Errorf("pushed again: %s", again)
				}
			})
		})
	}
}

// A blocked ticket's pass is void, and good again with the ticket; what the event's file
// says elsewise is told on every pass.
func TestGoodAgainAndMoved(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		f := w.taken("A")
		_, err := w.Register(ctx, ipad, f.Serial, toPad)
		w.must(err)
		k, err := w.Tickets.Revoke(ctx, w.tickets["A"], ticketing.Blocked, "disputed")
		w.must(err)
		w.step()
		if w.phones.said() != toPad || !w.now(f.Serial).Voided {
			t.Error("blocked, the pass isn't void")
		}
		_, err = w.Tickets.Unblock(ctx, k, "settled")
		w.must(err)
		w.step()
		if good := w.now(f.Serial); w.phones.said() != toPad || good.Voided || len(good.Barcodes) != 1 || good.Barcodes[0].Message != k.Token {
			t.Errorf("unblocked, the pass is %s", good.files["pass.json"])
		}
		w.Apply(w.t, file("starts = 2026-08-04 20:00:00", "starts = 2026-08-04 21:30:00"))
		w.step()
		moved := w.now(f.Serial)
		if w.phones.said() != toPad || moved.value("when") != "2026-08-04T21:30:00+02:00" || moved.Ticket["secondaryFields"][0].ChangeMessage != "Now: %@" {
			t.Errorf("moved, it is %s", moved.files["pass.json"])
		}
	})
}

// Who can't be reached is tried later, who is gone never again.
func TestPushesThatFail(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		f := w.taken("A")
		for device, to := range map[string]string{ipad: toPad, iphone: toFon} {
			_, err := w.Register(ctx, device, f.Serial, to)
			w.must(err)
		}
		w.phones.failing(toPad, apple.ErrGone)
		w.phones.failing(toFon, errors.New("no network"))
		_, err := w.Tickets.Revoke(ctx, w.tickets["A"], ticketing.Cancelled, "called off")
		w.must(err)
		w.step()
		if got := w.phones.said(); got != toPad+" "+toFon {
			t.Errorf("pushed are %s", got)
		}
		w.step()
		if got := w.phones.said(); got != "" {
			t.Errorf("at once again: %s", got)
		}
		w.phones.failing(toFon, nil)
		w.Time.Pass(firstPause)
		w.step()
		if got := w.phones.said(); got != toFon {
			t.Errorf("later: %s", got)
		}
		w.Time.Pass(24 * time.Hour)
		w.step()
		if got := w.phones.said(); got != "" {
			t.Errorf("for ever: %s", got)
		}
	})
}

// A device that registers again has its new way to be told; a pass is on so many
// devices and no more; one that unregisters isn't told.
func TestRegister(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		f := w.taken("A")
		for n, want := range []bool{true, false} {
			if fresh, err := w.Register(ctx, ipad, f.Serial, fmt.Sprintf("aabbccdd%02d", n)); err != nil || fresh != want {
				t.Errorf("registering, %d: %v, %v", n+1, fresh, err)
			}
		}
		for n := 1; n < maxDevices; n++ {
			if _, err := w.Register(ctx, fmt.Sprintf("more-%d", n), f.Serial, "aabbccdd99"); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			device, serial, to string
			kind               fault.Kind
		}{
			{"one-too-many", f.Serial, toPad, fault.TooMany}, {ipad, strings.Repeat("0", 32), toPad, fault.NotFound},
			{"../x", f.Serial, toPad, fault.BadInput}, {"", f.Serial, toPad, fault.BadInput}, {ipad, f.Serial, "no hex", fault.BadInput},
		} {
			if _, err := w.Register(ctx, c.device, c.serial, c.to); !errors.Is(err, c.kind) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		w.must(w.Unregister(ctx, ipad, f.Serial))
		if serials, _, err := w.Changed(ctx, ipad, -1); err != nil || len(serials) != 0 {
			t.Errorf("unregistered it has %v, %v", serials, err)
		}
	})
}

// A pass for Google is made before somebody is led to it, says what the ticket says, and
// is changed there with the ticket; while Google is away that waits.
func TestGooglePass(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		k := w.tickets["B"]
		w.google.setDown(true)
		if _, err := w.Link(ctx, k); !errors.Is(err, fault.Unavailable) {
			t.Errorf("with Google away: %v", err)
		}
		w.google.setDown(false)
		link, err := w.Link(ctx, k)
		if err != nil || !strings.HasPrefix(link, "https://pay.google.com/gp/v/save/") || strings.Contains(link, "UT1") {
			t.Fatalf("%s, %v", link, err)
		}
		serial, err := w.serialOf(ctx, Google, &k)
		w.must(err)
		class, object := w.google.get("eventTicketClass/338800."+event), w.google.get("eventTicketObject/338800."+serial)
		if class["issuerName"] != "Pier Events" || fmt.Sprint(class["dateTime"]) != "map[end:2026-08-05T02:00:00+02:00 start:2026-08-04T20:00:00+02:00]" || class["locations"] == nil {
			t.Errorf("the class is %v", class)
		}
		if object["state"] != "ACTIVE" || fmt.Sprint(object["barcode"]) != fmt.Sprintf("map[alternateText:%s type:QR_CODE value:%s]", k.ID.Short(), k.Token) || object["classId"] != "338800."+event {
			t.Errorf("the object is %v", object)
		}
		puts := w.google.puts
		if _, err := w.Link(ctx, k); err != nil || w.google.puts != puts+1 {
			t.Errorf("the class was told again: %v", err)
		}

		w.google.setDown(true)
		_, err = w.Tickets.Transfer(ctx, k, "Cleo", "cleo@example.org", "a gift")
		w.must(err)
		w.step()
		w.google.setDown(false)
		w.Time.Pass(firstPause)
		w.step()
		if object := w.google.get("eventTicketObject/338800." + serial); object["state"] != "INACTIVE" || object["barcode"] != nil {
			t.Errorf("given away, the object is %v", object)
		}
		w.Apply(w.t, file(`venue = "Pier 7"`, `venue = "Pier 9"`))
		w.step()
		if class := w.google.get("eventTicketClass/338800." + event); !strings.Contains(fmt.Sprint(class["venue"]), "Pier 9") {
			t.Errorf("moved, the class is %v", class)
		}
	})
}

// No pass where its code would let nobody in, and none of a wallet that isn't configured.
func TestNotOffered(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		offered := func() string {
			w.load()
			e, err := w.Catalog.Event(ctx, event)
			w.must(err)
			k := w.tickets["A"]
			return fmt.Sprint(w.Offered(&k, e))
		}
		if got := offered(); got != "[apple google]" {
			t.Errorf("offered is %s", got)
		}
		w.Apply(w.t, file(`venue = "Pier 7"`, "venue = \"Pier 7\"\npolicy = { down_to = \"live\" }"))
		if got := offered(); got != "[]" {
			t.Errorf("where only live codes are let in, offered is %s", got)
		}
		if _, err := w.File(ctx, w.tickets["A"]); !errors.Is(err, fault.Refused) {
			t.Errorf("a pass of it: %v", err)
		}
		w.Apply(w.t, file())
		_, err := w.Tickets.Revoke(ctx, w.tickets["A"], ticketing.Cancelled, "called off")
		w.must(err)
		if got := offered(); got != "[]" {
			t.Errorf("of a void ticket, offered is %s", got)
		}
		if _, err := w.Link(ctx, w.tickets["A"]); !errors.Is(err, fault.Refused) {
			t.Errorf("a pass of it: %v", err)
		}
		w.Apple, w.Google = nil, nil
		for _, err := range []error{second(w.File(ctx, w.tickets["B"])), second(w.Link(ctx, w.tickets["B"]))} {
			if !errors.Is(err, fault.NotFound) {
				t.Errorf("unconfigured: %v", err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// Passes of an event that is long over are forgotten.
func TestForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		f := w.taken("A")
		_, err := w.Register(t.Context(), ipad, f.Serial, toPad)
		w.must(err)
		w.Time.Pass(40 * 24 * time.Hour)
		w.step()
		for _, table := range []string{"pass", "pass_device", "pass_event"} {
			var n int
			w.must(w.DB.Read().QueryRowContext(t.Context(), `select count(*) from `+table).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// Passes say nothing that no language has, and none has what no pass says.
func TestMessagesAreThoseUsed(t *testing.T) {
	b, err := book()
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Codes(); !slices.Equal(got, []string{"de", "en", "es", "fr"}) {
		t.Errorf("passes speak %v", got)
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, found := range regexp.MustCompile(`"(pass\.[a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			if used[found[1]] = true; !b.English().Has(found[1]) {
				t.Errorf("%s says %s, which no language has", name, found[1])
			}
		}
	}
	for _, k := range b.English().Keys() {
		if strings.HasPrefix(k, "pass.") && !used[k] {
			t.Errorf("nobody says %s", k)
		}
	}
}
