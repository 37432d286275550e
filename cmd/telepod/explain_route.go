//go:build !injector

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/terminal"
)

// routeLimit is the timeout for reading the path of telemetry. Anything that has not answered by then is unknown.
const routeLimit = 4 * time.Second

// follow reads the path of the pods' telemetry with the code of 'telepod check', and judges it.
func (f *explainFlags) follow(ctx context.Context, c *inventory.Cluster, pods []*fleet.Pod) route.Route {
	ctx, cancel := context.WithTimeout(ctx, routeLimit)
	defer cancel()
	others := otherContexts(f.sites, c.Context)
	facts := route.Facts{Pods: pods, Sites: make([]route.Site, 1+len(others))}
	do := []func(){
		func() { facts.Cluster, facts.Config = f.region(ctx, c, pods) },
		func() { facts.Sites[0] = f.site(ctx, c, f.live.context != "") },
	}
	for i, name := range others {
		do = append(do, func() { facts.Sites[i+1] = f.siteOf(ctx, name) })
	}
	together(do...)
	return route.Of(facts)
}

// otherContexts returns the contexts without duplicates and without the workload's own, which is read anyway.
func otherContexts(contexts []string, own string) (others []string) {
	for _, name := range contexts {
		if name != own && !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	return others
}

// region reads the regional Collectors that the pods use.
func (f *explainFlags) region(ctx context.Context, c *inventory.Cluster, pods []*fleet.Pod) (checks.Snapshot, checks.Answer[route.Config]) {
	s := f.live.snapshotOf(c, f.live.context != "")
	nodes, all := route.Uses(pods)
	if len(nodes) == 0 && !all {
		return s, checks.Answer[route.Config]{}
	}
	var config checks.Answer[route.Config]
	together(
		func() {
			s.Collectors.Value.Workloads, s.Collectors.Err = c.Workloads(ctx, f.live.release, "collector")
			c.ReadPart(ctx, f.live.release, "collector", inventory.CollectorMetrics, &s.Collectors, func(i fleet.Instance) bool {
				return all || slices.Contains(nodes, i.Node)
			})
			config = collectorConfig(ctx, c, f.live.release, s.Collectors.Value.Workloads)
			s.SiteAddresses = config.Value.Addresses()
			for _, w := range s.Collectors.Value.Workloads {
				s.Bindings = answer(c.Bindings(ctx, w.Name))
			}
			if len(s.Collectors.Value.Instances) < len(nodes) { // to explain why Collectors are missing
				s.Nodes = answer(c.Nodes(ctx))
			}
		},
		func() { s.Policies = answer(c.Policies(ctx, f.live.release.Namespace)) },
	)
	s.Nodes.Value = slices.DeleteFunc(s.Nodes.Value, func(n checks.Node) bool { return !slices.Contains(nodes, n.Name) })
	return s, config
}

// site reads the central site of a cluster, if it has one.
func (f *explainFlags) site(ctx context.Context, c *inventory.Cluster, chosen bool) route.Site {
	s := route.Site{Snapshot: f.live.snapshotOf(c, chosen)}
	together(
		func() { s.Central = c.Part(ctx, f.live.release, "central", inventory.CollectorMetrics) },
		func() { s.Samplers = c.Part(ctx, f.live.release, "sampler", inventory.CollectorMetrics) },
		func() { s.Policies = answer(c.Policies(ctx, f.live.release.Namespace)) },
	)
	if len(s.Central.Value.Workloads) > 0 {
		s.Config = collectorConfig(ctx, c, f.live.release, s.Central.Value.Workloads)
	}
	return s
}

// siteOf reads the central site in another cluster.
func (f *explainFlags) siteOf(ctx context.Context, kubeContext string) route.Site {
	c, err := inventory.Connect(f.live.kubeconfig, kubeContext)
	if err != nil {
		return route.Site{Snapshot: checks.Snapshot{Context: kubeContext, Central: checks.Answer[checks.Part]{Err: err}}}
	}
	return f.site(ctx, c, true)
}

// collectorConfig reads the configuration that a Collector's pods mount.
func collectorConfig(ctx context.Context, c *inventory.Cluster, release inventory.Release, workloads []checks.Workload) (config checks.Answer[route.Config]) {
	for _, w := range workloads {
		for _, volume := range w.Pod.Volumes {
			if volume.Name != "config" || volume.ConfigMap == nil {
				continue
			}
			data, err := c.ConfigMap(ctx, release.Namespace, volume.ConfigMap.Name)
			if err != nil {
				return checks.Answer[route.Config]{Err: err}
			}
			return answer(route.ReadConfig(data))
		}
	}
	return config
}

// lead prints how far telemetry gets, and the problems along the way.
func (e explainer) lead(b *strings.Builder, r *route.Route) {
	if r == nil {
		return
	}
	sign, tone := signOf(r.Status)
	fmt.Fprintf(b, "  %s %s\n", e.Paint(tone, sign), e.Wrap(4, r.Verdict))
	for i, line := range r.Problems {
		if i == mostProblems && !e.verbose {
			fmt.Fprintf(b, "  and %d more problems along the way: -v shows them\n", len(r.Problems)-i)
			return
		}
		label := ""
		if stage := line.Stage(); stage != checks.Elsewhere {
			label = "at the " + string(stage) + ": "
		}
		problemText(b, e.Terminal, label, line)
	}
}

// mostProblems and mostHops limit what is shown without -v.
const (
	mostProblems = 6
	mostHops     = 8
)

// way prints the hops in order.
func (e explainer) way(b *strings.Builder, r *route.Route) {
	if r == nil || len(r.Hops) < 2 { // the verdict already describes a single hop
		return
	}
	b.WriteString("where its telemetry goes\n")
	rows := [][]terminal.Cell{terminal.Row("  HOP", "NAME", "STATE")}
	shown := map[checks.Stage]int{}
	hidden := 0
	for _, hop := range r.Hops {
		if shown[hop.Stage]++; shown[hop.Stage] > mostHops && !e.verbose && hop.Status == checks.OK {
			hidden++
			continue
		}
		sign, tone := signOf(hop.Status)
		state := hop.State
		if hop.Address != "" {
			state += ", at " + hop.Address
		}
		rows = append(rows, []terminal.Cell{{Text: "  " + sign + " " + string(hop.Stage), Tone: tone}, {Text: hop.String()}, {Text: state}})
	}
	b.WriteString(e.Table(rows...))
	if hidden > 0 {
		fmt.Fprintf(b, "  and %d more without problems: -v shows them\n", hidden)
	}
}
