package webhook

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/version"
	fakediscovery "k8s.io/client-go/discovery/fake"
	kubefake "k8s.io/client-go/kubernetes/fake"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/webhook/certs"
)

// oneCertificate is a certs.Source with one certificate, which can be unavailable.
type oneCertificate struct {
	certificate *tls.Certificate
	ready       atomic.Bool
}

func (o *oneCertificate) Run(ctx context.Context) error { <-ctx.Done(); return nil }

func (o *oneCertificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if !o.ready.Load() {
		return nil, errors.New("no certificate")
	}
	return o.certificate, nil
}

func (o *oneCertificate) Status() certs.Status {
	if !o.ready.Load() {
		return certs.Status{Reason: certs.ReasonMissing, Message: "Not issued yet."}
	}
	return certs.Status{Ready: true, Reason: certs.ReasonOK, Message: "It is valid.", NotAfter: time.Unix(2_000_000_000, 0)}
}

func newCertificate(t testing.TB) *oneCertificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	o := &oneCertificate{certificate: &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}
	o.ready.Store(true)
	return o
}

// running is a running Server with its own ports.
type running struct {
	*Server
	certificate *oneCertificate
	kubernetes  *kubefake.Clientset
	client      *http.Client
	log         *await.Log
	stop        context.CancelFunc
	ended       chan error
}

