package sites

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// TestRunning: the error says why the primary cannot be failed, and what to do.
func TestRunning(t *testing.T) {
	scaled := setList(0, 0, nil)
	at := meta.NewTime(time.Date(2026, 11, 27, 12, 17, 41, 0, time.UTC))
	scaled.Items[0].ManagedFields = []meta.ManagedFieldsEntry{{Manager: "kubectl-edit", Time: &at, FieldsV1: meta.NewFieldsV1(`{"f:spec":{"f:replicas":{}}}`)}}
	for name, c := range map[string]struct {
		objects map[string]any
		want    string // "" means running
	}{
		"running":    {map[string]any{setsPath: setList(1, 1, nil), podsPath: podList(pod("c-0", true))}, ""},
		"not ready":  {map[string]any{setsPath: setList(1, 0, nil), podsPath: podList(pod("c-0", false))}, "StatefulSet telepod-central in test has 0 of 1 pods ready: telepod check shows why"},
		"by a drill": {map[string]any{setsPath: setList(0, 0, map[string]string{markDrill: "d0"}), podsPath: podList()}, "was failed by drill d0: wait until it finishes, or run telepod drill restore"},
		"scaled to zero": {map[string]any{setsPath: scaled, podsPath: podList()},
			"is scaled to zero (changed by kubectl-edit at 2026-11-27 12:17:41Z), and no drill has marked it; to scale it up: kubectl --context test -n telepod scale statefulset/telepod-central --replicas=1"},
	} {
		err := Central{Cluster: (&api{objects: c.objects}).cluster(t)}.Running(t.Context())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}
