package enrolment

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"usher/sync/fault"
)

// FuzzRequest wants a refusal, or a request that says the same when it is written
// and read again.
func FuzzRequest(f *testing.F) {
	d := newDesk(f)
	r, err := NewRequest(d.card, d.self(), bytes.NewReader(make([]byte, NonceSize)))
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("Handheld 7"), []byte(`\u0000\ud800`), 1))
	f.Add([]byte(`{"handle":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again Request
		if json.Unmarshal(b, &r) != nil {
			return
		}
		if err := r.Check(); err != nil {
			if fault.KindOf(err) != fault.BadInput {
				t.Errorf("%s: %v", b, err)
			}
			return
		}
		text, err := json.Marshal(r)
		if err != nil || len(text) > MaxRequest {
			t.Fatalf("%+v is written in %d bytes, %v", r, len(text), err)
		}
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%+v is read again as %+v, %v", r, again, err)
		}
	})
}

// FuzzReply wants a refusal of everything but the server's own words, which all
// but the keys of lists are.
func FuzzReply(f *testing.F) {
	d := newDesk(f)
	good := d.reply(f)
	f.Add(good.Event, good.Ring, good.Record, good.Guests)
	f.Add(good.Event, good.Ring, good.Record, []byte{})
	f.Add("OTHER", good.Ring, good.Ring, good.Record)
	f.Fuzz(func(t *testing.T, event string, ring, record, sealed []byte) {
		a, err := Reply{Event: event, Ring: ring, Record: record, Guests: sealed, Staff: good.Staff}.Verify(d.card, d.self())
		switch own := event == good.Event && bytes.Equal(ring, good.Ring) && bytes.Equal(record, good.Record); {
		case err != nil && fault.KindOf(err) != fault.BadInput && fault.KindOf(err) != fault.Refused:
			t.Errorf("refused as %v", err)
		case err == nil && (!own || len(sealed) > 0 && !bytes.Equal(sealed, good.Guests)):
			t.Errorf("admitted as %+v", a)
		case err != nil && own && bytes.Equal(sealed, good.Guests):
			t.Errorf("the server's own words: %v", err)
		}
	})
}
