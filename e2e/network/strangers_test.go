package network

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/e2e/venue"
	"usher/gate"
	"usher/gate/uplink"
	"usher/sync/exchange"
	"usher/sync/exchange/exchangetest"
	"usher/sync/fault"
	"usher/sync/link"
)

// upgrade is a request that an agent takes for a node's.
const upgrade = "GET /api/v1/sync/" + venue.Event + " HTTP/1.1\r\nHost: gate\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " + link.Subprotocol + "\r\n"

// stranger is a bare connection to an agent.
type stranger struct {
	net.Conn
	t    *testing.T
	from *bufio.Reader
}

func knock(t *testing.T, p *venue.Post) *stranger {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(p.URL, "http://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &stranger{c, t, bufio.NewReader(c)}
}

// upgraded is one whose request was taken.
func upgraded(t *testing.T, p *venue.Post) *stranger {
	t.Helper()
	s := knock(t, p)
	fmt.Fprintf(s, "%s\r\n", upgrade)
	answer, err := http.ReadResponse(s.from, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", answer, err)
	}
	return s
}

// rest reads what the agent says until it hangs up.
func (s *stranger) rest() []byte {
	s.t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(venue.Patience)); err != nil {
		s.t.Fatal(err)
	}
	b, err := io.ReadAll(s.from)
	if timeout, is := errors.AsType[net.Error](err); is && timeout.Timeout() {
		s.t.Errorf("the agent did not hang up in %v", venue.Patience)
	}
	return b
}

// frame is a WebSocket frame from a client, masked with zeroes, of which body is the
// beginning.
func frame(head byte, length uint64, body []byte) []byte {
	b := []byte{head, 0x80 | 127}
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(length>>shift))
	}
	return append(append(b, 0, 0, 0, 0), body...)
}

// Whatever a stranger sends, the agent hangs up, has told nothing of itself, and is as
// it was.
func TestStrangers(t *testing.T) {
	t.Parallel()
	v := venue.New(t, 2, "north", "south")
	v.Stop()
	p := v.Start("north", venue.Nowhere, gate.Config{})
	venue.Until(t, "the agent to exchange", func() bool {
		conn, err := link.Dialer{}.Dial(t.Context(), address(t, p, venue.Event))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	p.Scan(v.Codes[0])
	v.Must(p.Store.Reserve(t.Context())) // which the agent does too, in its time
	before, size := p.Held(), sizeOf(t, p.Data)
	noise := make([]byte, 4096)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, attack := range map[string]func(t *testing.T) []byte{
		"half a header and silence": func(t *testing.T) []byte {
			s := knock(t, p)
			fmt.Fprint(s, upgrade)
			return s.rest()
		},
		"a header drop by drop": func(t *testing.T) []byte {
			s := knock(t, p)
			go func() {
				for _, b := range []byte(strings.Repeat(upgrade, 10)) {
					if _, err := s.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
			}()
			return s.rest()
		},
		"a huge header": func(t *testing.T) []byte {
			s := knock(t, p)
			fmt.Fprint(s, upgrade)
			for range 64 {
				fmt.Fprintf(s, "X-More: %s\r\n", strings.Repeat("x", 1000))
			}
			return s.rest()
		},
		"an upgrade and silence": func(t *testing.T) []byte { return upgraded(t, p).rest() },
		"a frame that says it is huge": func(t *testing.T) []byte {
			s := upgraded(t, p)
			_, _ = s.Write(frame(0x82, 1<<40, noise))
			return s.rest()
		},
		"a message just over the limit before a proof": func(t *testing.T) []byte {
			s := upgraded(t, p)
			_, _ = s.Write(frame(0x82, exchange.MaxHello+1, make([]byte, exchange.MaxHello+1)))
			return s.rest()
		},
		"a compressed frame": func(t *testing.T) []byte {
			s := upgraded(t, p)
			_, _ = s.Write(frame(0xc2, 100, noise[:100]))
			return s.rest()
		},
		"fragments without end": func(t *testing.T) []byte {
			s := upgraded(t, p)
			_, _ = s.Write(frame(0x02, 1000, make([]byte, 1000)))
			for range 64 {
				if _, err := s.Write(frame(0x00, 1000, make([]byte, 1000))); err != nil {
					break
				}
			}
			return s.rest()
		},
		"noise": func(t *testing.T) []byte {
			s := upgraded(t, p)
			_, _ = s.Write(frame(0x82, uint64(len(noise)), noise))
			return s.rest()
		},
		"another event": func(t *testing.T) []byte {
			s := knock(t, p)
			fmt.Fprintf(s, "%s\r\n", strings.Replace(upgrade, venue.Event, "OTHER", 1))
			_ = s.SetReadDeadline(time.Now().Add(time.Second))
			b, _ := io.ReadAll(s.from) // it may keep the connection, for a better question
			return b
		},
		"a browser": func(t *testing.T) []byte {
			s := knock(t, p)
			fmt.Fprintf(s, "%sOrigin: http://evil.example\r\nConnection: close\r\n\r\n", upgrade)
			_ = s.SetReadDeadline(time.Now().Add(time.Second))
			b, _ := io.ReadAll(s.from)
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := attack(t)
			for _, secret := range []string{venue.Event, "north", p.Enrolment.Node.String(), string(p.Enrolment.Record)} {
				if bytes.Contains(said, []byte(secret)) {
					t.Errorf("the agent said %q", said)
				}
			}
			if len(said) > 1000 {
				t.Errorf("the agent said %d bytes", len(said))
			}
		})
	}
	t.Cleanup(func() {
		if after := p.Held(); !same(before, after) {
			t.Errorf("the agent holds %v, and held %v", after, before)
		}
		if grown := sizeOf(t, p.Data) - size; grown > 1<<20 {
			t.Errorf("its folder has grown by %d bytes", grown)
		}
	})
}

// A right handshake with a key that nobody enrolled, and one that was overheard and is
// said again, get nobody in.
func TestStrangersWithAKey(t *testing.T) {
	v := venue.New(t, 2, "north", "south")
	v.Stop()
	p := v.Start("north", venue.Nowhere, gate.Config{})
	p.Scan(v.Codes[0])
	outsider := exchangetest.NewGate(t, "outsider", exchangetest.NewServer(t))
	outsider.Local.Event, outsider.Local.Now, outsider.Local.Rand = venue.Event, time.Now, rand.Reader
	var err error
	venue.Until(t, "the agent to exchange", func() bool {
		var conn exchange.Conn
		if conn, err = (link.Dialer{}).Dial(t.Context(), address(t, p, venue.Event)); err != nil {
			return false
		}
		err = exchange.Level(t.Context(), conn, outsider.Local)
		return true
	})
	if !errors.Is(err, fault.Unauthorised) {
		t.Errorf("a key that nobody enrolled: %v", err)
	}
	if held, _ := outsider.Local.Store.Vector(t.Context()); held[p.Chain()].Seq != 0 {
		t.Error("it was told what north let in")
	}
	tape := overheard(t, v, p)
	conn, err := link.Dialer{}.Dial(t.Context(), address(t, p, venue.Event))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), venue.Patience)
	defer cancel()
	for _, message := range tape {
		if err := conn.Send(ctx, message); err != nil {
			break
		}
	}
	heard := 0
	for err = nil; err == nil; heard++ {
		_, err = conn.Receive(ctx)
	}
	if ctx.Err() != nil || heard > 4 { // hello, proof, and why it hangs up
		t.Errorf("a handshake said again: %d messages came, then %v", heard, err)
	}
	venue.Until(t, "who said it again to be gone", func() bool {
		peer, _ := p.Uplink.Status(t.Context())
		for _, o := range peer.Others {
			if o.Connected > 0 {
				return false
			}
		}
		return true
	})
}

