package signin

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/sync/fault"
	"usher/sync/staff"
)

func TestPIN(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.refused("Kim", right, whereNone, fault.NotReady)
	d.hire("Kim", grant.RoleSupervisor)
	d.tell(staff.Person{ID: staff.ID{9}, Name: "Lou", Role: grant.RoleScanner})
	if who := d.Who(""); who.SignedIn() || who.May(Override) {
		t.Errorf("nobody is %+v", who)
	}
	for _, name := range []string{"Kim", "kim", " KIM "} {
		token, who, err := d.PIN(t.Context(), name, right)
		if err != nil || who.Name != "Kim" || who.Role != grant.RoleSupervisor || !who.May(Override) {
			t.Fatalf("%q: %+v, %v", name, who, err)
		}
		if again := d.Who(token); again.Name != "Kim" {
			t.Errorf("the session is %+v's", again)
		}
	}
	d.refused("Kim", wrong, wherePIN, fault.Unauthorised)
	d.refused("Kim", "", wherePIN, fault.Unauthorised)
	d.refused("Pat", right, whereName, fault.Unauthorised)
	d.refused("Lou", right, whereName, fault.Unauthorised) // who has a card only
	if who := d.Who("0123"); who.SignedIn() || who.Ended != EndedRestart {
		t.Errorf("a made-up token is %+v's", who)
	}
}

func TestCard(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	kim, first := d.give(d.hire("Kim", grant.RoleSupervisor))
	token, who, err := d.Card(first)
	if err != nil || who.Name != "Kim" || !who.May(Override) {
		t.Fatalf("%+v, %v", who, err)
	}
	_, second := d.give(kim)
	if who := d.Who(token); who.SignedIn() || who.Ended != EndedRemoved {
		t.Errorf("a new card leaves %+v signed in", who)
	}
	misread := []byte(second) // one symbol of it, which the check symbol finds for sure
	if misread[10]++; misread[10] > '9' {
		misread[10] = '0'
	}
	for text, says := range map[string]string{
		first:                  "an earlier one",
		second[:len(second)-1]: "garbled",
		string(misread):        "garbled",
		"UT1:ABC":              "no role card",
		"":                     "no role card",
	} {
		_, who, err := d.Card(text)
		if fault.ToProblem(err).Where != whereCard || !strings.Contains(fault.Message(err), says) || who.SignedIn() {
			t.Errorf("%q: %+v, %v; want it to say %q", text, who, err, says)
		}
		if text != "" && strings.Contains(fmt.Sprint(err), text) {
			t.Errorf("the error shows the card: %v", err)
		}
	}
	if _, who, err := d.Card("]Q1" + strings.ToLower(second) + "\r"); err != nil || !who.SignedIn() {
		t.Errorf("in the wrong case: %v", err)
	}
}

// After five wrong PINs a person waits, each further one doubles it, and nobody
// waits for a card.
func TestTriesAreLimited(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	_, card := d.give(d.hire("Kim", grant.RoleSupervisor))
	d.hire("Sam", grant.RoleScanner)
	for left := PersonTries - 1; left >= 0; left-- {
		err := d.refused("Kim", wrong, wherePIN, fault.Unauthorised)
		if says := wrongPIN(left).Error(); err.Error() != says {
			t.Errorf("it says %v, want %s", err, says)
		}
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute} {
		d.refused("Kim", right, whereLocked, fault.TooMany)
		d.pass(wait - time.Second)
		if err := d.refused("Kim", right, whereLocked, fault.TooMany); !strings.Contains(err.Error(), "wait 1 s") {
			t.Errorf("a second before: %v", err)
		}
		if _, who, err := d.Card(card); err != nil || who.Name != "Kim" {
			t.Errorf("the card: %v", err)
		}
		d.pass(time.Second)
		d.refused("Kim", wrong, wherePIN, fault.Unauthorised)
	}
	// By now the device waits as well, for everybody.
	d.refused("Sam", right, whereLocked, fault.TooMany)
	d.pass(LongestWait)
	d.enters("Sam")
	d.enters("Kim")
	if len(d.disk.tries) != 0 || len(d.waits) != 0 {
		t.Errorf("after the right PINs %v are kept, %v wait", d.disk.tries, d.waits)
	}
}

func TestWaitsAreBounded(t *testing.T) {
	for failed, want := range map[int]time.Duration{0: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 10: 32 * time.Minute, 11: time.Hour, 12: time.Hour, 1 << 40: time.Hour} {
		if got := (wait{failed: failed, since: time.Hour}).left(PersonTries, time.Hour); got != want {
			t.Errorf("after %d wrong ones %s, want %s", failed, got, want)
		}
	}
}

