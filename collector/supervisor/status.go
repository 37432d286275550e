package supervisor

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Status is the state of the supervised Collector.
type Status struct {
	Up           bool
	Since        time.Time // of the last start or exit
	Restarts     int       // starts after the first
	LastExitCode int       // -1 if it could not be started; 0 also before the first exit
	LastReason   string
}

type status struct {
	mu     sync.Mutex
	now    Status
	starts int
}

func (s *status) started(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts++
	s.now.Up, s.now.Since, s.now.Restarts = true, at, s.starts-1
}

func (s *status) exited(o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Up, s.now.Since, s.now.LastExitCode, s.now.LastReason = false, time.Now(), o.code, o.reason
}

func (s *status) read() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Status returns the current state.
func (s *Supervisor) Status() Status { return s.status.read() }

// Handler serves /metrics in Prometheus' text format, /log with the Collector's last output, /healthz,
// which succeeds while the supervisor runs, and /startup, which succeeds once the Collector accepts
// connections or Config.StartupLimit has passed.
func (s *Supervisor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /startup", func(w http.ResponseWriter, _ *http.Request) {
		if !s.gate.ask(time.Now()) {
			http.Error(w, "the Collector does not accept connections at "+s.config.StartupAddress, http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = fmt.Fprint(w, s.log.String())
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		now := s.Status()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprintf(w, `# HELP telepod_supervisor_collector_up Whether the Collector's process runs.
# TYPE telepod_supervisor_collector_up gauge
telepod_supervisor_collector_up %d
# HELP telepod_supervisor_collector_restarts_total Starts of the Collector after the first.
# TYPE telepod_supervisor_collector_restarts_total counter
telepod_supervisor_collector_restarts_total %d
# HELP telepod_supervisor_collector_last_exit_code Exit code of the last Collector that ended; 128 plus the signal, or -1 if it could not be started.
# TYPE telepod_supervisor_collector_last_exit_code gauge
telepod_supervisor_collector_last_exit_code %d
# HELP telepod_supervisor_collector_state_change_timestamp_seconds Time of the Collector's last start or exit.
# TYPE telepod_supervisor_collector_state_change_timestamp_seconds gauge
telepod_supervisor_collector_state_change_timestamp_seconds %d
# HELP telepod_supervisor_startup_limit_reached Whether the startup probe succeeded without a Collector that accepts connections.
# TYPE telepod_supervisor_startup_limit_reached gauge
telepod_supervisor_startup_limit_reached %d
`, number(now.Up), now.Restarts, now.LastExitCode, now.Since.Unix(), number(s.gate.expired()))
	})
	return mux
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
