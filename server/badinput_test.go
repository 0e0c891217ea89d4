package server_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"usher/crypto/grant"
	"usher/migrations/sqldb/dbtest"
	"usher/server"
	"usher/server/catalog"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
	"usher/sync/link"
)

// badInput is something that the server must not take: what its error has to say,
// place and kind.
type badInput struct {
	name string
	give func() error
	kind fault.Kind
	says []string // all of them
}

// I9: bad input of any kind gets a clear error that names what and where, and
// changes nothing. Each door into the server is tried; each parser has a table of
// its own beside it.
func TestBadInputChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, cfg server.Config) {
		s := served(t, opened(t, cfg))
		guests(t, s)
		for _, group := range [][]badInput{s.badLists(t), s.badEvents(t), s.badJournals(t), s.badFrames(t), s.badWords(t)} {
			for _, c := range group {
				dbtest.Unchanged(t, s.DB, func() {
					err := c.give()
					message := fault.Message(err)
					if err == nil || fault.KindOf(err) != c.kind || len(message) > 20_000 {
						t.Errorf("%s: %v, want %s", c.name, err, c.kind)
					}
					for _, part := range c.says {
						if !strings.Contains(message, part) {
							t.Errorf("%s: %.300q doesn't say %q", c.name, message, part)
						}
					}
				})
			}
		}
	})
}

const header = "external_id,name,email,product\n"

func guests(t *testing.T, s *site) {
	t.Helper()
	if _, err := s.Tickets.Import(t.Context(), event, "guests.csv", strings.NewReader(header+"1,Ada,ada@example.org,ga\n2,Bo,,ga\n"), nil); err != nil {
		t.Fatal(err)
	}
}

// badLists are guest lists: the last row of each is bad, after good ones.
func (s *site) badLists(t *testing.T) []badInput {
	list := func(name, text string, says ...string) badInput {
		return badInput{"a list with " + name, func() error {
			_, err := s.Tickets.Import(t.Context(), event, "guests.csv", strings.NewReader(text), nil)
			return err
		}, fault.BadInput, append([]string{"guests.csv: "}, says...)}
	}
	const good = header + "3,Cy,,ga\n"
	return []badInput{
		list("nothing in it", "", ""),
		list("no header", "3,Cy,,ga\n", "line 1"),
		list("an unknown column", "external_id,name,email,product,colour\n3,Cy,,ga,red\n", "line 1", "colour"),
		list("a column twice", "external_id,name,name,email,product\n", "line 1", "name"),
		list("no product", good+"4,Di,,\n", "line 3, column product"),
		list("an unknown product", good+"4,Di,,vip\n", "line 3, column product"),
		list("a bad address", good+"4,Di,not an address,ga\n", "line 3, column email"),
		list("one guest twice", good+"3,Di,,ga\n", "line 3, column external_id"),
		list("a row too short", good+"4,Di\n", "line 3"),
		list("a quote that doesn't end", good+"4,\"Di,,ga\n", "line 3"),
		list("bytes that are no text", good+"4,\xff\xfe,,ga\n", "line 3"),
		list("another product for a ticket that is out", header+"3,Cy,,ga\n1,Ada,ada@example.org,vip\n", "line 3, column product"),
	}
}

// badEvents are event files for the event that there is, and for a new one.
func (s *site) badEvents(t *testing.T) []badInput {
	apply := func(name, text string, kind fault.Kind, says ...string) badInput {
		return badInput{"an event file with " + name, func() error {
			spec, err := catalog.ParseFile("night.toml", []byte(text))
			if err != nil {
				return err
			}
			_, err = s.Catalog.Apply(t.Context(), spec)
			return err
		}, kind, append([]string{"night.toml:"}, says...)}
	}
	edited := func(old, new string) string {
		if strings.Count(file, old) != 1 {
			t.Fatalf("%q stands in the file %d times", old, strings.Count(file, old))
		}
		return strings.Replace(file, old, new, 1)
	}
	return []badInput{
		apply("nothing in it", "", fault.BadInput, "1:1: "),
		apply("half a line", file[:200], fault.BadInput),
		apply("an unknown field", edited("capacity", "capcity"), fault.BadInput, "zone.capcity: there is no such field"),
		apply("a value out of range", edited("capacity = 300", "capacity = -1"), fault.BadInput, "zone hall.capacity: -1 is out of range"),
		apply("a gate of no zone", edited("name = \"'><svg onload=alert('gate')>\"", "name = \"North\"\nzone = \"dock\""), fault.BadInput, "gate north.zone: there is no zone \"dock\""),
		apply("a mistake, for a new event", strings.Replace(edited("capacity = 300", "capacity = 0"), event, "NEW", 1), fault.BadInput, "zone hall.capacity"),
		apply("more than it may have", "#"+strings.Repeat("x", catalog.MaxFile), fault.TooLarge, " the file has 1048577 bytes"),
	}
}