// Who tries one PIN for everybody finds the device waiting.
func TestTheDeviceWaits(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	names := []string{"A", "B", "C", "D", "E"}
	for _, name := range names {
		d.hire(name, grant.RoleScanner)
	}
	for i := range DeviceTries {
		d.refused(names[i%len(names)], wrong, wherePIN, fault.Unauthorised)
	}
	for _, name := range names {
		d.refused(name, right, whereLocked, fault.TooMany)
	}
	d.pass(FirstWait)
	d.enters("A")
	d.refused("B", wrong, wherePIN, fault.Unauthorised)
	if d.disk.tries[staff.ID{'B'}.String()] != 3 {
		t.Errorf("B's own tries are %v", d.disk.tries)
	}
}

// Starting the device anew gives nobody another try, nor does ending it while a PIN
// is being checked; setting its clock changes nothing.
func TestTriesOutliveTheProcess(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.hire("Kim", grant.RoleSupervisor)
	for range PersonTries {
		d.refused("Kim", wrong, wherePIN, fault.Unauthorised)
	}
	d.slept += 24 * time.Hour // whoever sets the clock
	d.refused("Kim", right, whereLocked, fault.TooMany)
	d.pass(FirstWait - time.Second)
	d.boot()
	d.refused("Kim", right, whereLocked, fault.TooMany)
	d.pass(FirstWait - time.Second)
	d.refused("Kim", right, whereLocked, fault.TooMany) // it began anew
	d.pass(time.Second)
	d.enters("Kim")

	d.disk.tries[staff.ID{'K', 'i', 'm'}.String()] = PersonTries // counted, and then the power went
	d.boot()
	d.refused("Kim", right, whereLocked, fault.TooMany)
}

// A try that can't be counted is none.
func TestAFullDiskTakesNoPIN(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.hire("Kim", grant.RoleSupervisor)
	d.disk.full = true
	d.refused("Kim", right, "", fault.Unavailable)
}

// One PIN is checked at a time, so that nobody fills a device's memory by trying.
func TestOnePINAtATime(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	d.hire("Kim", grant.RoleSupervisor)
	<-d.checking
	d.refused("Kim", right, whereBusy, fault.TooMany)
	d.checking <- struct{}{}
	errs := make([]error, 20)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() { _, _, errs[i] = d.PIN(t.Context(), "Kim", wrong) })
	}
	group.Wait()
	checked := 0
	for _, err := range errs {
		if fault.ToProblem(err).Where == wherePIN {
			checked++
		}
	}
	if checked == 0 || checked > PersonTries {
		t.Errorf("of many at once %d were checked", checked)
	}
}

func TestNothingIsLogged(t *testing.T) {
	d := newDevice(t, grant.RoleScanner)
	var log bytes.Buffer
	d.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.hire("Kim", grant.RoleSupervisor)
	d.refused("Kim", wrong, wherePIN, fault.Unauthorised)
	token := d.enters("Kim")
	d.Log.Info("what somebody might log", "token", token, "list", d.list.Staff(), "desk", fmt.Sprintf("%v %+v", token, d.list.Staff()[0].PIN))
	for _, secret := range []string{wrong, right, string(token)} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "a wrong PIN") {
		t.Error("a wrong PIN is not logged")
	}
}

// What docs/door-api.md says is what the table does.
func TestTheTableIsTheDocumentedOne(t *testing.T) {
	text, err := os.ReadFile("../../docs/door-api.md")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string][2]bool{"yes": {true, true}, "no": {}, "with the key": {false, true}} // without the key, with it
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != int(standings)+2 || !strings.Contains(cells[0], "`") {
			continue
		}
		act := Act(strings.Trim(strings.TrimSpace(cells[0]), "`"))
		if rows >= len(table) || table[rows].act != act {
			t.Errorf("row %d of the document is %s", rows, act)
		}
		rows++
		for s := Unstaffed; s < standings; s++ {
			want, known := words[strings.TrimSpace(cells[s+2])]
			if got := [2]bool{allowed(act, s, false), allowed(act, s, true)}; !known || got != want {
				t.Errorf("%s, standing %d: the document says %q, the table %v", act, s, cells[s+2], got)
			}
		}
	}
	if rows != len(table) {
		t.Errorf("the document has %d acts, the table %d", rows, len(table))
	}
}
