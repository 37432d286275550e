package pipeline

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/estate"
	"github.com/telepod/telepod/estate/authorities"
)

var (
	forClient = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	forServer = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
)

// TestEstateAuthorities checks which certificates of each authority in an estate a site and a region accept.
func TestEstateAuthorities(t *testing.T) {
	made := estateAuthorities(t)
	root, region, both, site := made["root"], made["prod-use1"], made["prod-euw1"], made["telemetry-us"]
	forger, err := region.delegate("below a region", &x509.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	regions := pool(t, region, both)
	for _, c := range []struct {
		name    string
		by      *authority
		names   []string
		address net.IP
		trusted *x509.CertPool // what the other side trusts
		refusal string         // empty if accepted
	}{
		{"a region sends as itself", region, []string{"prod-use1.regions.telepod"}, nil, regions, ""},
		{"a region sends as another", region, []string{"prod-euw1.regions.telepod"}, nil, regions, "not permitted"},
		{"a region sends as itself and another", region, []string{"prod-use1.regions.telepod", "prod-euw1.regions.telepod"}, nil, regions, "not permitted"},
		{"a region sends as all of them", region, []string{"*.regions.telepod"}, nil, regions, "not permitted"},
		{"a region sends as a name that ends like its own", region, []string{"x-prod-use1.regions.telepod"}, nil, regions, "not permitted"},
		// The cluster's name is the label before regions.telepod.
		{"a region sends as a name below its own", region, []string{"x.prod-use1.regions.telepod"}, nil, regions, ""},
		{"a region adds an address", region, []string{"prod-use1.regions.telepod"}, net.IPv4(10, 0, 0, 1), regions, "is excluded"},
		{"a region delegates", forger, []string{"prod-use1.regions.telepod"}, nil, regions, "too many intermediates"},
		// The constraints do not apply. The certificate has no name, so the site must grant it nothing.
		{"a region sends without a name", region, nil, nil, regions, ""},
		{"a site and region sends", both, []string{"prod-euw1.regions.telepod"}, nil, regions, ""},
		{"a site sends as a region", site, []string{"prod-use1.regions.telepod"}, nil, regions, "unknown authority"},
		{"a site sends as a region to one that trusts the root", site, []string{"prod-use1.regions.telepod"}, nil, pool(t, root), "incompatible key usage"},
		{"a site and region sends as another to one that trusts the root", both, []string{"prod-use1.regions.telepod"}, nil, pool(t, root), "not permitted"},
		{"a site sends as itself to one that trusts the root", site, []string{"telemetry-us.example.com"}, nil, pool(t, root), "incompatible key usage"},
	} {
		t.Run("client/"+c.name, func(t *testing.T) {
			client := issued(t, c.by, forClient, c.names, c.address)
			server := issued(t, site, forServer, []string{"telemetry-us.example.com"}, nil)
			err := acceptClient(t, server, client, c.trusted)
			check(t, err, c.refusal)
		})
	}
	for _, c := range []struct {
		name    string
		by      *authority
		host    string
		refusal string
	}{
		{"a site", site, "telemetry-us.example.com", ""},
		{"a site by its Service", site, "telepod-central.telepod.svc", ""},
		{"a site and region", both, "telemetry-eu.example.com", ""},
		{"a site poses as the other", site, "telemetry-eu.example.com", "not permitted"},
		{"a site and region poses as the other", both, "telemetry-us.example.com", "not permitted"},
		{"a region poses as a site", region, "telemetry-us.example.com", "incompatible key usage"},
		{"a region serves with its own name", region, "prod-use1.regions.telepod", "incompatible key usage"},
		{"a region delegates", forger, "telemetry-us.example.com", "too many intermediates"},
		{"a site by an address", site, "10.0.0.1", "is excluded"},
	} {
		t.Run("server/"+c.name, func(t *testing.T) {
			names, address := []string{c.host}, net.ParseIP(c.host)
			if address != nil {
				names = nil
			}
			check(t, acceptServer(t, issued(t, c.by, forServer, names, address), c.host, pool(t, root)), c.refusal)
		})
	}
}

func check(t *testing.T, err error, refusal string) {
	t.Helper()
	switch {
	case refusal == "" && err != nil:
		t.Errorf("rejected: %v", err)
	case refusal != "" && (err == nil || !strings.Contains(err.Error(), refusal)):
		t.Errorf("error is %v, want %q", err, refusal)
	}
}

// authorityEstate has a region, a site without applications, and a cluster that is both.
const authorityEstate = `
kind: Estate
sites:
  primary: {cluster: telemetry-us, endpoint: "telemetry-us.example.com:4318", stores: {kafka: ["kafka:9092"]}}
  backup: {cluster: prod-euw1, endpoint: "telemetry-eu.example.com:4318", stores: {kafka: ["kafka:9092"]}}
clusters:
  - {name: telemetry-us, cloud: aws, region: us-east-1, applications: false}
  - {name: prod-euw1, cloud: gcp, region: europe-west1}
  - {name: prod-use1, cloud: aws, region: us-east-1}
`

// estateAuthorities creates authorities with telepod estate ca, and returns them by name.
func estateAuthorities(t *testing.T) map[string]*authority {
	t.Helper()
	e, problems := estate.Load("estate.yaml", []byte(authorityEstate))
	if e == nil {
		t.Fatal(problems)
	}
	d := authorities.Directory{Path: t.TempDir(), Estate: e, Now: time.Now()}
	err := d.Init()
	if err == nil {
		_, err = d.Issue()
	}
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]*authority{"root": loadAuthority(t, filepath.Join(d.Path, "root"))}
	made["root"].chain = nil
	for _, name := range e.Names() {
		made[name] = loadAuthority(t, filepath.Join(d.Path, "clusters", name, "authority"))
	}
	return made
}

