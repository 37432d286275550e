package status

import (
	"cmp"
	"context"
	"slices"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
)

// Alert is one of the chart's alerts that fires now.
type Alert struct {
	Name string
	// Cluster is empty if the alert is about a site, or a whole estate.
	Cluster  string
	Critical bool
}

// firingAlerts has a series for each alert that fires, with the alert's own labels.
const firingAlerts = `group by (alertname, k8s_cluster_name, severity) (ALERTS{alertstate="firing", alertname=~"Telepod.*"})`

// mostAlerts limits the number of alerts, because the server is not trusted.
const mostAlerts = 20

// FiringAlerts returns the firing alerts, sorted by cluster and name, at most 20.
func FiringAlerts(ctx context.Context, from cost.Asker) ([]Alert, error) {
	samples, err := from.Query(ctx, firingAlerts)
	if err != nil {
		return nil, err
	}
	alerts := []Alert{}
	for _, s := range samples {
		alerts = append(alerts, Alert{fleet.Printable(s.Labels["alertname"]), s.Labels["k8s_cluster_name"], s.Labels["severity"] == "critical"})
	}
	slices.SortFunc(alerts, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Name, b.Name))
	})
	return alerts[:min(len(alerts), mostAlerts)], nil
}

// AddAlerts adds each alert to the problems of its cluster, if that has a row. An alert without a cluster is added to the
// first row.
func AddAlerts(rows []Row, alerts checks.Answer[[]Alert]) {
	add := func(at int, p Problem) {
		rows[at].Problems = append(rows[at].Problems, p)
		slices.SortStableFunc(rows[at].Problems, gravestFirst)
	}
	if alerts.Err != nil {
		add(0, Problem{Severe: false, Text: "alerts: unknown: " + fleet.Printable(alerts.Err.Error())})
	}
	for _, a := range alerts.Value {
		at := slices.IndexFunc(rows, func(r Row) bool { return a.Cluster == "" || r.Cluster == a.Cluster })
		if at >= 0 {
			add(at, Problem{Severe: a.Critical, Text: "alert " + a.Name + " fires"})
		}
	}
}
