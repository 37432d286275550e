package otlpmuxreceiver

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
)

// An authority of a cluster can sign any number of names, but remains one peer.
func TestPeerIsSigningAuthority(t *testing.T) {
	named := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}}
	}
	root, cluster := named("root"), named("cluster a")
	for want, chain := range map[string][]*x509.Certificate{
		"CN=cluster a": {named("any name"), cluster, root},
		"CN=node":      {named("node"), root},
	} {
		if got := signerOf(chain); got != want {
			t.Errorf("peer is %q, want %q", got, want)
		}
	}
}
