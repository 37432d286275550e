package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The layout of the Secret. CAs and their keys are in the same PEM files, newest first; a key is
// matched to its CA by the public key.
const (
	keyServingCert = corev1.TLSCertKey
	keyServingKey  = corev1.TLSPrivateKeyKey
	keyBundle      = "ca.crt"
	keyCAKeys      = "ca.key"

	// annotationPublished is state.published, RFC 3339.
	annotationPublished = "telepod.dev/ca-published-at"
)

// encode writes the state into the Secret. Everything else in it is preserved.
func encode(s state, secret *corev1.Secret) error {
	var keys bytes.Buffer
	for _, a := range s.authorities {
		if a.key == nil {
			continue
		}
		keyPEM, err := encodeKey(a.key)
		if err != nil {
			return err
		}
		keys.Write(keyPEM)
	}
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	secret.Data[keyServingCert] = s.serving.certPEM
	secret.Data[keyServingKey] = s.serving.keyPEM
	secret.Data[keyBundle] = s.bundle()
	secret.Data[keyCAKeys] = keys.Bytes()
	if s.published.IsZero() {
		delete(secret.Annotations, annotationPublished)
		return nil
	}
	if secret.Annotations == nil {
		secret.Annotations = map[string]string{}
	}
	secret.Annotations[annotationPublished] = stamp(s.published)
	return nil
}

// bundle returns the content of every caBundle.
func (s state) bundle() []byte {
	var b bytes.Buffer
	for _, a := range s.authorities {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: a.cert.Raw}))
	}
	return b.Bytes()
}

// decode reads the state from a Secret. If it returns an error, the state contains the readable part.
func decode(secret *corev1.Secret) (state, error) {
	var s state
	var errs []error
	cas, err := parseCertificates(secret.Data[keyBundle])
	if err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", keyBundle, err))
	}
	keys, err := parseKeys(secret.Data[keyCAKeys])
	if err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", keyCAKeys, err))
	}
	for _, c := range cas {
		if c.IsCA {
			s.authorities = append(s.authorities, authority{cert: c, key: matching(keys, c)})
		}
	}
	if len(s.authorities) == 0 {
		errs = append(errs, fmt.Errorf("%s: contains no CA", keyBundle))
	} else if s.authorities[0].key == nil {
		errs = append(errs, fmt.Errorf("%s: lacks the key of the newest CA", keyCAKeys))
	}
	pair, bad := parseKeypair(secret.Data[keyServingCert], secret.Data[keyServingKey])
	if bad != nil {
		errs = append(errs, fmt.Errorf("%s, %s: %w", keyServingCert, keyServingKey, bad))
	} else if s.serving = pair; s.issuer() == nil {
		errs = append(errs, fmt.Errorf("%s: not signed by any CA in %s", keyServingCert, keyBundle))
	}
	// A missing annotation only restarts the delay.
	if t, err := time.Parse(time.RFC3339, secret.Annotations[annotationPublished]); err == nil {
		s.published = t
	}
	return s, errors.Join(errs...)
}

func parseKeys(data []byte) ([]*ecdsa.PrivateKey, error) {
	var keys []*ecdsa.PrivateKey
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return keys, nil
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return keys, fmt.Errorf("parse key: %w", err)
		}
		key, ok := parsed.(*ecdsa.PrivateKey)
		if !ok {
			return keys, fmt.Errorf("a key of type %T, want ECDSA", parsed)
		}
		keys = append(keys, key)
	}
}

func matching(keys []*ecdsa.PrivateKey, c *x509.Certificate) *ecdsa.PrivateKey {
	for _, k := range keys {
		if k.PublicKey.Equal(c.PublicKey) {
			return k
		}
	}
	return nil
}
