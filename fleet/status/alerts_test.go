package status_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/prometheus"
	"github.com/telepod/telepod/fleet/status"
)

// firing returns its samples for every query.
type firing []prometheus.Sample

func (f firing) Query(context.Context, string) ([]prometheus.Sample, error) { return f, nil }

// TestAlerts: each alert is a problem of its cluster, critical ones first.
func TestAlerts(t *testing.T) {
	alert := func(name, cluster, severity string) prometheus.Sample {
		return prometheus.Sample{Labels: map[string]string{"alertname": name, "k8s_cluster_name": cluster, "severity": severity}, Value: 1}
	}
	alerts, err := status.FiringAlerts(t.Context(), firing{
		alert("TelepodFailoverFlaps", "use1", "warning"), alert("TelepodNoSite", "use1", "critical"),
		alert("TelepodSiteSilent\x1b[2J", "", "critical"), alert("TelepodNoSite", "another", "critical"),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := []status.Row{{Place: status.Place{Cluster: "euw1"}}, {Place: status.Place{Cluster: "use1"}}}
	status.AddAlerts(rows, checks.Answer[[]status.Alert]{Value: alerts})
	want := [][]status.Problem{
		{{Severe: true, Text: `alert "TelepodSiteSilent\x1b[2J" fires`}},
		{{Severe: true, Text: "alert TelepodNoSite fires"}, {Text: "alert TelepodFailoverFlaps fires"}},
	}
	if diff := cmp.Diff(want, [][]status.Problem{rows[0].Problems, rows[1].Problems}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	status.AddAlerts(rows, checks.Answer[[]status.Alert]{Err: errors.New("refused")})
	if last := rows[0].Problems[1]; last.Text != "alerts: unknown: refused" {
		t.Errorf("%v", rows[0].Problems)
	}
}