func loadAuthority(t *testing.T, name string) *authority {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(name+".crt", name+".key")
	if err != nil {
		t.Fatal(err)
	}
	// The root is not sent.
	return &authority{certificate: pair.Leaf, key: pair.PrivateKey.(crypto.Signer), chain: pair.Certificate[:1]}
}

func issued(t *testing.T, by *authority, usage []x509.ExtKeyUsage, names []string, address net.IP) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{ExtKeyUsage: usage, DNSNames: names}
	if address != nil {
		template.IPAddresses = []net.IP{address}
	}
	certificate, err := by.issue(template)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func pool(t *testing.T, authorities ...*authority) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(bundle(authorities...)) {
		t.Fatal("no certificate in the bundle")
	}
	return p
}

// acceptClient returns the error of a server that rejects a client's certificate.
func acceptClient(t *testing.T, server, client tls.Certificate, trusted *x509.CertPool) error {
	err, _ := handshake(t,
		&tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: trusted, ClientAuth: tls.RequireAndVerifyClientCert},
		&tls.Config{GetClientCertificate: always(client), InsecureSkipVerify: true})
	return err
}

// always returns a function that sends a certificate, no matter which authorities the server accepts.
func always(certificate tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
}

// acceptServer returns the error of a client that rejects a server's certificate.
func acceptServer(t *testing.T, server tls.Certificate, host string, trusted *x509.CertPool) error {
	_, err := handshake(t, &tls.Config{Certificates: []tls.Certificate{server}}, &tls.Config{RootCAs: trusted, ServerName: host})
	return err
}

func handshake(t *testing.T, server, client *tls.Config) (ofServer, ofClient error) {
	t.Helper()
	server.MinVersion = tls.VersionTLS13
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() {
		s := tls.Server(near, server)
		done <- s.Handshake()
		_ = s.Close() // unblocks a waiting client
	}()
	c := tls.Client(far, client)
	if ofClient = c.Handshake(); ofClient == nil {
		_, _ = c.Read(make([]byte, 1)) // receives the server's alert or EOF
	}
	_ = far.Close()
	return <-done, ofClient
}
