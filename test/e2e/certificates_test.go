package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/install"
)

const (
	certificateSecret    = install.Name + "-certificates"
	certificateRotations = "telepod_certificate_rotations_total"
)

// rotate rotates CA and serving certificate, which takes a year in production. It adds a successor to the shared Secret.
// Once every caBundle contains the successor, it backdates the publication, so that the delay is over.
func (s *stage) rotate(t *testing.T) {
	t.Helper()
	rotations := s.rotations(t)
	old := s.serial(t)
	cert, key := newCA(t)
	s.editSecret(t, func(secret *corev1.Secret) {
		secret.Data["ca.crt"] = append(bytes.Clone(cert), secret.Data["ca.crt"]...)
		secret.Data["ca.key"] = append(bytes.Clone(key), secret.Data["ca.key"]...)
		delete(secret.Annotations, "telepod.dev/ca-published-at")
	})
	eventually(t, func(ctx context.Context) error {
		configuration, err := s.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, install.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, webhook := range configuration.Webhooks {
			if !bytes.HasPrefix(webhook.ClientConfig.CABundle, cert) {
				return fmt.Errorf("the new CA is not in the caBundle of %s", webhook.Name)
			}
		}
		return nil
	})
	s.editSecret(t, func(secret *corev1.Secret) {
		secret.Annotations = map[string]string{"telepod.dev/ca-published-at": time.Now().Add(-2 * time.Hour).UTC().Format(time.RFC3339)}
	})
	s.awaitRotation(t, rotations)
	if s.serial(t).Cmp(old) == 0 {
		t.Error("the serving certificate was not replaced")
	}
}

// rotations returns how many certificates each replica has served so far.
func (s *stage) rotations(t *testing.T) []float64 {
	t.Helper()
	rotations, err := s.metrics(t.Context(), certificateRotations)
	if err != nil {
		t.Fatal(err)
	}
	return rotations
}

// awaitRotation waits until every replica serves a newer certificate.
func (s *stage) awaitRotation(t *testing.T, rotations []float64) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		now, err := s.metrics(ctx, certificateRotations)
		if err != nil || len(now) != len(rotations) {
			return fmt.Errorf("%d replicas, want %d: %w", len(now), len(rotations), err)
		}
		for i := range now {
			if now[i] <= rotations[i] {
				return fmt.Errorf("the replicas have served %v certificates, want more than %v", now, rotations)
			}
		}
		return nil
	})
}

func (s *stage) editSecret(t *testing.T, edit func(*corev1.Secret)) {
	t.Helper()
	secrets := s.client.CoreV1().Secrets(install.Namespace)
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		secret, err := secrets.Get(t.Context(), certificateSecret, metav1.GetOptions{})
		if err != nil {
			return err
		}
		edit(secret)
		_, err = secrets.Update(t.Context(), secret, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) serial(t *testing.T) *big.Int {
	t.Helper()
	secret, err := s.client.CoreV1().Secrets(install.Namespace).Get(t.Context(), certificateSecret, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
	if block == nil {
		t.Fatal("the Secret contains no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert.SerialNumber
}

// newCA creates a CA in the Secret's format.
func newCA(t *testing.T) (certificate, key []byte) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "successor"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pair.Public(), pair)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(pair)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// siteCertificates returns the Secrets that the chart expects without cert-manager: certificates for both ends of the
// connection between region and site, from one authority. spares are further releases with a site; the namespace of
// each has the same name.
func siteCertificates(t *testing.T, spares ...string) (manifests string) {
	t.Helper()
	certificate, key := newCA(t)
	authority, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{site, siteInFull}
	secret := func(namespace, name string, usage x509.ExtKeyUsage) {
		manifests += tlsSecret(t, namespace, name, issue(t, authority, usage, nextYear(), names...), certificate)
	}
	for _, spare := range spares {
		names = append(names, spare+"-telepod-central."+spare+".svc")
		secret(spare, spare+"-telepod-central-tls", x509.ExtKeyUsageServerAuth)
	}
	secret(install.Namespace, "telepod-collector-tls", x509.ExtKeyUsageClientAuth)
	secret(install.Namespace, "telepod-central-tls", x509.ExtKeyUsageServerAuth)
	return manifests
}

// tlsSecret returns the manifest of a Secret with a certificate, and the authority that its user trusts.
func tlsSecret(t *testing.T, namespace, name string, data map[string][]byte, trusted []byte) string {
	t.Helper()
	data["ca.crt"] = trusted
	text, err := yaml.Marshal(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Type:       corev1.SecretTypeTLS, Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "---\n"
}

func nextYear() time.Time { return time.Now().AddDate(1, 0, 0) }

// issue signs a certificate for these names, valid for a year until end.
func issue(t *testing.T, authority tls.Certificate, usage x509.ExtKeyUsage, end time.Time, names ...string) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: names,
		NotBefore: end.AddDate(-1, 0, -1), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
