package sites

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealthy: a site is healthy if telepod check finds no problem.
func TestHealthy(t *testing.T) {
	collector := func(status int, metrics string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintln(w, metrics)
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	queue := func(size int) string {
		return collector(http.StatusOK, fmt.Sprintf("otelcol_exporter_queue_size{exporter=\"kafka\",data_type=\"traces\"} %d\notelcol_exporter_queue_capacity{exporter=\"kafka\",data_type=\"traces\"} 100", size))
	}
	well, full, ill := queue(0), queue(99), collector(http.StatusServiceUnavailable, "")
	both := podList(pod("c-0", true), pod("c-1", true))
	of := func(c0, c1 string) map[string]string { return map[string]string{"c-0:8888": c0, "c-1:8888": c1} }
	for name, c := range map[string]struct {
		api  *api
		want string // "" means healthy
	}{
		"healthy":        {&api{map[string]any{setsPath: setList(2, 2, nil), podsPath: both}, of(well, well)}, ""},
		"one is silent":  {&api{map[string]any{setsPath: setList(2, 2, nil), podsPath: both}, of(well, ill)}, "the site in test: 1 of its 2 Collectors could not be read: telepod check"},
		"a full queue":   {&api{map[string]any{setsPath: setList(2, 2, nil), podsPath: both}, of(well, full)}, "a queue is full"},
		"one is missing": {&api{map[string]any{setsPath: setList(3, 2, nil), podsPath: both}, of(well, well)}, "statefulset/telepod-central has only 2 of 3 ready"},
		"scaled to zero": {&api{map[string]any{setsPath: setList(0, 0, nil), podsPath: podList()}, nil}, "statefulset/telepod-central is scaled to zero"},
		"failed by a drill": {
			&api{map[string]any{setsPath: setList(0, 0, map[string]string{markDrill: "d0"}), podsPath: podList()}, nil},
			"was failed by drill d0: wait until it finishes, or run telepod drill restore",
		},
		"no answer": {&api{map[string]any{}, nil}, "find the central site in test"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Central{Cluster: c.api.cluster(t)}.Healthy(t.Context())
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
