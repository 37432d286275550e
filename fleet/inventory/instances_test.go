package inventory

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/fleet"
)

// TestSilentPodDoesNotDelayOthers: a suspicious pod is read twice while another one does not answer. The error names a pod
// that never answers.
func TestSilentPodDoesNotDelayOthers(t *testing.T) {
	var asked atomic.Int32
	twice := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/pods/cut-off:8888/"):
			select {
			case <-twice: // read in sequence, the other pod's second reading would come after this answer
			case <-r.Context().Done():
			}
		case strings.HasSuffix(r.URL.Path, "/log"):
			fmt.Fprintln(w, "a reason")
			close(twice)
		default:
			fmt.Fprintf(w, "refused_total %d\n", asked.Add(1))
		}
	}))
	defer server.Close()
	c := &Cluster{Context: "test"}
	if err := c.connect(&rest.Config{Host: server.URL}); err != nil {
		t.Fatal(err)
	}
	pods := []fleet.Instance{{Namespace: "telepod", Pod: "cut-off", Node: "n1", Ready: true}, {Namespace: "telepod", Pod: "ill", Ready: true}, {Pod: "new"}}
	c.ReadMetricsAgain(t.Context(), pods, 8888, Again{After: time.Millisecond, If: func(i fleet.Instance) bool { return i.Pod == "ill" }})
	first, _ := pods[1].Earlier.Sum("refused_total", nil)
	second, _ := pods[1].Metrics.Sum("refused_total", nil)
	if !pods[1].Twice || first != 1 || second != 2 || pods[1].Log != "a reason\n" {
		t.Errorf("%+v, want two readings and the log", pods[1])
	}
	if pods[0].MetricsErr != nil || pods[2].MetricsErr == nil {
		t.Errorf("%+v, want an error only for the pod that is not ready", pods)
	}
	twice = make(chan struct{})
	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c.ReadMetrics(late, pods[:1], 8888)
	if err := pods[0].MetricsErr; err == nil || !strings.HasPrefix(err.Error(), "pod cut-off on node n1 did not answer within 0.") {
		t.Errorf("the error is %v", err)
	}
	c.ReadMetrics(late, pods[1:2], 8888)
	if err := pods[1].MetricsErr; err == nil || err.Error() != "pod ill was not queried: the time limit was reached" {
		t.Errorf("the error after the time limit is %v", err)
	}
}
