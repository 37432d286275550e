package layout

import (
	"net/netip"
	"testing"
)

func TestAddressesMatchTheirDocumentation(t *testing.T) {
	for _, c := range []struct {
		name string
		got  func(Addresses) string
		v4   string
		v6   string
	}{
		{"host", func(a Addresses) string { return a.Host().String() }, "10.231.7.1/24", "fd74:656c:7::1/64"},
		{"first node", func(a Addresses) string { return a.Node(1).String() }, "10.231.7.11/24", "fd74:656c:7::b/64"},
		{"pods", func(a Addresses) string { return a.Pods(2).String() }, "10.244.2.0/24", "fd74:656c:f000:2::/64"},
		{"all pods", func(a Addresses) string { return a.AllPods().String() }, "10.244.0.0/16", "fd74:656c:f000::/48"},
		{"Services", func(a Addresses) string { return a.Services().String() }, "10.96.0.0/16", "fd74:656c:f001::/112"},
		{"API", func(a Addresses) string { return a.API().String() }, "10.96.0.1", "fd74:656c:f001::1"},
		{"DNS", func(a Addresses) string { return a.DNS().String() }, "10.96.0.10", "fd74:656c:f001::a"},
	} {
		if got := c.got(Addresses{Index: 7}); got != c.v4 {
			t.Errorf("%s: %s, want %s", c.name, got, c.v4)
		}
		if got := c.got(Addresses{Index: 7, IPv6: true}); got != c.v6 {
			t.Errorf("%s: %s, want %s", c.name, got, c.v6)
		}
	}
}

func TestAddressesNeverCollide(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		seen := map[netip.Addr]bool{}
		for _, index := range []int{1, 2, MaxIndex} {
			a := Addresses{Index: index, IPv6: ipv6}
			addresses := []netip.Prefix{a.Host()}
			for n := 1; n <= MaxNodes; n++ {
				addresses = append(addresses, a.Node(n))
				if !a.AllPods().Contains(a.Pods(n).Addr()) {
					t.Errorf("pods of node %d, %s, are not within %s", n, a.Pods(n), a.AllPods())
				}
			}
			for _, p := range addresses {
				if seen[p.Addr()] {
					t.Errorf("%s is used twice", p)
				}
				seen[p.Addr()] = true
			}
			for _, outside := range []netip.Prefix{a.Services(), a.AllPods()} {
				if outside.Overlaps(a.Host().Masked()) {
					t.Errorf("%s overlaps the nodes' %s", outside, a.Host().Masked())
				}
			}
			if a.Services().Overlaps(a.AllPods()) {
				t.Errorf("Services %s overlap pods %s", a.Services(), a.AllPods())
			}
		}
	}
}
