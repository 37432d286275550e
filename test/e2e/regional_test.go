package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

// site and siteInFull are two names of the central site, in the places of primary and backup.
const (
	site       = "telepod-central." + install.Namespace + ".svc"
	siteInFull = site + ".cluster.local"
)

const regionalValues = `
cloud: {provider: aws, regionFromNodes: true, account: "` + account + `"}
cluster: {name: ` + clusterName + `}
environment: ` + environment + `
injector: {replicas: 1}
central:
  enabled: true
  primary: ` + site + `:4318
  backup: ` + siteInFull + `:4318
  jaeger: sink.sink.svc:4317
  sampling: {keepPercent: 100}
  storage: {gigabytes: 0}
  service: {type: ClusterIP}
  resources: {requests: {cpu: 50m, memory: 64Mi}}
`

// TestRegion follows spans the whole way: pod, regional Collector, central site, store.
func TestRegion(t *testing.T) {
	skipWithoutNodes(t)
	images, err := install.ImagesOfRegion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, cluster.Options{
		Name:   "region",
		Nodes:  []cluster.Node{{Labels: topology("us-east-1", "us-east-1a")}},
		Images: images,
	}, install.Options{
		Values:    regionalValues,
		Manifests: siteCertificates(t) + sinkManifests(t, "testdata/jaeger.yaml"),
		// The DaemonSet has a directory and two ports of its node.
		PodSecurity: "privileged",
	})
	labels := enabled()
	labels["pod-security.kubernetes.io/enforce"] = "restricted"
	s.namespace(t, telemetryNamespace, labels, map[string]string{injector.ResourcePrefix + "team": team})
	s.namespace(t, "bare", nil, nil)
	s.waitForProfile(t, telemetryNamespace, "aws")

	ok := t.Run("spans", func(t *testing.T) {
		for _, endpoint := range []string{"node", "service", "sidecar"} {
			t.Run("injected, over "+endpoint, func(t *testing.T) {
				t.Parallel()
				s.testInjectedSpans(t, endpoint)
			})
		}
		t.Run("not injected", func(t *testing.T) {
			t.Parallel()
			s.testBareSpans(t)
		})
	})
	if !ok {
		s.explain(t)
		out, err := s.Kubectl(context.Background(), "logs", "--namespace="+install.Namespace, "--prefix", "--tail=20",
			"--selector=app.kubernetes.io/component in (collector, central)")
		t.Logf("Collectors: %v\n%s", err, out)
	}
}

// secretAttributes is what a pod of a careless author sends.
var secretAttributes = corev1.EnvVar{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "password=hunter2,note=mine"}

// testInjectedSpans sends as a pod that the injector has told everything.
func (s *stage) testInjectedSpans(t *testing.T, endpoint string) {
	j := job(endpoint, install.SDKImage, []string{fmt.Sprintf("-spans=%d", spansOfJob)}, map[string]string{injector.EndpointAnnotation: endpoint})
	j.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{secretAttributes}
	spans := s.testSpansOf(t, j)
	if sent := s.jobLog(t.Context(), j.Name); !strings.Contains(sent, "hunter2") {
		t.Errorf("the application sent no secret, so there was none to remove: %s", sent)
	}
	for _, span := range spans {
		withoutSecret(t, span)
	}
	t.Logf("%d spans; the resource: %v", len(spans), spans[0].Resource)
}

// testBareSpans sends as a pod that knows nothing: all that is said of pod and cloud is the regional
// Collector's knowledge, from the API server and its own configuration.
func (s *stage) testBareSpans(t *testing.T) {
	p := pod("bare", nil, map[string]string{injector.ResourcePrefix + "team": team})
	p.Name, p.GenerateName = "bare", ""
	p.Spec.Containers[0].Image, p.Spec.Containers[0].Args = install.SDKImage, []string{"-spans=1"}
	p.Spec.Containers[0].Env = []corev1.EnvVar{secretAttributes,
		{Name: "OTEL_SERVICE_NAME", Value: "bare"},
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://telepod-collector." + install.Namespace + ".svc:4317"},
		{Name: "OTEL_EXPORTER_OTLP_PROTOCOL", Value: "grpc"},
	}
	// It is started again and again: its first span may come before the Collector has heard of its
	// address, by which alone it is known.
	p, err := s.client.CoreV1().Pods("bare").Create(t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.region": "us-east-1", "cloud.availability_zone": "us-east-1a",
		"cloud.account.id": account, "k8s.cluster.name": clusterName, "deployment.environment.name": environment,
		"k8s.namespace.name": "bare", "k8s.pod.name": "bare", "k8s.pod.uid": string(p.UID), "k8s.node.name": "region-n1",
		"service.name": "bare", "team": team,
	}
	eventually(t, func(ctx context.Context) error {
		spans, err := s.received(ctx, "bare")
		if err != nil || len(spans) == 0 {
			return fmt.Errorf("%d spans arrived: %w", len(spans), err)
		}
		last := spans[len(spans)-1]
		got := maps.Clone(last.Resource)
		maps.DeleteFunc(got, func(key, _ string) bool { return want[key] == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("resource of the last of %d spans (-want +got):\n%s", len(spans), diff)
		}
		withoutSecret(t, last)
		t.Logf("the resource of span %d: %v", len(spans), last.Resource)
		return nil
	})
}

func withoutSecret(t *testing.T, span collector.Item) {
	t.Helper()
	if _, found := span.Resource["password"]; found || span.Resource["note"] != "mine" {
		t.Errorf("password is there: %t; note is %q, want mine", found, span.Resource["note"])
	}
}

// siteCertificates are the Secrets that the chart expects where there is no cert-manager: both ends of
// the connection between region and site, from one authority.
func siteCertificates(t *testing.T) (manifests string) {
	t.Helper()
	certificate, key := newCA(t)
	authority, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	for secret, usage := range map[string]x509.ExtKeyUsage{
		"telepod-collector-tls": x509.ExtKeyUsageClientAuth, "telepod-central-tls": x509.ExtKeyUsageServerAuth,
	} {
		data := issue(t, authority, usage)
		data["ca.crt"] = certificate
		text, err := yaml.Marshal(&corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Name: secret, Namespace: install.Namespace},
			Type:       corev1.SecretTypeTLS, Data: data,
		})
		if err != nil {
			t.Fatal(err)
		}
		manifests += string(text) + "---\n"
	}
	return manifests
}

// issue has the authority sign a certificate for the site's names.
func issue(t *testing.T, authority tls.Certificate, usage x509.ExtKeyUsage) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{site, siteInFull},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
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
