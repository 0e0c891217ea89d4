package network

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"

	"usher/e2e/venue"
	"usher/gate/discovery"
	"usher/sync/admission"
)

// What a network full of noise may cost an agent, beyond what it had.
const (
	mayGrowMemory = 64 << 20
	mayGrowDisk   = 1 << 20
)

// malformed are packets that no node of ours sends, or none that is honest.
func malformed(t *testing.T, luck *rand.Rand) [][]byte {
	head := func(questions, answers uint16, rest ...byte) []byte {
		b := []byte{0, 0, 0x84, 0}
		b = binary.BigEndian.AppendUint16(b, questions)
		b = binary.BigEndian.AppendUint16(b, answers)
		return append(append(b, 0, 0, 0, 0), rest...)
	}
	noise := make([]byte, discovery.MaxPacket)
	for i := range noise {
		noise[i] = byte(luck.Uint32())
	}
	return append([][]byte{
		{}, {0}, noise[:11], noise[:12], noise[:500], noise, append(bytes.Clone(noise), 0),
		head(0xffff, 0xffff), head(1, 0), head(0, 1),
		head(0, 1, 0xc0, 12, 0, 12, 0, 1),                        // a name that is behind itself
		head(0, 2, 0xc0, 14, 0xc0, 12),                           // two that are behind each other
		head(0, 1, 0xc0, 0xff),                                   // a name beyond the end
		head(0, 1, append([]byte{63}, noise[:20]...)...),         // a label that is cut
		head(0, 1, bytes.Repeat([]byte{1, 'a'}, 200)...),         // a name without end
		head(0, 1, 0, 0, 12, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 1, 2), // data beyond the end
		head(0, 1, 0, 0, 33, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3),    // an SRV record of three bytes
		head(40, 0, bytes.Repeat([]byte{0, 0, 12, 0, 1}, 40)...), // more questions than are read
		bytes.Repeat([]byte{0xff}, 512), make([]byte, 8<<10),
	}, falseGates(t, luck)...)
}

// falseGates are well-formed adverts of gates that don't exist, with hostile names.
func falseGates(t *testing.T, luck *rand.Rand) (packets [][]byte) {
	t.Helper()
	service := dnsmessage.MustNewName(discovery.Service)
	for i := range 40 {
		instance := dnsmessage.MustNewName(fmt.Sprintf("%x<script>\u202e%d.%s", luck.Uint64(), i, discovery.Service))
		own := dnsmessage.ResourceHeader{Name: instance, Class: dnsmessage.ClassINET, TTL: 1 << 31}
		m := dnsmessage.Message{
			Header:  dnsmessage.Header{Response: true, Authoritative: true},
			Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: service, Class: dnsmessage.ClassINET, TTL: 1 << 31}, Body: &dnsmessage.PTRResource{PTR: instance}}},
			Additionals: []dnsmessage.Resource{
				{Header: own, Body: &dnsmessage.SRVResource{Port: uint16(luck.Uint32()), Target: instance}},
				{Header: own, Body: &dnsmessage.TXTResource{TXT: []string{"tag=" + strings.Repeat("f", 32), strings.Repeat("x", 200)}}},
				{Header: own, Body: &dnsmessage.AResource{A: [4]byte{127, 0, byte(i), 9}}},
			},
		}
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b)
	}
	return packets
}

// shout sends packets to all that listen for gates on the loopback network.
func shout(t *testing.T, packets [][]byte) {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ifi, err := net.InterfaceByName(loopback(t))
	if err != nil {
		t.Fatal(err)
	}
	p := ipv4.NewPacketConn(c)
	if err := p.SetMulticastInterface(ifi); err != nil {
		t.Fatal(err)
	}
	for _, b := range packets {
		if _, err := p.WriteTo(b, nil, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}); err != nil {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
	}
}

// resident is how much memory a process holds.
func resident(t *testing.T, p *venue.Process) (total int64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var size int64
	if _, err := fmt.Sscan(string(text), &size, &total); err != nil {
		t.Fatal(err)
	}
	return total * int64(os.Getpagesize())
}

// A network full of packets that nobody can read, of gates that don't exist, and of
// strangers who send as much as they can, costs an agent neither its memory nor its disk
// nor its links; and it goes on scanning and finding others meanwhile.
func TestNoiseOnTheNetwork(t *testing.T) {
	v := venue.New(t, 6, "north", "south")
	v.Stop()
	lo := loopback(t)
	north := v.Agent("north", nil, "--find-on", lo)
	linked := func() bool {
		s, err := north.Status()
		v.Must(err)
		return s.Online
	}
	if a, err := north.Scan(v.Codes[0], "1"); err != nil || a.Result != admission.Accept {
		t.Fatalf("a good ticket: %s %s, %v", a.Result, a.Reason, err)
	}
	time.Sleep(300 * time.Millisecond) // it reserves space for its log at first
	memory, disk := resident(t, north), sizeOf(t, v.Path("north"))
	var storm sync.WaitGroup
	var rounds atomic.Int64
	calm := make(chan struct{})
	storm.Go(func() {
		luck := rand.New(rand.NewPCG(7, 8))
		for {
			select {
			case <-calm:
				return
			default:
				shout(t, malformed(t, luck))
				rounds.Add(1)
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
	storm.Go(func() { besiege(north.URL(), calm) })
	south := v.Agent("south", nil, "--find-on", lo)
	for _, code := range v.Codes[1:4] {
		if a, err := north.Scan(code, "1"); err != nil || a.Result != admission.Accept {
			t.Errorf("in the noise a good ticket: %s %s, %v", a.Result, a.Reason, err)
		}
	}
	venue.Until(t, "the two gates to find each other in the noise", linked)
	venue.Until(t, "south to know whom north let in", func() bool {
		a, err := south.Look(v.Codes[3])
		return err == nil && a.Reason == admission.AlreadyUsed
	})
	venue.Until(t, "enough noise", func() bool { return rounds.Load() >= 30 })
	close(calm)
	storm.Wait()
	if grown := resident(t, north) - memory; grown > mayGrowMemory {
		t.Errorf("its memory has grown by %d MiB", grown>>20)
	}
	if grown := sizeOf(t, v.Path("north")) - disk; grown > mayGrowDisk {
		t.Errorf("its folder has grown by %d bytes", grown)
	}
	s, err := north.Status()
	v.Must(err)
	if len(s.Links) > 2+discovery.MaxHints || len(s.Faults) != 0 {
		t.Errorf("it shows %d links, faults %q", len(s.Links), s.Faults)
	}
	t.Logf("memory grew by %d KiB, the folder by %d bytes", (resident(t, north)-memory)>>10, sizeOf(t, v.Path("north"))-disk)
}

// besiege sends an agent as much as it takes, by several connections at a time, until
// there is calm.
func besiege(url string, calm <-chan struct{}) {
	address := strings.TrimPrefix(url, "http://")
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 9, 9)}} // not where the gates are
	var group sync.WaitGroup
	defer group.Wait()
	for range 16 {
		group.Go(func() {
			for {
				select {
				case <-calm:
					return
				default:
				}
				c, err := stranger.Dial("tcp", address)
				if err != nil {
					return
				}
				_ = c.SetDeadline(time.Now().Add(300 * time.Millisecond))
				// Whether all of it gets through is the agent's to say.
				_, _ = fmt.Fprintf(c, "%s\r\n", upgrade)
				_, _ = c.Write(frame(0x82, 1<<40, make([]byte, 1<<20)))
				_ = c.Close()
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}
