package sealed

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"usher/sync/fault"
)

type content struct {
	Name string `cbor:"1,keyasint"`
}

// What is sealed opens with the same key for the same use in the same event, and
// with nothing else.
func TestOpen(t *testing.T) {
	key := Key{1}
	nonce, box, err := key.Seal("guests", "EV1", rand.Reader, content{"Casey"})
	if err != nil || len(nonce) != NonceSize || bytes.Contains(box, []byte("Casey")) {
		t.Fatalf("%x, %x, %v", nonce, box, err)
	}
	var got content
	if err := key.Open("guests", "EV1", nonce, box, &got); err != nil || got.Name != "Casey" {
		t.Fatalf("%+v, %v", got, err)
	}
	bent, other := bytes.Clone(box), bytes.Clone(nonce)
	bent[0] ^= 1
	other[0] ^= 1
	for name, c := range map[string]struct {
		key        Key
		use, event string
		nonce, box []byte
		want       fault.Kind
	}{
		"another key":     {Key{2}, "guests", "EV1", nonce, box, fault.Refused},
		"another use":     {key, "staff", "EV1", nonce, box, fault.Refused},
		"another event":   {key, "guests", "EV2", nonce, box, fault.Refused},
		"another nonce":   {key, "guests", "EV1", other, box, fault.Refused},
		"a changed byte":  {key, "guests", "EV1", nonce, bent, fault.Refused},
		"cut short":       {key, "guests", "EV1", nonce, box[:len(box)-1], fault.Refused},
		"nothing":         {key, "guests", "EV1", nonce, nil, fault.Refused},
		"a nonce cut":     {key, "guests", "EV1", nonce[1:], box, fault.BadInput},
		"without a nonce": {key, "guests", "EV1", nil, box, fault.BadInput},
	} {
		var got content
		if err := c.key.Open(c.use, c.event, c.nonce, c.box, &got); fault.KindOf(err) != c.want || got.Name != "" {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, c.want)
		}
	}
	var strange struct {
		Other int `cbor:"1,keyasint"`
	}
	if err := key.Open("guests", "EV1", nonce, box, &strange); fault.KindOf(err) != fault.BadInput {
		t.Errorf("read as something else: %v", err)
	}
}

func TestNoRandomness(t *testing.T) {
	if _, box, err := (Key{1}).Seal("guests", "EV1", iotest.ErrReader(iotest.ErrTimeout), content{}); fault.KindOf(err) != fault.Internal || box != nil {
		t.Errorf("%x, %v", box, err)
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	key := Key([]byte("0123456789abcdef0123456789abcdef"))
	text, err := json.Marshal(map[string]any{"key": key})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %x %s %d", key, key, key, key, key, key), string(text)} {
		if strings.Contains(shown, "0123456789") || strings.Contains(shown, "30313233") || strings.Contains(shown, "48 49") {
			t.Errorf("the key is shown: %s", shown)
		}
	}
	if !(Key{}).IsZero() || key.IsZero() {
		t.Error("a key is taken for none, or none for a key")
	}
}