// badJournals are files that were carried by hand.
func (s *site) badJournals(t *testing.T) []badInput {
	var whole bytes.Buffer
	if _, err := s.ExportJournal(t.Context(), event, &whole); err != nil {
		t.Fatal(err)
	}
	carried := func(name string, content []byte, kind fault.Kind, says ...string) badInput {
		return badInput{"a journal file " + name, func() error {
			_, _, err := s.ImportJournal(t.Context(), bytes.NewReader(content))
			return err
		}, kind, says}
	}
	altered := bytes.Clone(whole.Bytes())
	altered[len(altered)/2] ^= 1
	other := opened(t, server.Config{})
	spec, err := catalog.ParseFile("night.toml", []byte(strings.ReplaceAll(file, event, "ELSE")))
	if err == nil {
		_, err = other.Catalog.Apply(t.Context(), spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	var foreign bytes.Buffer
	if _, err := other.ExportJournal(t.Context(), "ELSE", &foreign); err != nil {
		t.Fatal(err)
	}
	return []badInput{
		carried("that is empty", nil, fault.BadInput, "offset 0"),
		carried("that is none", []byte("external_id,name\n"), fault.BadInput, "offset 0: this is no journal file"),
		carried("cut short", whole.Bytes()[:whole.Len()-1], fault.BadInput, "offset "),
		carried("that was altered", altered, fault.BadInput, "offset "),
		carried("with more at its end", append(bytes.Clone(whole.Bytes()), 0), fault.BadInput, "offset "),
		carried("of an event that isn't here", foreign.Bytes(), fault.NotFound, `the file holds journals of event "ELSE"`),
	}
}

// badFrames are what somebody sends who isn't a node of the event, over a
// connection that was taken.
func (s *site) badFrames(t *testing.T) []badInput {
	address, err := link.Address(s.url, event)
	if err != nil {
		t.Fatal(err)
	}
	frame := func(name string, message []byte, kind fault.Kind) badInput {
		return badInput{"a frame of " + name, func() error {
			conn, err := link.Dialer{}.Dial(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a server that says nothing fails
			defer cancel()
			if err := conn.Send(ctx, message); err != nil {
				return err
			}
			return lastWord(ctx, t, conn)
		}, kind, nil}
	}
	return []badInput{
		frame("text", []byte("GET / HTTP/1.1"), fault.BadInput),
		frame("an empty map", []byte{0xa0}, fault.BadInput),
		frame("a deep nest", []byte(strings.Repeat("\x81", 8_000)), fault.BadInput),
		frame("a length beyond the message", []byte{0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, fault.BadInput),
		frame("zeroes", make([]byte, 1000), fault.BadInput),
	}
}

// lastWord gives what the server says when it hangs up, by the kind that stands in
// it: nothing is sealed yet.
func lastWord(ctx context.Context, t *testing.T, conn exchange.Conn) error {
	t.Helper()
	for {
		raw, err := conn.Receive(ctx)
		if err != nil {
			t.Fatalf("the server hung up without a word: %v", err)
		}
		for _, kind := range fault.Kinds() {
			if bytes.Contains(raw, []byte(kind)) {
				return fault.New(kind, "%q", raw)
			}
		}
	}
}

// badWords are what people type at the server's commands.
func (s *site) badWords(t *testing.T) []badInput {
	ada, err := s.Tickets.Find(t.Context(), event, "1")
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("w", 5000)
	word := func(name string, kind fault.Kind, says string, give func() error) badInput {
		return badInput{name, give, kind, []string{says}}
	}
	return []badInput{
		word("a ticket that is none", fault.NotFound, `there is no ticket "nobody"`, func() error {
			_, err := s.Tickets.Find(t.Context(), event, "nobody")
			return err
		}),
		word("a revocation without a reason", fault.BadInput, "needs a reason", func() error {
			_, err := s.Tickets.Revoke(t.Context(), ada, "revoked", "")
			return err
		}),
		word("a revocation into nothing", fault.BadInput, `"gone" is no state`, func() error {
			_, err := s.Tickets.Revoke(t.Context(), ada, "gone", "x")
			return err
		}),
		word("a revocation with a novel", fault.BadInput, "at most", func() error {
			_, err := s.Tickets.Revoke(t.Context(), ada, "revoked", long)
			return err
		}),
		word("a card for no gate", fault.NotFound, `has no gate "dock"`, func() error {
			_, err := s.Doors.NewCard(t.Context(), s.url, event, "dock", grant.RoleScanner, time.Hour)
			return err
		}),
		word("a card for ever", fault.BadInput, "a card lives from", func() error {
			_, err := s.Doors.NewCard(t.Context(), s.url, event, "north", grant.RoleScanner, 1000*time.Hour)
			return err
		}),
		word("a conflict that is none", fault.NotFound, "has no conflict", func() error {
			_, err := s.Doors.Resolve(t.Context(), event, "x", "y", "z")
			return err
		}),
		word("an expulsion of nobody", fault.NotFound, "no active device", func() error {
			return s.Doors.Expel(t.Context(), event, journal.NodeID{}, "x")
		}),
	}
}

// The journals of another organiser's server, of an event with the same code, are
// none of ours: each is refused by name, and nothing of it is kept.
func TestJournalsOfAnotherServer(t *testing.T) {
	s, other := opened(t, server.Config{}), opened(t, server.Config{})
	var file bytes.Buffer
	if _, err := other.ExportJournal(t.Context(), event, &file); err != nil {
		t.Fatal(err)
	}
	dbtest.Unchanged(t, s.DB, func() {
		_, report, err := s.ImportJournal(t.Context(), bytes.NewReader(file.Bytes()))
		if err != nil || len(report.Refused) != 1 {
			t.Fatalf("the report is %+v, %v", report, err)
		}
		for chain, why := range report.Refused {
			if !strings.Contains(fault.Message(why), "the author of chain "+chain.String()+" is not known here") {
				t.Errorf("the chain %s is refused because %v", chain, why)
			}
		}
	})
}