func start(t testing.TB, change func(*Options)) *running {
	t.Helper()
	r := &running{certificate: newCertificate(t), kubernetes: kubefake.NewClientset(), log: &await.Log{}, ended: make(chan error, 1)}
	r.kubernetes.Discovery().(*fakediscovery.FakeDiscovery).FakedServerVersion = &version.Info{GitVersion: "v1.36.3"}
	options := Options{
		Injector:     injector.Options{DefaultProfile: "aws"},
		Capabilities: injector.Capabilities{NativeSidecars: injector.Auto, TopologyLabels: injector.Auto},
		Address:      "127.0.0.1:0", MetricsAddress: "127.0.0.1:0", HealthAddress: "127.0.0.1:0",
		Certificates: r.certificate, Kubernetes: r.kubernetes, Metadata: manyNamespaces(t, 0),
		Log: slog.New(slog.NewTextHandler(r.log, nil)), Version: "v0.0.1-test",
	}
	if change != nil {
		change(&options)
	}
	var err error
	if r.Server, err = New(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() { r.ended <- r.Run(ctx) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the test's own certificate
	r.client = &http.Client{Transport: transport}
	t.Cleanup(func() { stop(); transport.CloseIdleConnections() })
	return r
}

func (r *running) url(listener int, path string) string {
	scheme := "http://"
	if listener == 0 {
		scheme = "https://"
	}
	return scheme + r.listeners[listener].Addr().String() + path
}

func (r *running) get(t testing.TB, listener int, path string) (int, string) {
	t.Helper()
	response, err := r.client.Get(r.url(listener, path))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

const health, metrics = 1, 2

func (r *running) waitReady(t testing.TB) {
	t.Helper()
	eventually(t, "readiness", func() bool { code, _ := r.get(t, health, "/readyz"); return code == http.StatusOK })
}

func TestServerServes(t *testing.T) {
	r := start(t, nil)
	r.waitReady(t)
	response, err := r.client.Post(r.url(0, PathPod), "application/json", bytes.NewReader(reviewOf("shop", wanted)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(`"reason":"pod-enabled"`)) || response.Proto != "HTTP/1.1" {
		t.Errorf("%s %s %s", response.Proto, response.Status, text)
	}
	_, scraped := r.get(t, metrics, "/metrics")
	for _, want := range []string{
		`telepod_admissions_total{decision="injected",reason="pod-enabled"} 1`,
		`telepod_admission_duration_seconds_bucket{decision="injected",le="5e-05"}`,
		`telepod_admission_patch_bytes_count 1`,
		`telepod_build_info{goversion="go1.`, `version="v0.0.1-test"} 1`,
		"telepod_namespaces 0", "telepod_profiles_last_reload_successful 1", "telepod_profiles_generation 1",
		"telepod_profiles_last_reload_timestamp_seconds 1.", "telepod_certificate_ready 1",
		`telepod_certificate_reason{reason="ok"} 1`, "telepod_certificate_expiry_timestamp_seconds 2e+09",
		"telepod_certificate_rotations_total 0", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(scraped, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(scraped) {
			if strings.HasPrefix(line, "telepod_") {
				t.Log(line)
			}
		}
	}
}

func TestReadinessListsFailedChecks(t *testing.T) {
	r := start(t, nil)
	r.waitReady(t)
	r.certificate.ready.Store(false)
	code, text := r.get(t, health, "/readyz")
	if code != http.StatusServiceUnavailable || text != "[-] certificate: missing: Not issued yet.\nnot ready\n" {
		t.Errorf("%d %s", code, text)
	}
	r.certificate.ready.Store(true)
	code, text = r.get(t, health, "/readyz?verbose")
	for _, want := range []string{"[+] draining: no", "[+] profiles: generation 1: aws " + hash(r.live, "aws") + ", azure ", "[+] certificate: ok",
		"[+] namespaces: 0 with Telepod's labels", "[+] cluster: version v1.36.3", "ready"} {
		if code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d, no %q in %s", code, want, text)
		}
	}
	if code, _ := r.get(t, health, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz %d", code)
	}
}

func TestBadReloadKeepsReady(t *testing.T) {
	v := newVolume(t, goodProfile)
	r := start(t, func(o *Options) { o.ProfilesDir = v.dir })
	r.waitReady(t)
	v.put(badProfile)
	eventually(t, "the metric", func() bool {
		_, text := r.get(t, metrics, "/metrics")
		return strings.Contains(text, "telepod_profiles_last_reload_successful 0")
	})
	code, text := r.get(t, health, "/readyz?verbose")
	if code != http.StatusOK || !strings.Contains(text, "[+] profiles: generation 1: aws ") || !strings.Contains(text, "; the last reload failed: ") || !strings.Contains(text, "identitty") {
		t.Errorf("%d %s", code, text)
	}
}

// TestDrain stops a server while one request is in flight and others arrive.
func TestDrain(t *testing.T) {
	r := start(t, func(o *Options) { o.DrainDelay = 2 * time.Second })
	r.waitReady(t)
	body, writer := io.Pipe()
	slow := make(chan error, 1)
	review := reviewOf("shop", wanted)
	go func() {
		response, err := r.client.Post(r.url(0, PathPod), "application/json", body)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			if response.StatusCode != http.StatusOK {
				err = errors.New(response.Status)
			}
		}
		slow <- err
	}()
	if _, err := writer.Write(review[:100]); err != nil { // returns once the server reads the request
		t.Fatal(err)
	}
	r.stop()
	eventually(t, "draining", r.draining.Load)
	code, text := r.get(t, health, "/readyz")
	if code != http.StatusServiceUnavailable || !strings.Contains(text, "[-] draining") {
		t.Errorf("%d %s", code, text)
	}
	response, err := r.client.Post(r.url(0, PathPod), "application/json", bytes.NewReader(review))
	if err != nil {
		t.Fatalf("a request during the drain: %v", err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || !response.Close {
		t.Errorf("during the drain: %s, connection closed: %v", response.Status, response.Close)
	}
	eventually(t, "the port to close", func() bool {
		_, err := r.client.Post(r.url(0, PathPod), "application/json", bytes.NewReader(review))
		return err != nil
	})
	if _, err := writer.Write(review[100:]); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if err := <-slow; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	r := start(t, nil)
	options := r.options
	options.Address = r.listeners[0].Addr().String()
	if _, err := New(t.Context(), options); err == nil || !strings.Contains(err.Error(), "serve webhook: listen tcp") {
		t.Errorf("error %v", err)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	r := start(t, nil)
	_, err := tls.Dial("tcp", r.listeners[0].Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("error %v", err)
	}
}

// TestOwnTelemetryByOTLP checks that the server sends its remaining telemetry to a receiver when it stops.
func TestOwnTelemetryByOTLP(t *testing.T) {
	var mu sync.Mutex
	received := map[string]string{}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		received[r.URL.Path] += string(text)
	}))
	defer receiver.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	r := start(t, nil)
	r.waitReady(t)
	response, err := r.client.Post(r.url(0, PathPod), "application/json", bytes.NewReader(reviewOf("shop", wanted)))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for path, want := range map[string]string{"/v1/traces": "telepod.reason", "/v1/metrics": "telepod.admission.duration"} {
		for _, want := range []string{want, "pod-enabled", "telepod-webhook"} {
			if !strings.Contains(received[path], want) {
				t.Errorf("no %q at %s", want, path)
			}
		}
	}
}

// secretPath is a certificate source for which the webhook is served only below /secret.
type secretPath struct{ *oneCertificate }

func (secretPath) Path(path string) (string, bool) { return strings.CutPrefix(path, "/secret") }

// TestPlainPathIsRefused checks that requests without the secret path are refused, as from a pod that reaches the port.
func TestPlainPathIsRefused(t *testing.T) {
	r := start(t, func(o *Options) { o.Certificates = secretPath{o.Certificates.(*oneCertificate)} })
	r.waitReady(t)
	for path, want := range map[string]int{PathPod: http.StatusNotFound, "/": http.StatusNotFound,
		"/secret" + PathPod: http.StatusOK, "/secret" + PathNamespace: http.StatusOK} {
		response, err := r.client.Post(r.url(0, path), "application/json", bytes.NewReader(reviewOf("shop", wanted)))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, want)
		}
	}
	if _, text := r.get(t, metrics, "/metrics"); !strings.Contains(text, `telepod_requests_refused_total{status="404"} 2`) {
		t.Error("refusals are not counted")
	}
}
