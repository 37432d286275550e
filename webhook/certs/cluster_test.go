package certs

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/telepod/telepod/test/cluster"
)

// These tests run against a real API server, on ordinary wall-clock time unless noted.

func apiServer(t *testing.T) (*cluster.Cluster, *rest.Config) {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.Burst = 500, 500
	if _, err := c.Kubectl(t.Context(), "create", "namespace", namespace); err != nil {
		t.Fatal(err)
	}
	return c, config
}

// until waits until the API server or a source has done something.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("gave up waiting for: %s", what)
		case <-again.C:
		}
	}
}

// webhookServer answers ConfigMap admissions with "allowed", as one replica of a webhook.
func webhookServer(t *testing.T, s Source, calls *atomic.Int64) string {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		review := struct {
			Request struct{ UID string }
		}{}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			t.Errorf("decode admission review: %v", err)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":true}}`, review.Request.UID)
	}))
	server.TLS = &tls.Config{GetCertificate: s.GetCertificate}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	// Each admission needs a new handshake, so each shows the current certificate.
	server.Config.SetKeepAlivesEnabled(false)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// configuration returns a webhook configuration that calls every replica for each new ConfigMap, and fails closed.
func configuration(urls []string) *admissionv1.MutatingWebhookConfiguration {
	none, fail, match := admissionv1.SideEffectClassNone, admissionv1.Fail, admissionv1.Equivalent
	timeout := int32(5)
	c := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: configName}}
	for i, url := range urls {
		c.Webhooks = append(c.Webhooks, admissionv1.MutatingWebhook{
			Name: fmt.Sprintf("replica%d.telepod.dev", i), ClientConfig: admissionv1.WebhookClientConfig{URL: &url},
			AdmissionReviewVersions: []string{"v1"}, SideEffects: &none, FailurePolicy: &fail,
			MatchPolicy: &match, TimeoutSeconds: &timeout,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "default"}},
			Rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.Create},
				Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
		})
	}
	return c
}

func TestSelfManagedOnAnAPIServer(t *testing.T) {
	c, config := apiServer(t)
	applyRole(t, c)
	p := newPlatform(t, c, config)

	t.Run("replicas agree", func(t *testing.T) {
		p.bothReady(t, 1)
		if a, b := p.replicas[0].Status(), p.replicas[1].Status(); a.Serial != b.Serial {
			t.Errorf("replicas serve %s and %s", a.Serial, b.Serial)
		}
	})
	t.Run("rotation of the CA fails no admission", p.rotation)
	t.Run("deleted Secret comes back as it was", func(t *testing.T) {
		before := p.replicas[0].Status().Serial
		p.kubectl(t, "-n", namespace, "delete", "secret", secretName)
		until(t, "the Secret to come back", func() bool {
			_, err := p.admin.CoreV1().Secrets(namespace).Get(t.Context(), secretName, metav1.GetOptions{})
			return err == nil
		})
		p.bothReady(t, 1)
		if now := p.replicas[1].Status().Serial; now != before {
			t.Errorf("serving %s, before it was %s", now, before)
		}
		p.admit(t)
	})
	t.Run("cleared caBundle is repaired", func(t *testing.T) {
		p.kubectl(t, "patch", "mutatingwebhookconfiguration", configName, "--type=json", "-p",
			`[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]`)
		until(t, "admissions through both webhooks", func() bool { return p.create(t) == nil })
	})
	t.Run("configuration deleted and installed again", func(t *testing.T) {
		p.kubectl(t, "delete", "mutatingwebhookconfiguration", configName)
		until(t, "replicas to notice", func() bool { return p.replicas[0].Status().Reason == ReasonNoWebhookConfigured })
		p.install(t)
		until(t, "admissions through both webhooks", func() bool { return p.create(t) == nil })
	})
	t.Run("late writer of a caBundle gets a conflict", func(t *testing.T) {
		p.bothReady(t, 1)
		seen, err := readConfigs(t.Context(), []webhookConfig{mutatingConfig(p.admin, configName)})
		if err != nil || len(seen) != 1 {
			t.Fatal(seen, err)
		}
		p.kubectl(t, "label", "mutatingwebhookconfiguration", configName, "touched=yes")
		if _, err := seen[0].publish(t.Context(), []byte("stale"), noPath); !apierrors.IsConflict(err) {
			t.Errorf("got %v, want a conflict", err)
		}
	})
}

// platform is an API server, two replicas with one clock, and a webhook configuration for both.
type platform struct {
	cluster  *cluster.Cluster
	admin    kubernetes.Interface
	clock    *clocktesting.FakeClock
	replicas [2]*SelfManaged
	urls     []string
	calls    atomic.Int64
	created  atomic.Int64
}

