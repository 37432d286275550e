package e2e

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/certmanager"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// estateIssuer signs for region and site. It is in Telepod's namespace, so that no other namespace can use it.
const estateIssuer = `
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: root, namespace: ` + install.Namespace + `}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: estate, namespace: ` + install.Namespace + `}
spec:
  isCA: true
  commonName: estate
  secretName: estate
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {name: root, kind: Issuer, group: cert-manager.io}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: estate, namespace: ` + install.Namespace + `}
spec: {ca: {secretName: estate}}
---
`

// foreignCertificate is what someone with the role edit in another namespace may request.
const foreignCertificate = `
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: stranger, namespace: load}
spec:
  secretName: stranger
  dnsNames: [prod.regions.telepod]
  usages: [digital signature, client auth]
  issuerRef: {name: estate, kind: Issuer, group: cert-manager.io}
`

// issuedValues make cert-manager issue all certificates, and Collectors check for new ones often.
const issuedValues = `
injector: {certificates: {mode: certManager}}
tls: {issuerRef: {name: estate, kind: Issuer, group: cert-manager.io}}
regional: {config: {exporters: {otlp_failover: {tls: {reload_interval: 1s}}}}}
central: {config: {receivers: {otlp_mux: {tls: {reload_interval: 1s}}}}}
`

// TestCertManager runs cert-manager's own controllers, which issue every certificate of an installation.
func TestCertManager(t *testing.T) {
	c := newCounting(t, cluster.Options{Name: "issued", Nodes: make([]cluster.Node, 1)}, "queue-telepod-central-0")
	certmanager.Start(t, c.Cluster)
	c.prerequisites += estateIssuer
	c.installWith(t, issuedValues)
	c.namespace(t, "load", enabled(), nil)
	c.awaitReplicas(t)
	t.Run("another namespace gets no certificate", c.testIssuerOfAnotherNamespace)
	if !t.Run("certificates expire and are renewed under load", c.testShortLivedCertificates) {
		c.explainAll(t)
	}
}

// testIssuerOfAnotherNamespace requests a certificate from the estate's issuer, from another namespace.
func (c *counting) testIssuerOfAnotherNamespace(t *testing.T) {
	if err := c.Apply(t.Context(), foreignCertificate); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		reason, err := c.Kubectl(ctx, "get", "certificaterequests", "--namespace=load", `--output=jsonpath={.items[*].status.conditions[?(@.type=="Ready")].message}`)
		if err == nil && !strings.Contains(reason, `issuer.cert-manager.io "estate" not found`) {
			err = fmt.Errorf("the request's state is %q, want a missing issuer", reason)
		}
		return err
	})
	if _, err := c.client.CoreV1().Secrets("load").Get(t.Context(), "stranger", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the certificate's Secret: error is %v, want not found", err)
	}
}

// testShortLivedCertificates issues all three certificates for less than a minute. After the first certificates of region
// and site have expired, the two must still be able to connect.
func (c *counting) testShortLivedCertificates(t *testing.T) {
	rotations := c.rotations(t)
	admissions, telemetry := c.startLoad(t), c.send(t)
	names := []string{install.Name, "telepod-collector", "telepod-central"}
	for _, name := range names {
		c.kubectl(t, "patch", "certificate", name, "--namespace="+install.Namespace, "--type=merge",
			`--patch={"spec": {"duration": "40s", "renewBefore": "28s"}}`)
	}
	first := map[string]*x509.Certificate{}
	for _, name := range names {
		first[name] = c.issuedUntil(t, name, func(c *x509.Certificate) bool { return time.Until(c.NotAfter) < time.Minute })
	}
	c.restart(t, "daemonset/telepod-collector")
	for _, name := range names {
		first[name] = c.issuedUntil(t, name, func(*x509.Certificate) bool { return true })
	}
	for _, name := range names {
		c.issuedUntil(t, name, func(c *x509.Certificate) bool {
			return time.Now().After(first[name].NotAfter.Add(time.Second)) && c.SerialNumber.Cmp(first[name].SerialNumber) != 0
		})
	}
	c.restart(t, "statefulset/telepod-central")
	c.awaitRotation(t, rotations)
	admissions.Finish(t)
	c.requireAllStored(t, telemetry)
}

func (c *counting) restart(t *testing.T, workload string) {
	t.Helper()
	c.kubectl(t, "rollout", "restart", "--namespace="+install.Namespace, workload)
	c.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, workload, "--timeout=2m")
}

// issuedUntil waits until the certificate in a Certificate's Secret satisfies wanted.
func (s *stage) issuedUntil(t *testing.T, name string, wanted func(*x509.Certificate) bool) (issued *x509.Certificate) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		secret, err := s.client.CoreV1().Secrets(install.Namespace).Get(ctx, name+"-tls", metav1.GetOptions{})
		if err != nil {
			return err
		}
		block, _ := pem.Decode(secret.Data[corev1.TLSCertKey])
		if block == nil {
			return fmt.Errorf("Secret %s contains no certificate", secret.Name)
		}
		if issued, err = x509.ParseCertificate(block.Bytes); err == nil && !wanted(issued) {
			err = fmt.Errorf("the certificate of %s still has serial number %d, valid until %s", name, issued.SerialNumber, issued.NotAfter)
		}
		return err
	})
	return issued
}
