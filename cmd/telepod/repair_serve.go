package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/telepod/telepod/fleet/restart"
)

// repairMetrics are the controller's metrics. Their labels are reasons, a fixed set.
type repairMetrics struct {
	registry *prometheus.Registry
	leader   prometheus.Gauge
	actions  *prometheus.CounterVec
	stopped  *prometheus.GaugeVec
	left     *prometheus.GaugeVec
	rounds   *prometheus.CounterVec
}

func newRepairMetrics() *repairMetrics {
	m := &repairMetrics{
		registry: prometheus.NewRegistry(),
		leader:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "telepod_repair_leader", Help: "1 if this process is the leader."}),
		actions:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "telepod_repair_actions_total", Help: "Evictions and their results, by reason."}, []string{"reason"}),
		stopped:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "telepod_repair_stopped", Help: "1 if repair has stopped for this reason."}, []string{"reason"}),
		left:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "telepod_repair_left_alone", Help: "Workloads that the last round left alone, by reason."}, []string{"reason"}),
		rounds:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "telepod_repair_rounds_total", Help: "Rounds, by outcome: ok or error."}, []string{"outcome"}),
	}
	m.registry.MustRegister(m.leader, m.actions, m.stopped, m.left, m.rounds)
	for _, meaning := range restart.Reasons() { // so that the first count is an increase
		m.actions.WithLabelValues(string(meaning.Reason))
	}
	return m
}

// record records the result of a round. It makes no difference whether repair stopped during the round or before it. If
// the Lease could not be read, the previous value is kept.
func (m *repairMetrics) record(round restart.Round, err error) {
	if round.Asked {
		m.stopped.Reset()
	}
	m.left.Reset()
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	m.rounds.WithLabelValues(outcome).Inc()
	if round.Stopped != "" {
		m.stopped.WithLabelValues(string(round.Stopped)).Set(1)
	} else if round.Failed[restart.InjectorIll] > 0 {
		m.stopped.WithLabelValues(string(restart.InjectorIll)).Set(1)
	}
	for reason, n := range round.Left {
		m.left.WithLabelValues(string(reason)).Set(float64(n))
	}
}

// serveRepair serves metrics and probes until the context ends. If the server fails, the process exits.
func serveRepair(ctx context.Context, fail context.CancelCauseFunc, f *repairFlags, m *repairMetrics, healthy func(*http.Request) error) error {
	health := http.NewServeMux()
	health.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := healthy(r); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	metrics := http.NewServeMux()
	metrics.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	for address, handler := range map[string]http.Handler{f.health: health, f.metrics: metrics} {
		if address == "" {
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", address, err)
		}
		server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
			WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
		context.AfterFunc(ctx, func() { _ = server.Close() })
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				fail(fmt.Errorf("serve on %s: %w", address, err))
			}
		}()
	}
	return nil
}
