package webhook

import (
	"fmt"
	"net/http"
	"strings"
)

// check is one condition of readiness.
type check struct {
	name string
	// look reports whether the condition is met, and details.
	look func() (ok bool, detail string)
}

// healthHandler serves /healthz, which only shows that the process runs, and /readyz, which returns 200 if all
// checks are met. The text of /readyz lists the checks that are not met and, with ?verbose, all checks.
func healthHandler(checks []check) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ready, text := readiness(checks, r.URL.Query().Has("verbose"))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprint(w, text)
	})
	return mux
}

func readiness(checks []check, verbose bool) (ready bool, text string) {
	var b strings.Builder
	ready = true
	for _, c := range checks {
		ok, detail := c.look()
		ready = ready && ok
		mark := "+"
		if !ok {
			mark = "-"
		}
		if verbose || !ok {
			fmt.Fprintf(&b, "[%s] %s: %s\n", mark, c.name, detail)
		}
	}
	if ready {
		return true, b.String() + "ready\n"
	}
	return false, b.String() + "not ready\n"
}

func (s *Server) checks() []check {
	checks := []check{
		{"draining", func() (bool, string) {
			if s.draining.Load() {
				return false, "shutting down; other replicas answer requests"
			}
			return true, "no"
		}},
		{"profiles", func() (bool, string) { return true, s.live.Status().String() }},
	}
	if s.options.Certificates != nil {
		checks = append(checks, check{"certificate", func() (bool, string) {
			c := s.options.Certificates.Status()
			return c.Ready, fmt.Sprintf("%s: %s", c.Reason, c.Message)
		}})
	}
	if s.options.Metadata != nil {
		checks = append(checks, check{"namespaces", func() (bool, string) {
			if !s.namespaces.Synced() {
				return false, "not read yet: the service account needs to list and watch namespaces"
			}
			return true, fmt.Sprintf("%d with Telepod's labels or annotations", s.namespaces.Len())
		}})
	}
	if s.configMaps != nil {
		checks = append(checks, check{"configmaps", func() (bool, string) {
			if !s.configMaps.Synced() {
				return false, "not read yet: the service account needs to list and watch configmaps, or start with --watch-configmaps=false"
			}
			return true, fmt.Sprintf("%d with known keys", s.configMaps.Len())
		}})
	}
	if s.versions != nil {
		checks = append(checks, check{"cluster", func() (bool, string) {
			if known := s.versions.known.Load(); known != nil {
				return true, "version " + *known
			}
			return false, "the API server's version is not known yet"
		}})
	}
	return checks
}