// overheard has south level with an agent, and gives all that south said.
func overheard(t *testing.T, v *venue.Venue, p *venue.Post) [][]byte {
	t.Helper()
	tape := new(taped)
	g, err := gate.Open(t.Context(), gate.Config{Data: v.Path("south"), Peers: []string{p.URL}, Dial: func(ctx context.Context, base string) (exchange.Conn, error) {
		if strings.TrimRight(base, "/") == "http://"+v.Address {
			return nil, fault.New(fault.Unavailable, "the server is gone")
		}
		conn, err := link.Dialer{}.Dial(ctx, address(t, p, venue.Event))
		tape.Conn = conn
		return tape, err
	}})
	v.Must(err)
	defer g.Close()
	v.Must(g.Sync(t.Context()))
	if len(tape.said) < 3 {
		t.Fatalf("south said %d messages", len(tape.said))
	}
	return tape.said
}

// taped is a connection that keeps what is sent.
type taped struct {
	exchange.Conn
	said [][]byte
}

// Send implements exchange.Conn.
func (c *taped) Send(ctx context.Context, message []byte) error {
	c.said = append(c.said, bytes.Clone(message))
	return c.Conn.Send(ctx, message)
}

// Widen implements exchange.Narrow.
func (c *taped) Widen() { c.Conn.(exchange.Narrow).Widen() }

// Many strangers at once take no place for good, and none of a gate's that comes after
// them.
func TestCrowdOfStrangers(t *testing.T) {
	t.Parallel()
	v := venue.New(t, 2, "north", "south")
	v.Stop()
	p := v.Start("north", venue.Nowhere, gate.Config{})
	var mu sync.Mutex
	var in, refused int
	var group sync.WaitGroup
	for range 3 * uplink.MaxTries {
		group.Go(func() {
			conn, err := link.Dialer{}.Dial(t.Context(), address(t, p, venue.Event))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				refused++
				return
			}
			in++
			t.Cleanup(func() { conn.Close() })
		})
	}
	group.Wait()
	if in > uplink.MaxUnprovenEach || refused == 0 {
		t.Errorf("%d strangers are in, %d were refused", in, refused)
	}
	south := v.Start("south", venue.Nowhere, gate.Config{Peers: []string{p.URL}})
	venue.Until(t, "a gate to be linked all the same", func() bool {
		south.Uplink.Retry()
		time.Sleep(200 * time.Millisecond) // a gate waits between two tries, too
		return south.Now().Online
	})
}

func address(t testing.TB, p *venue.Post, event string) string {
	t.Helper()
	at, err := link.Address(strings.TrimSuffix(p.URL, "/"), event)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func sizeOf(t *testing.T, dir string) (total int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}
