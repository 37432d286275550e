package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// harness is an endpoint with a real injector, and access to its log and metrics.
type harness struct {
	*Endpoint
	admitter *Admitter
	log      *bytes.Buffer
	metrics  http.Handler
}

func newHarness(t testing.TB, change func(*injector.Options)) *harness {
	t.Helper()
	set, err := profiles.Load(profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Cluster: "prod-use1", Account: "123456789012", Environment: "production"}})
	if err != nil {
		t.Fatal(err)
	}
	options := injector.Options{
		Policy:         injector.Policy{ProtectedNamespaces: []string{"kube-system", "telepod"}},
		Cluster:        injector.Cluster{NativeSidecars: true, TopologyLabels: true},
		DefaultProfile: "aws",
	}
	if change != nil {
		change(&options)
	}
	in, err := injector.New(set, options)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{log: &bytes.Buffer{}}
	h.admitter = &Admitter{
		Planner: func() Planner { return in },
		Namespace: func(name string) injector.Namespace {
			ns := injector.Namespace{Name: name}
			if strings.HasPrefix(name, "opted-") {
				ns.Labels = map[string]string{injector.InjectionLabel: "enabled"}
			}
			return ns
		},
		DefaultOn: options.InjectByDefault,
	}
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		t.Fatal(err)
	}
	made, err := newInstruments(sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)).Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	h.metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	h.Endpoint = &Endpoint{admitter: h.admitter, large: newRoom(maxLarge), closing: func() bool { return false },
		observer: newObserver(slog.New(slog.NewJSONHandler(h.log, nil)), made)}
	return h
}

// scrape returns the lines of /metrics that contain all of the words.
func (h *harness) scrape(words ...string) []string {
	recorder := httptest.NewRecorder()
	h.metrics.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var lines []string
next:
	for line := range strings.Lines(recorder.Body.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// post sends a body as an API server does.
func post(handler http.Handler, body []byte) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, PathPod, bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// admit sends a pod and returns the response.
func (h *harness) admit(t *testing.T, namespace, pod string) *admissionv1.AdmissionResponse {
	t.Helper()
	return answer(t, post(h, reviewOf(namespace, pod)))
}

func answer(t *testing.T, recorder *httptest.ResponseRecorder) *admissionv1.AdmissionResponse {
	t.Helper()
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	var review admissionv1.AdmissionReview
	decoder := json.NewDecoder(recorder.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&review); err != nil {
		t.Fatalf("the answer is not an AdmissionReview: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Fatalf("more than one value in the answer")
	}
	if review.APIVersion != "admission.k8s.io/v1" || review.Kind != "AdmissionReview" || review.Response == nil || review.Response.UID != "u-1" {
		t.Fatalf("not the answer to the request: %+v", review)
	}
	return review.Response
}

// reviewOf returns an AdmissionReview as kube-apiserver 1.36 sends it.
func reviewOf(namespace, pod string) []byte {
	return fmt.Appendf(nil, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1",`+
		`"kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},`+
		`"requestKind":{"group":"","version":"v1","kind":"Pod"},"requestResource":{"group":"","version":"v1","resource":"pods"},`+
		`"namespace":%q,"operation":"CREATE","userInfo":{"username":"system:serviceaccount:kube-system:replicaset-controller",`+
		`"uid":"8f8c1d7e-38a7-4e0b-8f2f-0a1b2c3d4e5f","groups":["system:serviceaccounts","system:serviceaccounts:kube-system","system:authenticated"],`+
		`"extra":{"authentication.kubernetes.io/credential-id":["JTI=0fd3f1e4-5f2a-4b8e-9d0e-2a5c6e7f8a9b"]}},"object":%s,"oldObject":null,`+
		`"dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}`, namespace, pod)
}

const wanted = `{"metadata":{"generateName":"shop-","annotations":{"telepod.dev/inject":"true"}},"spec":{"containers":[{"name":"app","image":"shop:1"}]}}`
