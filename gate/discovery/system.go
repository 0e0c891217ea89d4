package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"

	"usher/sync/fault"
)

// group is where multicast DNS is spoken.
var group = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}

// System gives the device's networks: those of the interfaces that are named, or
// of all that are up and know multicast. The loopback is one only if it is named.
func System(names ...string) func() ([]Medium, error) {
	return func() ([]Medium, error) {
		all, err := net.Interfaces()
		if err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "can't list this device's networks")
		}
		var media []Medium
		for _, ifi := range all {
			if ifi.Flags&net.FlagUp == 0 || !wanted(ifi, names) {
				continue
			}
			if prefixes := prefixesOf(ifi); len(prefixes) > 0 {
				media = append(media, Medium{Name: ifi.Name, Prefix: prefixes, Open: func() (Conn, error) { return join(ifi) }})
			}
		}
		return media, nil
	}
}

// Check refuses names of interfaces that this device does not have.
func Check(names []string) error {
	for _, name := range names {
		if _, err := net.InterfaceByName(name); err != nil {
			return fault.Wrap(fault.BadInput, err, "this device has no network interface %.40q", name)
		}
	}
	return nil
}

func wanted(ifi net.Interface, names []string) bool {
	if len(names) > 0 {
		return slices.Contains(names, ifi.Name)
	}
	return ifi.Flags&net.FlagMulticast != 0 && ifi.Flags&net.FlagLoopback == 0
}

// prefixesOf gives an interface's IPv4 addresses.
func prefixesOf(ifi net.Interface) []netip.Prefix {
	addrs, err := ifi.Addrs()
	if err != nil {
		return nil // it is gone
	}
	var list []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			list = append(list, p)
		}
	}
	return list
}

// udp is a Conn over one interface.
type udp struct {
	conn  *net.UDPConn
	pkt   *ipv4.PacketConn
	index int
}

// join opens a socket for one interface. Several programs on a device may have one
// each; what one of them says the others hear.
func join(ifi net.Interface) (Conn, error) {
	conn, err := net.ListenMulticastUDP("udp4", &ifi, group)
	if err != nil {
		return nil, err
	}
	u := &udp{conn: conn, pkt: ipv4.NewPacketConn(conn), index: ifi.Index}
	if err := u.pkt.SetMulticastLoopback(true); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("hearing other agents on this device: %w", err)
	}
	_ = u.pkt.SetMulticastTTL(255)                        // RFC 6762 section 11; nobody is lost without
	_ = u.pkt.SetControlMessage(ipv4.FlagInterface, true) // where a system can't say, all counts
	return u, nil
}

// Send implements Conn.
func (u *udp) Send(packet []byte) error {
	_, err := u.conn.WriteTo(packet, group)
	return err
}

// Receive implements Conn. A socket hears the group on every interface that any
// program joined; only this one's counts.
func (u *udp) Receive(buffer []byte) (int, error) {
	for {
		n, from, _, err := u.pkt.ReadFrom(buffer)
		if err != nil {
			return 0, err
		}
		if from == nil || from.IfIndex == u.index {
			return n, nil
		}
	}
}

// Close implements Conn.
func (u *udp) Close() error { return u.conn.Close() }
