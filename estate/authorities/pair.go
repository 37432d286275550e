package authorities

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Lifetimes of certificates.
const (
	rootLifetime      = 10 * 365 * 24 * time.Hour
	authorityLifetime = 2 * 365 * 24 * time.Hour
	leafLifetime      = 365 * 24 * time.Hour
	// skew is how far a cluster's clock may lag.
	skew = time.Hour
)

// Pair is a certificate and its key.
type Pair struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
}

// limits are the names and usages of a certificate, or those that an authority may sign.
type limits struct {
	names  []string
	usages []x509.ExtKeyUsage
}

// newRoot creates a self-signed authority.
func newRoot(now time.Time) (Pair, error) {
	return Pair{}.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Telemetry root"}, NotAfter: now.Add(rootLifetime),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, now)
}

// delegate creates the authority of a cluster. It can sign only for its names and usages: no IP addresses, and no
// further authorities, whatever its issuer is asked to sign.
func (p Pair) delegate(cluster string, l limits, now time.Time) (Pair, error) {
	return p.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Telemetry " + cluster}, NotAfter: now.Add(authorityLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, ExtKeyUsage: l.usages,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: l.names,
		ExcludedIPRanges: []*net.IPNet{
			{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}, {IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
		},
	}, now)
}

// issue creates a certificate for a region or a site.
func (p Pair) issue(l limits, now time.Time) (Pair, error) {
	return p.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "telepod"}, NotAfter: now.Add(leafLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: l.usages, DNSNames: l.names,
	}, now)
}

// sign certifies a new key; the zero Pair means self-signed. A certificate never expires after its issuer.
func (p Pair) sign(template *x509.Certificate, now time.Time) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("generate a key: %w", err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126)); err != nil {
		return Pair{}, fmt.Errorf("generate a serial number: %w", err)
	}
	template.NotBefore = now.Add(-skew)
	by := p
	if p.Certificate == nil {
		by = Pair{template, key}
	} else if end := p.Certificate.NotAfter; template.NotAfter.After(end) {
		template.NotAfter = end
	}
	if !template.NotAfter.After(now) {
		return Pair{}, fmt.Errorf("%s expired on %s", by.Certificate.Subject.CommonName, template.NotAfter.Format(time.DateOnly))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, key.Public(), by.Key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign %s: %w", template.Subject.CommonName, err)
	}
	made, err := x509.ParseCertificate(der)
	return Pair{made, key}, err
}

// certificatesPEM encodes a chain as PEM.
func certificatesPEM(chain ...*x509.Certificate) (text []byte) {
	for _, c := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// readCertificate parses the first certificate of a PEM file.
func readCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("is not a certificate in PEM format")
	}
	return x509.ParseCertificate(block.Bytes)
}

func readKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("is not a private key in PEM format")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is a key of type %T, want ECDSA", parsed)
	}
	return key, nil
}
