package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Limits of what is read of a packet.
const (
	// MaxPacket is the longest packet that is looked at, as RFC 6762 section 17
	// allows.
	MaxPacket = 9000
	// MaxRecords bounds the records of a packet that are looked at, in each of its
	// sections.
	MaxRecords = 32
)

// advert is what an agent says of itself.
type advert struct {
	instance string
	port     uint16
	tag      string
	addrs    []netip.Addr
	life     uint32 // seconds; 0: good-bye
}

// cacheFlush marks records that only one host has (RFC 6762 section 10.2).
const cacheFlush = 1 << 15

var serviceName = dnsmessage.MustNewName(Service)

// question is the packet that asks for agents.
func question() ([]byte, error) {
	m := dnsmessage.Message{Questions: []dnsmessage.Question{{Name: serviceName, Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET}}}
	return m.Pack()
}

// pack makes the packet of an advert: PTR, and SRV, TXT and A that go with it.
func (a advert) pack() ([]byte, error) {
	name, err := dnsmessage.NewName(a.instance + "." + Service)
	if err != nil {
		return nil, fmt.Errorf("naming this agent: %w", err)
	}
	host, err := dnsmessage.NewName("usher-" + a.instance + ".local.")
	if err != nil {
		return nil, fmt.Errorf("naming this agent: %w", err)
	}
	record := func(name dnsmessage.Name, class dnsmessage.Class, body dnsmessage.ResourceBody) dnsmessage.Resource {
		return dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Class: class, TTL: a.life}, Body: body}
	}
	const own = dnsmessage.ClassINET | cacheFlush
	m := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{record(serviceName, dnsmessage.ClassINET, &dnsmessage.PTRResource{PTR: name})},
		Additionals: []dnsmessage.Resource{
			record(name, own, &dnsmessage.SRVResource{Port: a.port, Target: host}),
			record(name, own, &dnsmessage.TXTResource{TXT: []string{"v=1", "tag=" + a.tag}}),
		},
	}
	for _, addr := range a.addrs {
		m.Additionals = append(m.Additionals, record(host, own, &dnsmessage.AResource{A: addr.As4()}))
	}
	return m.Pack()
}

// heard is what a packet says.
type heard struct {
	asks    bool     // it asks for agents
	adverts []advert // complete ones
}

// read takes a packet apart. An error means that it is no multicast DNS; what is
// none of our business is passed over.
func read(packet []byte) (heard, error) {
	var p dnsmessage.Parser
	var h heard
	header, err := p.Start(packet)
	if err != nil {
		return h, err
	}
	if header.OpCode != 0 || header.RCode != 0 {
		return h, errors.New("opcode or response code is not zero")
	}
	if !header.Response {
		h.asks, err = asks(&p)
		return h, err
	}
	if err := p.SkipAllQuestions(); err != nil {
		return h, err
	}
	parts := make(map[string]*advert)
	hosts := make(map[string][]netip.Addr)
	targets := make(map[string]string) // instance → host
	for _, next := range []func() (dnsmessage.Resource, error){p.Answer, p.Authority, p.Additional} {
		for range MaxRecords + 1 {
			r, err := next()
			if errors.Is(err, dnsmessage.ErrSectionDone) {
				break
			}
			if err != nil {
				return heard{}, err
			}
			take(r, parts, hosts, targets)
		}
	}
	for name, a := range parts {
		a.addrs = hosts[targets[name]]
		if a.port != 0 && a.tag != "" && len(a.addrs) > 0 && a.life > 0 {
			h.adverts = append(h.adverts, *a)
		}
	}
	return h, nil
}

// asks looks for our service among the questions.
func asks(p *dnsmessage.Parser) (bool, error) {
	for range MaxRecords {
		q, err := p.Question()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if (q.Type == dnsmessage.TypePTR || q.Type == dnsmessage.TypeALL) && strings.EqualFold(q.Name.String(), Service) {
			return true, nil
		}
	}
	return false, nil
}

// take notes what a record says of an agent.
func take(r dnsmessage.Resource, parts map[string]*advert, hosts map[string][]netip.Addr, targets map[string]string) {
	name := strings.ToLower(r.Header.Name.String())
	if a, ok := r.Body.(*dnsmessage.AResource); ok {
		hosts[name] = append(hosts[name], netip.AddrFrom4(a.A))
		return
	}
	instance, ours := strings.CutSuffix(name, "."+Service)
	if !ours {
		return
	}
	part := func() *advert {
		if parts[name] == nil {
			parts[name] = &advert{instance: instance}
		}
		return parts[name]
	}
	switch body := r.Body.(type) {
	case *dnsmessage.SRVResource:
		a := part()
		a.port, a.life = body.Port, r.Header.TTL
		targets[name] = strings.ToLower(body.Target.String())
	case *dnsmessage.TXTResource:
		for _, text := range body.TXT {
			if tag, ok := strings.CutPrefix(text, "tag="); ok {
				part().tag = tag
			}
		}
	}
}
