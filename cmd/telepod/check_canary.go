//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
)

// canaryFlags control whether a span is sent and how far it is followed.
type canaryFlags struct {
	send bool
	// site is the site to send the span to; if empty, the Collector chooses.
	site     string
	wait     time.Duration
	archives drillArchives
}

func (f *canaryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.send, "canary", false, "send one span through a regional Collector of each cluster, and follow it to the site and its stores")
	flags.StringVar(&f.site, "site", "", "send the span to this site, primary or backup, even if the other one is in use; this causes no failover")
	flags.DurationVar(&f.wait, "canary-wait", 15*time.Second, "how long to wait for the span at each hop")
	f.archives.register(cmd)
}

func (f *canaryFlags) usage(cmd *cobra.Command) error {
	switch {
	case f.archives.shared.Name != "" && !f.send:
		return wrongUsage(cmd, "--canary and --bucket must be used together: the canary's span is expected in the bucket")
	case f.site != "" && !f.send:
		return wrongUsage(cmd, "--canary and --site must be used together: the canary is sent to that site")
	case f.site != "" && f.site != "primary" && f.site != "backup":
		return wrongUsage(cmd, "--site %q: use primary or backup", f.site)
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
	// err is why the name of the site, or whether the cluster has one, is unknown; the name is then empty.
	err error
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

// canarySites returns the central sites of all clusters, with copies of their instances for further readings.
func canarySites(clusters []*inventory.Cluster, snapshots []checks.Snapshot) (sites []*canarySite) {
	for i, c := range clusters {
		central := snapshots[i].Central
		site := &canarySite{c, checks.SiteName(central.Value.Instances), slices.Concat(central.Value.Instances, snapshots[i].Samplers.Value.Instances), nil}
		switch {
		case snapshots[i].Unreachable != nil:
			site.err = errors.New("the API server does not answer")
		case central.Err != nil:
			site.err = central.Err
		case len(central.Value.Workloads) == 0:
			continue
		case site.name == "":
			site.err = errors.New("its central Collectors do not report the name of their site")
		}
		sites = append(sites, site)
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
	way := checks.Canary{Pod: collector.Pod, Node: collector.Node, Wanted: f.site}
	reading := []fleet.Instance{collector}
	c.ReadMetrics(ctx, reading, inventory.CollectorMetrics)
	for _, site := range sites {
		site.read(ctx)
	}
	began, id := time.Now(), newDrillID(time.Now())
	sent := drill.Canary{Collector: drill.Collector{Region: c.Context, Name: collector.Pod}}
	body, err := f.request(id, sent, began)
	if err != nil {
		way.Accepted = err
		return way
	}
	before := reading[0]
	f.until(ctx, func() bool {
		way.Accepted = c.SendTraces(ctx, collector, body)
		return !checks.Busy(way.Accepted)
	})
	if way.Accepted != nil {
		c.ReadMetrics(ctx, reading, inventory.CollectorMetrics)
		c.ReadLogs(ctx, reading)
		way.Refusal = checks.Refusal(f.site, reading[0])
		return way
	}
	answered := false
	f.until(ctx, func() bool {
		c.ReadMetrics(ctx, reading, inventory.CollectorMetrics)
		site, err := f.arrived(before, reading[0])
		if answered = answered || err == nil; err == nil || !answered {
			way.Site, way.SiteErr = site, err
		}
		return way.Site != "" || before.MetricsErr != nil
	})
	together(
		func() {
			if f.archives.shared.Name != "" && (way.Site != "" || way.SiteErr != nil) {
				f.archived(ctx, id, began, &way)
			}
		},
		func() {
			if way.Site != "" {
				f.stores(ctx, sites, &way)
			}
		},
	)
	way.Seconds = time.Since(began).Seconds()
	return way
}

func (f *canaryFlags) request(id string, sent drill.Canary, now time.Time) ([]byte, error) {
	if f.site != "" {
		return canary.RequestTo(f.site, id, sent, now)
	}
	return canary.Request(id, []drill.Canary{sent}, now)
}

// arrived returns the site that has accepted the span, or another span since; empty if none has.
func (f *canaryFlags) arrived(before, after fleet.Instance) (string, error) {
	if f.site == "" {
		return checks.Arrived(before, after)
	}
	at, err := checks.ArrivedAt(f.site, before, after)
	if !at {
		return "", err
	}
	return f.site, err
}

// stores waits until every exporter of the site has delivered spans, or until the time limit.
func (f *canaryFlags) stores(ctx context.Context, sites []*canarySite, way *checks.Canary) {
	at := slices.IndexFunc(sites, func(s *canarySite) bool { return s.name == way.Site })
	if at < 0 {
		if at = slices.IndexFunc(sites, func(s *canarySite) bool { return s.err != nil }); at >= 0 {
			way.StoresErr = fmt.Errorf("context %s may have this site: %w", sites[at].cluster.Context, sites[at].err)
		}
		return
	}
	site := sites[at]
	before := slices.Clone(site.instances)
	way.SiteContext, way.Of = site.cluster.Context, len(before)
	if _, _, way.StoresErr = checks.Deliveries(before, before); way.StoresErr != nil {
		return // there is no reading from before the span to compare with
	}
	delivered := map[string]bool{}
	f.until(ctx, func() bool {
		site.read(ctx)
		list, read, err := checks.Deliveries(before, site.instances)
		if err != nil {
			if way.Stores == nil {
				way.StoresErr = err
			}
			return false
		}
		way.Stores, way.Read, way.StoresErr = list, read, nil
		for i := range list { // a Collector may answer once, but not later
			delivered[list[i].Exporter] = delivered[list[i].Exporter] || list[i].Delivered
			list[i].Delivered = delivered[list[i].Exporter]
		}
		return !slices.ContainsFunc(list, func(d checks.Delivery) bool { return !d.Delivered })
	})
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

// until polls until found returns true, or until the time limit.
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
