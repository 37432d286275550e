package estate

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// Sample is what was seen at one moment. What did not answer is absent.
type Sample struct {
	At time.Time
	// Received is how many spans a central site has accepted a second, by role.
	Received map[string]float64
	// Queue is how many bytes wait on disk in a region, by cluster.
	Queue map[string]float64
}

// Watch reads the Collectors' own metrics, through the API servers.
type Watch struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	now     Sample
	samples []Sample
}

// every is the time between two samples.
const every = 500 * time.Millisecond

// Watch begins to look.
func (e *Estate) Watch() *Watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watch{cancel: cancel, now: Sample{Received: map[string]float64{}, Queue: map[string]float64{}}}
	for _, s := range e.sites {
		w.done.Go(func() { w.watchQueue(ctx, s) })
		if s.Central() {
			w.done.Go(func() { w.watchSite(ctx, s) })
		}
	}
	w.done.Go(func() { w.record(ctx) })
	return w
}

// Stop ends it and returns all samples.
func (w *Watch) Stop() []Sample {
	w.cancel()
	w.done.Wait()
	return w.samples
}

// Samples are those so far.
func (w *Watch) Samples() []Sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Sample(nil), w.samples...)
}

func (w *Watch) record(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			w.mu.Lock()
			w.samples = append(w.samples, Sample{At: at, Received: maps.Clone(w.now.Received), Queue: maps.Clone(w.now.Queue)})
			w.mu.Unlock()
		}
	}
}

func (w *Watch) set(values map[string]float64, key string, value float64, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known {
		values[key] = value
	} else {
		delete(values, key)
	}
}

// watchSite turns a counter into a rate; one that begins anew is of another process.
func (w *Watch) watchSite(ctx context.Context, s *Site) {
	var last float64
	var at time.Time
	loop(ctx, func(ctx context.Context) {
		total, err := s.metric(ctx, central+"-0", "otelcol_receiver_accepted_spans", `receiver="otlp"`)
		now := time.Now()
		known := err == nil && !at.IsZero() && total >= last
		if known {
			w.set(w.now.Received, s.Role, (total-last)/now.Sub(at).Seconds(), true)
		} else {
			w.set(w.now.Received, s.Role, 0, false)
		}
		last, at = total, now
		if err != nil {
			at = time.Time{}
		}
	})
}

func (w *Watch) watchQueue(ctx context.Context, s *Site) {
	pod := ""
	loop(ctx, func(ctx context.Context) {
		if pod == "" {
			pods, err := s.Client.CoreV1().Pods(install.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=collector"})
			if err != nil || len(pods.Items) == 0 {
				return // tried again
			}
			pod = pods.Items[0].Name
		}
		size, err := s.metric(ctx, pod, "otelcol_exporter_queue_size", `exporter="otlp_grpc/loop"`)
		w.set(w.now.Queue, s.Place.Cluster, size, err == nil)
	})
}

func loop(ctx context.Context, look func(context.Context)) {
	for ctx.Err() == nil {
		next := time.After(every)
		asking, cancel := context.WithTimeout(ctx, 2*every)
		look(asking)
		cancel()
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
}

// metric sums the samples of a metric, whose labels hold a text, in a Collector's own metrics.
func (s *Site) metric(ctx context.Context, pod, name, label string) (float64, error) {
	text, err := s.Client.CoreV1().Pods(install.Namespace).ProxyGet("http", pod, "8888", "metrics", nil).DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	return sum(bytes.NewReader(text), name, label)
}
