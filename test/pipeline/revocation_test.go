package pipeline

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRevokedCluster removes a cluster's authority from the site's bundle: the cluster must lose access. With the authority
// it must regain access. The site must not restart, and other clusters must not be affected.
func TestRevokedCluster(t *testing.T) {
	t.Parallel()
	site, e := newSite(t)
	e.testRevocation(t, site.Address)
}

// TestClusterOfTheCertificate checks that the site corrects the name of a cluster that claims another's, and exports the
// expiry of its certificates.
func TestClusterOfTheCertificate(t *testing.T) {
	t.Parallel()
	site, e := newSite(t)
	a := e.client(t, e.a, site.Address)
	a.accepted(t)
	const corrected = "otelcol_cluster_identity_corrected_resources_total"
	for i, cluster := range []string{"a", "b"} {
		a.body = `{"resourceSpans": [{"resource": {"attributes": [{"key": "k8s.cluster.name", "value": {"stringValue": "` + cluster + `"}}]}, "scopeSpans": [{"spans": [{"traceId": "00000000000000000000000000000001", "spanId": "0000000000000001", "name": "x"}]}]}]}`
		a.accepted(t)
		if got := site.Metric(corrected); got != float64(i) {
			t.Errorf("after spans of cluster %s from a, %s is %v, want %d", cluster, corrected, got, i)
		}
	}
	for file, want := range map[string]*x509.Certificate{"tls.crt": e.site.certificate, "client-ca.crt": e.a.certificate} {
		const expiry = "otelcol_certificate_expiry_timestamp_seconds"
		if got := site.Metric(expiry, file+`"`); got < float64(want.NotAfter.Unix()-60) || got > float64(want.NotAfter.Unix()) {
			t.Errorf("%s of %s is %v, want a minute before %d at most", expiry, file, got, want.NotAfter.Unix())
		}
	}
}

// newSite starts a site with several authorities. It closes connections after 2 seconds.
func newSite(t *testing.T) (*Node, *trustedSite) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a Collector; run without -short")
	}
	p := NewPlant(t)
	site := p.Central(t, "primary", p.Direct())
	site.run.Configs = append(site.run.Configs, "yaml:receivers::otlp_mux::connections::max_age: 2s")
	e := newEstate(t, site.Address)
	site.run.Env = append(site.run.Env, "TLS_DIR="+e.dir) // the last one wins
	return site.Start(t), e
}

func (e *trustedSite) testRevocation(t *testing.T, address string) {
	a, b := e.client(t, e.a, address), e.client(t, e.b, address)
	a.accepted(t)
	b.accepted(t)
	a.Transport.(*http.Transport).CloseIdleConnections()
	if !a.accepted(t) {
		t.Error("the second connection does not resume the first one's TLS session, so the test does not cover resumption")
	}
	e.trust(t, bundle(e.b))
	Await(t, Patience, "a rejected certificate", func() bool {
		_, err := a.send()
		return err != nil && strings.Contains(err.Error(), "unknown certificate authority")
	})
	b.accepted(t)
	b.Transport.(*http.Transport).CloseIdleConnections()
	b.accepted(t)
	e.trust(t, bundle(e.a, e.b))
	Await(t, Patience, "the cluster's access", func() bool { _, err := a.send(); return err == nil })
}

// trustedSite contains the authorities of a site and two clusters.
type trustedSite struct {
	dir        string // the site's files, laid out like a projected volume
	site, root *authority
	a, b       *authority
	versions   int
}

func newEstate(t *testing.T, address string) *trustedSite {
	t.Helper()
	root, err := newRoot()
	if err != nil {
		t.Fatal(err)
	}
	e := &trustedSite{dir: t.TempDir(), root: root}
	for name, to := range map[string]**authority{"a": &e.a, "b": &e.b} {
		*to, err = root.delegate(name, &x509.Certificate{
			ExtKeyUsage: forClient, PermittedDNSDomains: []string{name + ".regions.telepod"}, PermittedDNSDomainsCritical: true,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e.site, err = root.delegate("site", &x509.Certificate{ExtKeyUsage: forServer})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFiles(e.dir, issued(t, e.site, forServer, nil, net.ParseIP(address)), root); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(e.dir, "client-ca.crt")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..data/client-ca.crt", filepath.Join(e.dir, "client-ca.crt")); err != nil {
		t.Fatal(err)
	}
	e.trust(t, bundle(e.a, e.b))
	return e
}

// trust replaces the site's bundle as the kubelet does, by replacing a symbolic link to a directory.
func (e *trustedSite) trust(t *testing.T, bundle []byte) {
	t.Helper()
	e.versions++
	version := strings.Repeat("v", e.versions)
	link, next := filepath.Join(e.dir, "..data"), filepath.Join(e.dir, "..data_tmp")
	for _, err := range []error{
		os.Mkdir(filepath.Join(e.dir, version), 0o700),
		os.WriteFile(filepath.Join(e.dir, version, "client-ca.crt"), bundle, 0o600),
		os.Symlink(version, next),
		os.Rename(next, link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// cluster sends to a site like a region: over persistent connections and with TLS session resumption.
type cluster struct {
	http.Client
	url, body string
}

func (e *trustedSite) client(t *testing.T, of *authority, address string) *cluster {
	t.Helper()
	certificate := issued(t, of, forClient, []string{of.certificate.Subject.CommonName + ".regions.telepod"}, nil)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{
		RootCAs: pool(t, e.root), GetClientCertificate: always(certificate), ClientSessionCache: tls.NewLRUClientSessionCache(8),
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &cluster{http.Client{Transport: transport, Timeout: 5 * time.Second}, "https://" + address + ":4318/v1/traces", "{}"}
}

// send sends the body. resumed reports whether its connection resumed a TLS session.
func (c *cluster) send() (resumed bool, err error) {
	response, err := c.Post(c.url, "application/json", strings.NewReader(c.body))
	if err != nil {
		return false, err
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // already read
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return response.TLS.DidResume, err
}

func (c *cluster) accepted(t *testing.T) (resumed bool) {
	t.Helper()
	resumed, err := c.send()
	if err != nil {
		t.Fatal(err)
	}
	return resumed
}
