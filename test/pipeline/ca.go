package pipeline

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	chain       [][]byte // DER, sent along with a certificate; empty for a root
}

// newRoot creates a self-signed authority.
func newRoot() (*authority, error) {
	return (*authority)(nil).delegate("telepod test root", &x509.Certificate{})
}

// delegate creates an intermediate authority with the template's usages and name constraints.
func (a *authority) delegate(name string, template *x509.Certificate) (*authority, error) {
	template.Subject = pkix.Name{CommonName: name}
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	made, err := a.sign(template)
	if err != nil {
		return nil, fmt.Errorf("create the authority %q: %w", name, err)
	}
	below := &authority{certificate: made.Leaf, key: made.PrivateKey.(crypto.Signer)}
	if a != nil {
		below.chain = made.Certificate
	}
	return below, nil
}

// issue issues a certificate for the template's names, with its chain.
func (a *authority) issue(template *x509.Certificate) (tls.Certificate, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	made, err := a.sign(template)
	if err != nil {
		return made, fmt.Errorf("create a certificate: %w", err)
	}
	return made, nil
}

// sign certifies a new key; without an authority the certificate is self-signed.
func (a *authority) sign(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return tls.Certificate{}, err
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	by := authority{certificate: template, key: key}
	if a != nil {
		by = *a
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: append([][]byte{der}, by.chain...), PrivateKey: key, Leaf: leaf}, err
}

// writeCertificates creates a CA and one certificate, for both sides of mTLS and all addresses, and writes
// them to the directory as [writeFiles] does.
func writeCertificates(dir string, addresses []string) error {
	root, err := newRoot()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "telepod test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, a := range addresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(a))
	}
	certificate, err := root.issue(template)
	if err != nil {
		return err
	}
	return writeFiles(dir, certificate, root, root)
}

// writeFiles writes the files that the chart mounts: tls.crt, tls.key, ca.crt (the trusted root), and client-ca.crt
// (the authorities of the clients that a site accepts).
func writeFiles(dir string, certificate tls.Certificate, root *authority, clients ...*authority) error {
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"ca.crt":        certificatesPEM(root.certificate.Raw),
		"tls.crt":       certificatesPEM(certificate.Certificate...),
		"tls.key":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"client-ca.crt": bundle(clients...),
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// bundle returns the authorities' certificates as PEM.
func bundle(authorities ...*authority) (text []byte) {
	for _, a := range authorities {
		text = append(text, certificatesPEM(a.certificate.Raw)...)
	}
	return text
}

func certificatesPEM(ders ...[]byte) (text []byte) {
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return text
}
