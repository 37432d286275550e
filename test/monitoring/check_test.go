package monitoring_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/monitoring"
)

// TestCheckAndDraw uses a Prometheus that returns one series for some queries and none for others.
func TestCheckAndDraw(t *testing.T) {
	const series = `{"metric": {"k8s_cluster_name": "<shop>"}, "values": [[1700000000, "0"], [1700000010, "1500"], [1700000020, "NaN"]]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := series
		if strings.Contains(r.FormValue("query"), "on_backup:bool") || strings.Contains(r.FormValue("query"), "last_switch") {
			result = ""
		}
		_, _ = w.Write([]byte(`{"status": "success", "data": {"result": [` + result + `]}}`))
	}))
	defer server.Close()
	result, err := monitoring.Check(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	missing := strings.Join(result.WithoutData(), "\n")
	if !strings.Contains(missing, "Telepod failover / Regions on the backup") || strings.Count(missing, "panel ") != 1 {
		t.Errorf("panels without data:\n%s\nwant only the backup's, and none that may be empty", missing)
	}
	var page strings.Builder
	if err := result.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Telepod cost", "M0.0 160.0L600.0 0.0", "&lt;shop&gt;", "1.5 k", "Empty while no region"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
	for _, foreign := range []string{"http://", "https://", "NaN"} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page contains %q", foreign)
		}
	}
}

func TestCheckReportsRejectedQueries(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"status": "error", "error": "parse error: no such function"}`, http.StatusBadRequest)
	}))
	defer server.Close()
	if _, err := monitoring.Check(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "no such function") || !strings.Contains(err.Error(), `panel "`) {
		t.Errorf("%v, want the panel and Prometheus' error", err)
	}
}
