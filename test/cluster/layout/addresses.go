package layout

import (
	"net/netip"
)

// Addresses plans the addresses of one of several clusters on a machine. Only the nodes' network differs
// between clusters: pods and Services are not reachable from outside, so all clusters use the same ranges.
//
//	            IPv4               IPv6
//	nodes       10.231.INDEX.0/24  fd74:656c:INDEX::/64
//	the host    .1                 ::1
//	node N      .(10+N)            ::(10+N)
//	pods of N   10.244.N.0/24      fd74:656c:f000:N::/64
//	Services    10.96.0.0/16       fd74:656c:f001::/112
//	kubernetes  10.96.0.1          …::1
//	DNS         10.96.0.10         …::a
type Addresses struct {
	Index int // 1 to MaxIndex
	IPv6  bool
}

// MaxIndex and MaxNodes are the limits of this plan.
const (
	MaxIndex = 254
	MaxNodes = 200
)

func (a Addresses) nodes() netip.Prefix {
	if a.IPv6 {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x74, 0x65, 0x6c, 0, byte(a.Index)}), 64)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 231, byte(a.Index), 0}), 24)
}

// Host is the machine's own address in the network of the nodes.
func (a Addresses) Host() netip.Prefix { return nth(a.nodes(), 1) }

// Node is the address of node n, counted from 1.
func (a Addresses) Node(n int) netip.Prefix { return nth(a.nodes(), byte(10+n)) }

// Pods is the range of the pods of node n.
func (a Addresses) Pods(n int) netip.Prefix {
	if a.IPv6 {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x74, 0x65, 0x6c, 0xf0, 0, 0, byte(n)}), 64)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, byte(n), 0}), 24)
}

// AllPods is the range of the pods of all nodes.
func (a Addresses) AllPods() netip.Prefix {
	if a.IPv6 {
		return netip.PrefixFrom(a.Pods(0).Addr(), 48)
	}
	return netip.PrefixFrom(a.Pods(0).Addr(), 16)
}

// Services is the range of the Services' addresses.
func (a Addresses) Services() netip.Prefix {
	if a.IPv6 {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 0x74, 0x65, 0x6c, 0xf0, 1}), 112)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 96, 0, 0}), 16)
}

// API is the address of the Service "kubernetes".
func (a Addresses) API() netip.Addr { return nth(a.Services(), 1).Addr() }

// DNS is the address of the Service "kube-dns".
func (a Addresses) DNS() netip.Addr { return nth(a.Services(), 10).Addr() }

// nth returns address n of a range that ends in a zero byte.
func nth(p netip.Prefix, n byte) netip.Prefix {
	b := p.Addr().AsSlice()
	b[len(b)-1] = n
	addr, _ := netip.AddrFromSlice(b) // always valid: b came from an address
	return netip.PrefixFrom(addr, p.Bits())
}
