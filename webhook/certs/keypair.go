package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
)

// fault is an error with a reason code, for status, log and metric.
type fault struct {
	reason Reason
	text   string
}

func (f *fault) Error() string { return f.text }

func faultf(reason Reason, format string, args ...any) *fault {
	return &fault{reason: reason, text: fmt.Sprintf(format, args...)}
}

// keypair is a certificate chain with its private key.
type keypair struct {
	certPEM, keyPEM []byte
	tls             tls.Certificate
}

func (k *keypair) leaf() *x509.Certificate { return k.tls.Leaf }

func parseKeypair(certPEM, keyPEM []byte) (*keypair, *fault) {
	if len(certPEM) == 0 || len(keyPEM) == 0 {
		return nil, faultf(ReasonMissing, "certificate or key is empty")
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		// crypto/tls has no error value for a mismatched key, only this text.
		if strings.Contains(err.Error(), "does not match") {
			return nil, faultf(ReasonKeyMismatch, "the private key belongs to another certificate: %v", err)
		}
		return nil, faultf(ReasonInvalid, "read certificate and key: %v", err)
	}
	return &keypair{certPEM: certPEM, keyPEM: keyPEM, tls: pair}, nil
}

// check returns why a client that dials one of names would not accept the certificate now, or nil. It does not
// know the client's CAs.
func (k *keypair) check(now time.Time, names []string) *fault {
	leaf := k.leaf()
	if now.After(leaf.NotAfter) {
		return faultf(ReasonExpired, "certificate expired at %s", stamp(leaf.NotAfter))
	}
	if now.Before(leaf.NotBefore) {
		return faultf(ReasonNotYetValid, "certificate is not valid before %s", stamp(leaf.NotBefore))
	}
	for _, name := range names {
		if leaf.VerifyHostname(name) != nil {
			return faultf(ReasonWrongName, "certificate is not valid for %s, only for %s",
				name, strings.Join(leaf.DNSNames, ", "))
		}
	}
	return nil
}

// parseCertificates reads the certificates of a PEM bundle; other blocks are an error.
func parseCertificates(bundle []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for rest := bundle; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if strings.TrimSpace(string(rest)) != "" {
				return certificates, errors.New("text that is not PEM")
			}
			return certificates, nil
		}
		if block.Type != pemCertificate {
			return certificates, fmt.Errorf("a PEM block of type %q, want %q", block.Type, pemCertificate)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certificates, fmt.Errorf("parse certificate: %w", err)
		}
		certificates = append(certificates, c)
	}
}

func describeCAs(certificates []*x509.Certificate) []CA {
	var cas []CA
	for _, c := range certificates {
		cas = append(cas, CA{
			Subject: c.Subject.String(), Serial: serial(c),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		})
	}
	return cas
}

func serial(c *x509.Certificate) string { return fmt.Sprintf("%x", c.SerialNumber) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
