package webhook

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// ofInterest is the number of namespaces that have opted in.
const ofInterest = 10

// BenchmarkMemory measures the heap of a server in a cluster with few and with many unrelated namespaces, after a
// garbage collection; x-few is the ratio of the two.
func BenchmarkMemory(b *testing.B) {
	var few float64
	for _, unrelated := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("namespaces=%d", unrelated), func(b *testing.B) {
			heap := math.Inf(1)
			for b.Loop() {
				heap = min(heap, heapWith(b, unrelated))
			}
			if unrelated == 10 {
				few = heap
			}
			b.ReportMetric(heap/(1<<20), "heap-MiB")
			if few > 0 {
				b.ReportMetric(heap/few, "x-few")
			}
		})
	}
}

// heapWith runs a server until it has read all namespaces, then stops it.
func heapWith(b *testing.B, unrelated int) float64 {
	b.Helper()
	api := httptest.NewServer(namespacesAPI(unrelated))
	defer api.Close()
	client, err := metadata.NewForConfig(&rest.Config{Host: api.URL, QPS: -1})
	if err != nil {
		b.Fatal(err)
	}
	before := heapInUse()
	r := start(b, func(o *Options) {
		o.Metadata = client
		o.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	})
	r.waitReady(b)
	if kept := r.namespaces.Len(); kept != ofInterest {
		b.Fatalf("%d namespaces kept, want %d", kept, ofInterest)
	}
	after := heapInUse()
	r.stop()
	if err := <-r.ended; err != nil {
		b.Fatal(err)
	}
	return after - before
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC() // the first collection only empties the pools
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// namespacesAPI is the watch of an API server that first sends the existing objects (KEP-3157). It creates each
// namespace when it sends it, so the heap only contains those of the client.
func namespacesAPI(unrelated int) http.Handler {
	const manager = `{"manager":"helm","operation":"Update","apiVersion":"v1","time":"2026-11-22T10:00:00Z","fieldsType":"FieldsV1",` +
		`"fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:kubernetes.io/metadata.name":{},"f:team":{}}}}}`
	event := func(w io.Writer, kind, name, labels, annotations string) {
		_, _ = fmt.Fprintf(w, `{"type":%q,"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":%q,`+
			`"uid":"6e0f4e4c-1c1e-4d42-93f9-7d1f3a8ad7a5","resourceVersion":"1","creationTimestamp":"2026-11-22T10:00:00Z",`+
			`"labels":{%s"kubernetes.io/metadata.name":%q,"team":"x"},"annotations":{%s},"managedFields":[%s]}}}`+"\n",
			kind, name, labels, name, annotations, manager)
	}
	applied := fmt.Sprintf(`"kubectl.kubernetes.io/last-applied-configuration":%q`, strings.Repeat("x", 500))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sendInitialEvents") != "true" {
			http.Error(w, "this API server only has watches with initial events", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json;stream=watch")
		for i := range ofInterest {
			event(w, "ADDED", fmt.Sprint("shop-", i), `"telepod.dev/injection":"enabled",`, applied)
		}
		for i := range unrelated {
			event(w, "ADDED", fmt.Sprint("ns-", i), "", applied)
		}
		event(w, "BOOKMARK", "", "", fmt.Sprintf("%q:%q", metav1.InitialEventsAnnotationKey, "true"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}
