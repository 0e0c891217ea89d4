// Package guard says whom a request comes from, for every limit that is one of an
// address, and keeps the pace of those who do something too often ([Pace]).
//
// By default that is whoever opened the connection. Behind a load balancer or a
// proxy it is the balancer, which names its client in X-Forwarded-For; anybody can
// write such a header, so it is believed only of addresses that the operator names
// ([Proxies]). Of IPv6 the first 64 bits count: they are what one customer gets.
package guard

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"usher/sync/fault"
)

// Proxies are the addresses of the balancers and proxies before the server, whose
// X-Forwarded-For is believed. The zero value believes nobody.
type Proxies []netip.Prefix

// maxHops bounds how many addresses of a header are looked at.
const maxHops = 32

// ParseProxies reads addresses and networks: 10.1.2.3, 10.0.0.0/8, 2001:db8::/32.
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, text := range list {
		text = strings.TrimSpace(text)
		network, err := netip.ParsePrefix(text)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(text); err == nil {
				addr = addr.Unmap()
				network = netip.PrefixFrom(addr, addr.BitLen())
			}
		}
		if err != nil || strings.Contains(text, "%") {
			return nil, fault.New(fault.BadInput, "%.60q is no address or network of a proxy: want 10.1.2.3, 10.0.0.0/8 or 2001:db8::/32", text)
		}
		if network.Bits() == 0 {
			return nil, fault.New(fault.BadInput, "%s is everybody: anybody could say that they are somebody else", network)
		}
		p = append(p, network.Masked())
	}
	return p, nil
}

func (p Proxies) trusts(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// Client gives the address that a request comes from: the nearest that no trusted
// proxy has. The zero address is of a request that came by no network.
func (p Proxies) Client(r *http.Request) netip.Addr {
	client := peer(r)
	if !p.trusts(client) {
		return client
	}
	seen := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for hop := len(seen) - 1; hop >= 0 && len(seen)-hop <= maxHops; hop-- {
		behind, known := hopAddr(seen[hop])
		if !known {
			break // who writes this is no proxy of ours
		}
		client = behind
		if !p.trusts(client) {
			break
		}
	}
	return client
}

const forwardedFor = "X-Forwarded-For"

// peer is who opened the connection.
func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// hopAddr reads an entry of X-Forwarded-For: an address, of some balancers with its
// port.
func hopAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		at, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = at.Addr()
	}
	return addr.Unmap().WithZone(""), true
}

// Handler has next see each request with the address that it comes from, in
// RemoteAddr. It warns once of a proxy that the operator seems to have forgotten.
func (p Proxies) Handler(next http.Handler, log *slog.Logger) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from := peer(r); p.trusts(from) {
			if client := p.Client(r); client != from {
				r = r.WithContext(r.Context()) // a copy: the request is the server's
				r.RemoteAddr = net.JoinHostPort(client.String(), "0")
			}
		} else if r.Header.Get(forwardedFor) != "" && (from.IsPrivate() || from.IsLoopback()) {
			once.Do(func() { warn(r.Context(), log, from) })
		}
		next.ServeHTTP(w, r)
	})
}

func warn(ctx context.Context, log *slog.Logger, from netip.Addr) {
	log.WarnContext(ctx, "requests come by a proxy that is not among the trusted ones: all who come by it count as one address", "proxy", from)
}

// nowhere is the party of requests that came by no network.
const nowhere = "nowhere"

// Party names who a request comes from, for limits: the client's address, of IPv6
// its network of 64 bits. It reads RemoteAddr, as Handler leaves it.
func Party(r *http.Request) string {
	addr := peer(r)
	if !addr.IsValid() {
		return nowhere // limited all together
	}
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
