package webhook

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kuberuntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/metadata/fake"
)

// BenchmarkServer measures typical admissions with a sidecar over HTTPS on loopback, including the client, with few and
// with many unrelated namespaces.
func BenchmarkServer(b *testing.B) {
	review := reviewOf("shop", benchPod(3, 15, `"telepod.dev/inject":"true","telepod.dev/sidecar":"true"`))
	for _, namespaces := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("namespaces=%d", namespaces), func(b *testing.B) {
			r := start(b, func(o *Options) {
				o.Metadata = manyNamespaces(b, namespaces)
				o.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
			})
			r.waitReady(b)
			r.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
			var mu sync.Mutex
			var all []time.Duration
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				var took []time.Duration
				for pb.Next() {
					began := time.Now()
					response, err := r.client.Post(r.url(0, PathPod), "application/json", bytes.NewReader(review))
					if err != nil {
						b.Error(err)
						return
					}
					_, err = io.Copy(io.Discard, response.Body)
					if response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
						b.Errorf("%s %v", response.Status, err)
						return
					}
					took = append(took, time.Since(began))
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took...)
			})
			b.StopTimer()
			slices.Sort(all)
			b.ReportMetric(float64(len(all))/b.Elapsed().Seconds()/float64(runtime.GOMAXPROCS(0)), "requests/s/core")
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(r.namespaces.Len()), "kept")
		})
	}
}

func manyNamespaces(tb testing.TB, count int) *fake.FakeMetadataClient {
	tb.Helper()
	scheme := kuberuntime.NewScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		tb.Fatal(err)
	}
	var objects []kuberuntime.Object
	for i := range count {
		objects = append(objects, namespace(fmt.Sprint("ns-", i), map[string]string{"team": "x"}, nil))
	}
	return fake.NewSimpleMetadataClient(scheme, objects...)
}
