package clouds

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// Sample contains the measurements of one moment. Values of unreachable processes are absent.
type Sample struct {
	At time.Time
	// Received is the number of spans a central site has accepted per second, by role.
	Received map[string]float64
	// Queue is the number of bytes queued on a region's disk, by cluster.
	Queue map[string]float64
	// Bodies is the number of bytes, as compressed, in requests from regions to central sites since the watch started,
	// by cluster.
	Bodies map[string]float64
	// Carried is the number of bytes that the links carried to central sites since the watch started, by cloud.
	Carried map[string]float64
}

// Watch reads the Collectors' own metrics, through the API servers.
type Watch struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	before map[string]float64 // bytes carried before the watch

	mu      sync.Mutex
	now     Sample
	samples []Sample
}

// every is the time between two samples.
const every = 500 * time.Millisecond

// Watch starts sampling.
func (e *Estate) Watch() *Watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &Watch{cancel: cancel, before: e.carried(), now: Sample{
		Received: map[string]float64{}, Queue: map[string]float64{}, Bodies: map[string]float64{},
	}}
	for _, s := range e.sites {
		w.done.Go(func() { w.watchRegion(ctx, s) })
		if s.Central() {
			w.done.Go(func() { w.watchSite(ctx, s) })
		}
	}
	w.done.Go(func() { w.record(ctx, e) })
	return w
}

// carried is the number of bytes that the links have carried to central sites so far, by cloud.
func (e *Estate) carried() map[string]float64 {
	total := map[string]float64{}
	for _, l := range e.Links() {
		if l.What == "central" {
			out, _ := l.Carried()
			total[l.From] += float64(out)
		}
	}
	return total
}

// Stop stops sampling and returns all samples.
func (w *Watch) Stop() []Sample {
	w.cancel()
	w.done.Wait()
	return w.samples
}

// Samples returns the samples so far.
func (w *Watch) Samples() []Sample {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Sample(nil), w.samples...)
}

func (w *Watch) record(ctx context.Context, e *Estate) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case at := <-tick.C:
			carried := e.carried()
			for cloud, bytes := range w.before {
				carried[cloud] -= bytes
			}
			w.mu.Lock()
			w.samples = append(w.samples, Sample{At: at, Carried: carried,
				Received: maps.Clone(w.now.Received), Queue: maps.Clone(w.now.Queue), Bodies: maps.Clone(w.now.Bodies)})
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

// watchSite samples the rate at which a site receives spans.
func (w *Watch) watchSite(ctx context.Context, s *Site) {
	var spans counter
	loop(ctx, func(ctx context.Context) {
		text, err := s.metrics(ctx, central+"-0")
		if err != nil {
			spans.gone()
			w.set(w.now.Received, s.Role, 0, false)
			return
		}
		now := time.Now()
		total, err := sum(bytes.NewReader(text), "otelcol_receiver_accepted_spans", `receiver="otlp_mux"`)
		rate, known := spans.rate(total, now)
		w.set(w.now.Received, s.Role, rate, err == nil && known)
	})
}

// counter tracks a counter that is reset with each new process.
type counter struct {
	last, before float64
	at           time.Time
	seen         bool
}

// gone records that the process has exited: the next reading returns no rate.
func (c *counter) gone() { c.at = time.Time{} }

func (c *counter) rate(total float64, now time.Time) (rate float64, known bool) {
	if known = !c.at.IsZero() && total >= c.last; known {
		rate = (total - c.last) / now.Sub(c.at).Seconds()
	}
	c.last, c.at = total, now
	return rate, known
}

// since returns the total since the first reading, across processes.
func (c *counter) since(total float64) float64 {
	switch {
	case !c.seen:
		c.seen, c.before = true, -total
	case total < c.last:
		c.before += c.last
	}
	c.last = total
	return c.before + total
}

// watchRegion samples a region's queue, and the bytes it has sent.
func (w *Watch) watchRegion(ctx context.Context, s *Site) {
	pod := ""
	var bodies counter
	loop(ctx, func(ctx context.Context) {
		if pod == "" {
			pods, err := s.Client.CoreV1().Pods(install.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=collector"})
			if err != nil || len(pods.Items) == 0 {
				return // retried
			}
			pod = pods.Items[0].Name
		}
		text, err := s.metrics(ctx, pod)
		if err != nil {
			w.set(w.now.Queue, s.Place.Cluster, 0, false)
			return
		}
		size, err := sum(bytes.NewReader(text), "otelcol_exporter_queue_size", `exporter="otlp_failover"`)
		w.set(w.now.Queue, s.Place.Cluster, size, err == nil)
		sent, err := sum(bytes.NewReader(text), "otelcol_exporter_failover_sent_bytes", `exporter="otlp_failover"`)
		w.set(w.now.Bodies, s.Place.Cluster, bodies.since(sent), err == nil)
	})
}

// loop calls sample every half second.
func loop(ctx context.Context, sample func(context.Context)) {
	for ctx.Err() == nil {
		next := time.After(every)
		sampling, cancel := context.WithTimeout(ctx, 2*every)
		sample(sampling)
		cancel()
		select {
		case <-ctx.Done():
		case <-next:
		}
	}
}

// metrics returns a Collector's own metrics as text.
func (s *Site) metrics(ctx context.Context, pod string) ([]byte, error) {
	return s.Client.CoreV1().Pods(install.Namespace).ProxyGet("http", pod, "8888", "metrics", nil).DoRaw(ctx)
}
