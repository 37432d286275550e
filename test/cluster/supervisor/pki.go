//go:build linux

package supervisor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/telepod/telepod/test/cluster/layout"
)

// authority is the cluster's certificate authority. It writes certificates below dir.
type authority struct {
	dir    string
	server string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

// identity is the subject of a certificate.
type identity struct {
	name   string // base name of the files
	user   string // common name
	groups []string
	hosts  []string // addresses and names, for servers
}

// writePKI writes every certificate, key and kubeconfig of the plan.
func writePKI(p layout.Plan) error {
	a, err := newAuthority(p.PKI(""), p.Server())
	if err != nil {
		return fmt.Errorf("make the cluster's certificate authority: %w", err)
	}
	certificates := []identity{
		{name: "apiserver", user: "kube-apiserver", hosts: p.ServerNames()},
		{name: "kubelet-client", user: "kube-apiserver", groups: []string{"system:masters"}},
		{name: "front-proxy-client", user: "front-proxy-client"},
	}
	users := []identity{
		{name: "admin", user: "admin", groups: []string{"system:masters"}},
		{name: "coredns", user: "coredns", groups: []string{"system:masters"}},
		{name: "kube-controller-manager", user: "system:kube-controller-manager"},
		{name: "kube-scheduler", user: "system:kube-scheduler"},
		{name: "kube-proxy", user: "system:kube-proxy"},
	}
	for i := range p.Spec.Nodes {
		node := identity{user: "system:node:" + p.NodeName(i+1), groups: []string{"system:nodes"}}
		node.name = "kubelet-" + p.NodeName(i+1)
		users = append(users, node)
		node.name = "kubelet-serving-" + p.NodeName(i+1)
		node.hosts = []string{p.NodeName(i + 1), p.Addresses.Node(i + 1).Addr().String()}
		certificates = append(certificates, node)
	}
	for _, id := range certificates {
		if _, _, err := a.issue(id); err != nil {
			return fmt.Errorf("issue certificate %s: %w", id.name, err)
		}
	}
	for _, id := range users {
		if err := a.kubeconfig(id); err != nil {
			return fmt.Errorf("issue kubeconfig %s: %w", id.name, err)
		}
	}
	return nil
}

func newAuthority(dir, server string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &authority{dir: dir, server: server}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	a.cert = template("telepod-test", nil)
	a.cert.IsCA, a.cert.BasicConstraintsValid = true, true
	a.cert.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if _, _, err := a.write("ca", der, a.key); err != nil {
		return nil, err
	}
	return a, a.serviceAccounts()
}

// serviceAccounts writes the key pair that signs service account tokens.
func (a *authority) serviceAccounts() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if _, err := a.writeKey("sa", key); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	_, err = a.writePEM("sa.pub", "PUBLIC KEY", public)
	return err
}

// template is a certificate that is valid for two days: longer than any test, too short to be reused.
func template(user string, groups []string) *x509.Certificate {
	serial := new(big.Int).SetBytes([]byte(rand.Text()[:16]))
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: user, Organization: groups},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func (a *authority) issue(id identity) (cert, key []byte, err error) {
	t := template(id.user, id.groups)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	for _, host := range id.hosts {
		if addr := net.ParseIP(host); addr != nil {
			t.IPAddresses = append(t.IPAddresses, addr)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	return a.write(id.name, der, private)
}

func (a *authority) write(name string, der []byte, private *ecdsa.PrivateKey) (cert, key []byte, err error) {
	if cert, err = a.writePEM(name+".crt", "CERTIFICATE", der); err != nil {
		return nil, nil, err
	}
	key, err = a.writeKey(name, private)
	return cert, key, err
}

func (a *authority) writeKey(name string, private *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, err
	}
	return a.writePEM(name+".key", "EC PRIVATE KEY", der)
}

func (a *authority) writePEM(file, kind string, der []byte) ([]byte, error) {
	b := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return b, os.WriteFile(filepath.Join(a.dir, file), b, 0o600)
}

func (a *authority) kubeconfig(id identity) error {
	cert, key, err := a.issue(id)
	if err != nil {
		return err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
	b64 := base64.StdEncoding.EncodeToString
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: telepod, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: telepod, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: telepod, context: {cluster: telepod, user: telepod}}]
current-context: telepod
`, a.server, b64(ca), b64(cert), b64(key))
	return os.WriteFile(filepath.Join(a.dir, id.name+".kubeconfig"), []byte(content), 0o600)
}
