//go:build !injector

package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/metrics"
	"github.com/telepod/telepod/fleet/status"
)

// canaryFlags control whether a span is sent and how far it is followed.
type canaryFlags struct {
	send     bool
	wait     time.Duration
	archives drillArchives
}

func (f *canaryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.send, "canary", false, "send one span through a regional Collector of each cluster, and follow it to the site and its stores")
	flags.DurationVar(&f.wait, "canary-wait", 15*time.Second, "how long to wait for the span at each hop")
	f.archives.register(cmd)
}

func (f *canaryFlags) usage(cmd *cobra.Command) error {
	switch {
	case f.archives.shared.Name != "" && !f.send:
		return wrongUsage(cmd, "--canary and --bucket must be used together: the canary's span is expected in the bucket")
	case f.wait <= 0:
		return wrongUsage(cmd, "--canary-wait %s: must be positive", f.wait)
	}
	return nil
}

// between is the polling interval for a canary.
const between = 300 * time.Millisecond

// canarySite is a central site among the clusters that are checked.
type canarySite struct {
	cluster   *inventory.Cluster
	name      string
	instances []fleet.Instance
}

// read reads the metrics of the site's Collectors.
func (s *canarySite) read(ctx context.Context) {
	s.cluster.ReadMetrics(ctx, s.instances, inventory.CollectorMetrics)
}

// sendAll sends a canary through each cluster at the same time.
func (f *canaryFlags) sendAll(ctx context.Context, clusters []*inventory.Cluster, snapshots []checks.Snapshot) {
	var do []func()
	for i, c := range clusters {
		if len(snapshots[i].Collectors.Value.Workloads) > 0 {
			do = append(do, func() {
				snapshots[i].Canaries = f.follow(ctx, c, snapshots[i].Collectors.Value.Instances, canarySites(clusters, snapshots))
			})
		}
	}
	together(do...)
}

// canarySites are the central sites of all clusters, with instances of their own for further readings.
func canarySites(clusters []*inventory.Cluster, snapshots []checks.Snapshot) (sites []*canarySite) {
	for i, c := range clusters {
		central := snapshots[i].Central.Value.Instances
		if name := status.SiteName(central); name != "" {
			sites = append(sites, &canarySite{c, name, slices.Concat(central, snapshots[i].Samplers.Value.Instances)})
		}
	}
	return sites
}

// follow sends a canary through the first ready Collector.
func (f *canaryFlags) follow(ctx context.Context, c *inventory.Cluster, collectors []fleet.Instance, sites []*canarySite) []checks.Canary {
	for i := range collectors {
		if collectors[i].Ready {
			return []checks.Canary{f.through(ctx, c, collectors[i], sites)}
		}
	}
	return []checks.Canary{{}}
}

func (f *canaryFlags) through(ctx context.Context, c *inventory.Cluster, collector fleet.Instance, sites []*canarySite) checks.Canary {
	way := checks.Canary{Pod: collector.Pod, Node: collector.Node}
	reading := []fleet.Instance{collector}
	c.ReadMetrics(ctx, reading, inventory.CollectorMetrics)
	for _, site := range sites {
		site.read(ctx)
	}
	began, id := time.Now(), newDrillID(time.Now())
	sent := drill.Canary{Collector: drill.Collector{Region: c.Context, Name: collector.Pod}}
	body, err := canary.Request(id, []drill.Canary{sent}, began)
	if err != nil {
		way.Accepted = err
		return way
	}
	before := delivered(reading[0])
	if way.Accepted = c.SendTraces(ctx, collector, body); way.Accepted != nil {
		return way
	}
	f.until(ctx, func() bool {
		c.ReadMetrics(ctx, reading, inventory.CollectorMetrics)
		for site, n := range delivered(reading[0]) {
			if n > before[site] {
				way.Site = site
			}
		}
		return way.Site != ""
	})
	if way.Site != "" {
		together(
			func() {
				if f.archives.shared.Name != "" {
					f.archived(ctx, id, began, &way)
				}
			},
			func() { way.SiteContext, way.Stores = f.stores(ctx, way.Site, sites) },
		)
	}
	way.Seconds = time.Since(began).Seconds()
	return way
}

// stores waits until every exporter of the site has delivered spans, or the time is up.
func (f *canaryFlags) stores(ctx context.Context, name string, sites []*canarySite) (kubeContext string, list []checks.Delivery) {
	at := slices.IndexFunc(sites, func(s *canarySite) bool { return s.name == name })
	if at < 0 {
		return "", nil
	}
	site := sites[at]
	exporters, before := checks.SpanExporters(site.instances), map[string]float64{}
	for _, exporter := range exporters {
		before[exporter], _ = checks.Spans(site.instances, exporter)
	}
	f.until(ctx, func() bool {
		site.read(ctx)
		list = list[:0]
		for _, exporter := range exporters {
			n, waits := checks.Spans(site.instances, exporter)
			list = append(list, checks.Delivery{Exporter: exporter, Delivered: n > before[exporter], Waits: waits})
		}
		return !slices.ContainsFunc(list, func(d checks.Delivery) bool { return !d.Delivered })
	})
	return site.cluster.Context, list
}

// delivered counts the spans that each site has accepted from a Collector.
func delivered(from fleet.Instance) map[string]float64 {
	found := map[string]float64{}
	for _, site := range []string{string(drill.Primary), string(drill.Backup)} {
		found[site], _ = from.Metrics.Sum("otelcol_exporter_failover_delivered_items_total", metrics.Labels{"signal": "traces", "endpoint": site})
	}
	return found
}

// archived looks for the canary in the archive.
func (f *canaryFlags) archived(ctx context.Context, id string, began time.Time, way *checks.Canary) {
	way.Looked = true
	archives, err := f.archives.open(ctx, began)
	if err != nil {
		way.LookErr = err
		return
	}
	f.until(ctx, func() bool {
		way.LookErr = archives.Read(ctx, id, func(drill.Canary) { way.Archived = true })
		return way.Archived
	})
}

// until polls until something is found, or the time is up.
func (f *canaryFlags) until(ctx context.Context, found func() bool) {
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	for !found() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(between):
		}
	}
}
