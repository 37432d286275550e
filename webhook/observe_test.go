package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubefake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"

	"github.com/telepod/telepod/injector"
)

const owned = `{"metadata":{"generateName":"shop-","annotations":{"telepod.dev/inject":"true","telepod.dev/protocol":"grcp","telepod.dev/sidecar":"true"},` +
	`"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"1"},{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"shop-5d8f7c9b6d","uid":"2","controller":true}]},` +
	`"spec":{"hostNetwork":true,"containers":[{"name":"app","image":"shop:1"}]}}`

func TestEventsAreAboutTheController(t *testing.T) {
	client := kubefake.NewClientset()
	h := newHarness(t, nil)
	h.observer.events = newEventWriter(t.Context(), client.CoreV1())
	defer h.observer.events.stop()
	h.admit(t, "shop", owned)
	var events *corev1.EventList
	eventually(t, "two events", func() bool {
		var err error
		if events, err = client.CoreV1().Events("shop").List(context.Background(), metav1.ListOptions{}); err != nil {
			t.Fatal(err)
		}
		return len(events.Items) == 2
	})
	reasons := map[string]bool{}
	for _, event := range events.Items {
		reasons[event.Reason] = true
		if event.InvolvedObject.Kind != "ReplicaSet" || event.InvolvedObject.UID != "2" || event.Type != corev1.EventTypeWarning || event.Source.Component != "telepod" {
			t.Errorf("%+v", event)
		}
	}
	if !reasons[string(injector.InvalidValue)] || !reasons[string(injector.HostNetwork)] {
		t.Errorf("reasons %v", reasons)
	}
}

func TestRequestsWithoutEvents(t *testing.T) {
	recorder := record.NewFakeRecorder(10)
	h := newHarness(t, nil)
	h.observer.events = &eventWriter{recorder: recorder}
	answer(t, post(h, []byte(strings.Replace(string(reviewOf("shop", owned)), `"dryRun":false`, `"dryRun":true`, 1))))
	h.admit(t, "shop", strings.ReplaceAll(owned, `,"controller":true`, ""))
	h.admit(t, "shop", wanted)
	select {
	case event := <-recorder.Events:
		t.Errorf("event %s", event)
	default:
	}
	h.admit(t, "shop", owned)
	if len(recorder.Events) != 2 {
		t.Errorf("%d events for a real request, want 2", len(recorder.Events))
	}
}

func TestSpans(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	h := newHarness(t, nil)
	h.observer.tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	request := httptest.NewRequest(http.MethodPost, PathPod, strings.NewReader(string(reviewOf("shop", wanted))))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	h.ServeHTTP(httptest.NewRecorder(), request)
	ended := spans.Ended()
	if len(ended) != 1 || ended[0].Parent().SpanID().String() != "b7ad6b7169203331" ||
		ended[0].SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Fatalf("%v", ended)
	}
	got := map[string]string{}
	for _, a := range ended[0].Attributes() {
		got[string(a.Key)] = a.Value.String()
	}
	if got["telepod.reason"] != "pod-enabled" || got["telepod.decision"] != "injected" || got["telepod.profile"] != "aws" {
		t.Errorf("%v", got)
	}
}

func TestMetricsOfParts(t *testing.T) {
	h := newHarness(t, nil)
	h.admit(t, "shop", owned)
	h.admit(t, "shop", strings.Replace(owned, `"hostNetwork":true,`, "", 1))
	// The protocol is unknown, so this pod gets no endpoint.
	h.admit(t, "shop", `{"metadata":{"name":"quiet","annotations":{"telepod.dev/inject":"true"}},"spec":{"containers":[{"name":"app","image":"shop:1","env":[`+
		`{"name":"OTEL_EXPORTER_OTLP_PROTOCOL","valueFrom":{"configMapKeyRef":{"name":"a","key":"b"}}}]}]}}`)
	for _, want := range []string{
		`telepod_containers_silent_total{reason="value-from"} 1`,
		`telepod_admission_warnings_total{reason="invalid-value"} 2`,
		`telepod_admission_skipped_total{reason="host-network"} 1`,
		`telepod_sidecars_total{kind="native"} 1`,
		`telepod_admission_patch_bytes_count 3`,
	} {
		if len(h.scrape(want)) != 1 {
			t.Errorf("no %s in %q", want, h.scrape("telepod_"))
		}
	}
}

func TestOTLPIsSentOnlyIfConfigured(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
		fail string
	}{
		{env: nil, want: ""},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, want: "http/protobuf"},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318"}, want: "http/protobuf"},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318"}, want: ""},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, want: "grpc"},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_TRACES_EXPORTER": "none"}, want: ""},
		{env: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, want: "http/protobuf"},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_SDK_DISABLED": "true"}, want: ""},
		{env: map[string]string{"OTEL_TRACES_EXPORTER": "jaeger"}, fail: "set otlp or none"},
		{env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, fail: "set grpc or http/protobuf"},
	} {
		t.Run("", func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			got, err := otlpProtocol("TRACES")
			if got != c.want || (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%v: %q, %v", c.env, got, err)
			}
		})
	}
}

// TestSidecarsAreCountedOnce checks the count if the API server calls again because another webhook has changed the pod.
func TestSidecarsAreCountedOnce(t *testing.T) {
	h := newHarness(t, nil)
	pod := []byte(strings.Replace(wanted, `"telepod.dev/inject":"true"`, `"telepod.dev/inject":"true","telepod.dev/sidecar":"true"`, 1))
	patch, err := jsonpatch.DecodePatch(h.admit(t, "shop", string(pod)).Patch)
	if err != nil {
		t.Fatal(err)
	}
	if pod, err = patch.Apply(pod); err != nil {
		t.Fatal(err)
	}
	again := strings.Replace(string(pod), `"containers":[`, `"containers":[{"name":"late"},`, 1)
	if h.admit(t, "shop", again).Patch == nil {
		t.Fatal("the container that was added later was not injected")
	}
	if lines := h.scrape("telepod_sidecars_total{", " 1"); len(lines) != 1 {
		t.Errorf("got %v, want one sidecar", h.scrape("telepod_sidecars_total{"))
	}
}
