package sites

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthy(t *testing.T) {
	collector := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	well, ill := collector(http.StatusOK), collector(http.StatusServiceUnavailable)
	both := podList(pod("c-0", true), pod("c-1", true))
	for name, c := range map[string]struct {
		api  *api
		want string // "" means healthy
	}{
		"healthy": {&api{map[string]any{setsPath: setList(2, nil), podsPath: both}, map[string]string{"c-0:13133": well, "c-1:13133": well}}, ""},
		"one is unhealthy": {
			&api{map[string]any{setsPath: setList(2, nil), podsPath: both}, map[string]string{"c-0:13133": well, "c-1:13133": ill}},
			"ask Collector c-1 in test for its health",
		},
		"one is missing": {&api{map[string]any{setsPath: setList(3, nil), podsPath: both}, nil}, "telepod-central in test has 2 of 3 Collectors ready"},
		"scaled to zero": {&api{map[string]any{setsPath: setList(0, nil), podsPath: podList()}, nil}, "has 0 of 0 Collectors ready"},
		"failed by a drill": {
			&api{map[string]any{setsPath: setList(0, map[string]string{markDrill: "d0"}), podsPath: podList()}, nil},
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