func newPlatform(t *testing.T, c *cluster.Cluster, config *rest.Config) *platform {
	// The API server uses the real time. The clock starts so far in the past that the CA was due
	// four hours ago.
	life := lifetimes(t, Lifetimes{})
	p := &platform{cluster: c, clock: clocktesting.NewFakeClock(time.Now().Add(-life.CA*2/3 - 4*time.Hour))}
	var err error
	if p.admin, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	restricted := rest.CopyConfig(config)
	restricted.Impersonate.UserName = "system:serviceaccount:" + namespace + ":" + service
	client, err := kubernetes.NewForConfig(restricted)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.replicas {
		p.replicas[i], err = NewSelfManaged(SelfManagedOptions{
			Client: client, Namespace: namespace, SecretName: secretName, ServiceName: service,
			ExtraNames: []string{"localhost"}, MutatingWebhooks: []string{configName},
			Clock: p.clock, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		p.urls = append(p.urls, strings.Replace(webhookServer(t, p.replicas[i], &p.calls), "127.0.0.1", "localhost", 1))
		t.Cleanup(run(t, p.replicas[i]))
	}
	p.install(t)
	return p
}

func (p *platform) install(t *testing.T) {
	t.Helper()
	api := p.admin.AdmissionregistrationV1().MutatingWebhookConfigurations()
	if _, err := api.Create(t.Context(), configuration(p.urls), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// pass advances the clock of the replicas.
func (p *platform) pass(d time.Duration) {
	p.clock.Step(d)
	for _, s := range p.replicas {
		s.trigger() // a step between a reconciliation and its timer would be missed
	}
}

func (p *platform) bothReady(t *testing.T, authorities int) {
	t.Helper()
	until(t, fmt.Sprintf("both replicas ready with %d authorities", authorities), func() bool {
		for _, s := range p.replicas {
			if st := s.Status(); !st.Ready || st.Reason != ReasonOK || len(st.CAs) != authorities {
				return false
			}
		}
		return true
	})
}

func (p *platform) create(t *testing.T) error {
	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("m%d", p.created.Add(1))}}
	_, err := p.admin.CoreV1().ConfigMaps("default").Create(t.Context(), m, metav1.CreateOptions{})
	return err
}

// admit creates a ConfigMap through both webhooks.
func (p *platform) admit(t *testing.T) {
	t.Helper()
	before := p.calls.Load()
	if err := p.create(t); err != nil {
		t.Errorf("admission failed: %v", err)
	} else if p.calls.Load() < before+2 {
		t.Error("the webhooks were not called")
	}
}

func (p *platform) kubectl(t *testing.T, args ...string) {
	t.Helper()
	if _, err := p.cluster.Kubectl(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

func (p *platform) rotation(t *testing.T) {
	life := lifetimes(t, Lifetimes{})
	// Advance to an hour before the CA is due. The certificates are then valid at the real time, too.
	p.pass(life.CA*2/3 - time.Hour)
	until(t, "certificates of the present", func() bool { return p.replicas[0].Status().NotAfter.After(time.Now()) })
	p.bothReady(t, 1)
	until(t, "the API server to take the webhooks up", func() bool { return p.create(t) == nil })

	stop := make(chan struct{})
	var stream sync.WaitGroup
	var admitted atomic.Int64
	for range 2 {
		stream.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					p.admit(t)
					admitted.Add(1)
				}
			}
		})
	}
	// more waits until further admissions have succeeded.
	more := func() {
		from := admitted.Load()
		until(t, "admissions", func() bool { return admitted.Load() >= from+20 })
	}
	old := p.replicas[0].Status()
	p.pass(time.Hour + time.Minute)
	p.bothReady(t, 2)
	more()
	if now := p.replicas[0].Status(); now.Issuer != old.Issuer {
		t.Error("the new CA signs before it has been published for the delay")
	}
	p.pass(life.Propagation + time.Minute)
	until(t, "the new CA to sign", func() bool {
		p.pass(settleTime)
		return p.replicas[0].Status().Issuer != old.Issuer && p.replicas[1].Status().Issuer != old.Issuer
	})
	more()
	p.pass(life.Propagation + time.Minute)
	p.bothReady(t, 1)
	more()
	close(stop)
	stream.Wait()
	if now := p.replicas[0].Status(); now.CAs[0].Serial == old.CAs[0].Serial {
		t.Error("the CA is still the old one")
	}
	t.Logf("%d admissions", admitted.Load())
}

// applyRole grants only the permissions in SelfManaged's documentation.
func applyRole(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	manifests, err := os.ReadFile(filepath.Join("testdata", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), string(manifests)); err != nil {
		t.Fatal(err)
	}
}

func noPath(trust) (string, bool) { return "", false }
