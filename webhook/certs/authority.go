package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

const (
	pemCertificate = "CERTIFICATE"
	pemPrivateKey  = "PRIVATE KEY"

	// backdate sets the start of a certificate's validity before its creation, for API servers with a clock
	// that is behind.
	backdate = 5 * time.Minute
	// maxCommonName is the longest common name that X.509 allows (RFC 5280, ub-common-name).
	maxCommonName = 64
)

// authority is a CA. An authority without a key is still trusted but cannot sign.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(now time.Time, life time.Duration) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, fmt.Errorf("generate CA key: %w", err)
	}
	// The time in the name distinguishes CAs, both for people and for verifiers that compare names.
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "telepod webhook CA " + now.UTC().Format("2006-01-02T15:04:05.000Z")},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(life),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return authority{}, fmt.Errorf("sign CA: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, fmt.Errorf("read back CA: %w", err)
	}
	return authority{cert: cert, key: key}, nil
}

// issue signs a serving certificate that does not outlive the CA.
func (a authority) issue(now time.Time, life time.Duration, names []string) (*keypair, error) {
	if len(names) == 0 {
		return nil, errors.New("issue serving certificate: no DNS names")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate serving key: %w", err)
	}
	template := &x509.Certificate{
		NotBefore:             now.Add(-backdate),
		NotAfter:              earliest(now.Add(life), a.cert.NotAfter),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              names,
	}
	if len(names[0]) <= maxCommonName {
		template.Subject.CommonName = names[0]
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign serving certificate: %w", err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	pair, bad := parseKeypair(pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: der}), keyPEM)
	if bad != nil {
		return nil, fmt.Errorf("read back serving certificate: %w", bad)
	}
	return pair, nil
}

// signed reports whether the CA signed the certificate.
func (a authority) signed(c *x509.Certificate) bool { return c.CheckSignatureFrom(a.cert) == nil }

// created returns when one of our certificates was created.
func created(c *x509.Certificate) time.Time { return c.NotBefore.Add(backdate) }

// due returns when a certificate is due for renewal: after two thirds of its lifetime.
func due(c *x509.Certificate) time.Time {
	return c.NotAfter.Add(-c.NotAfter.Sub(created(c)) / 3)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der}), nil
}
