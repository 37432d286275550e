package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/profiles"
)

// Facts is everything that was read about the path of a workload's telemetry.
type Facts struct {
	// Pods are the pods of the workload.
	Pods []*fleet.Pod
	// Cluster is the workload's cluster, as for checks; its Collectors are only those that the pods use.
	Cluster checks.Snapshot
	// Config is the configuration of the regional Collectors.
	Config checks.Answer[Config]
	// Sites are the clusters that may have a central site. The first is the workload's own.
	Sites []Site
}

// Site is a cluster with a central site, or none.
type Site struct {
	// Snapshot has only the parts of the site.
	checks.Snapshot
	Config checks.Answer[Config]
}

// Hop is one step of the path.
type Hop struct {
	Stage checks.Stage `json:"stage"`
	// Name is a pod, a site or a store; Address is the address that the previous hop sends to.
	Name string `json:"name"`
	// Context is set if the hop is in another cluster.
	Context string        `json:"context,omitempty"`
	Address string        `json:"address,omitempty"`
	Status  checks.Status `json:"status"`
	State   string        `json:"state"`
}

// Route is the path of a workload's telemetry.
type Route struct {
	// Status is failed if telemetry does not reach a site and its stores, and a warning if it does despite problems.
	Status checks.Status `json:"status"`
	// Verdict describes how far it gets, in a sentence without a full stop.
	Verdict string `json:"verdict"`
	Hops    []Hop  `json:"hops"`
	// Problems are lines of checks, a cause before its effects.
	Problems []checks.Line `json:"problems"`
	// halted is the verdict if no pod runs; uncovered are the nodes without a Collector.
	halted    string
	uncovered []string
}

// Of follows the telemetry of a workload.
func Of(f Facts) Route {
	senders := make([]sender, 0, len(f.Pods))
	for _, pod := range f.Pods {
		senders = append(senders, senderOf(pod))
	}
	r := Route{Hops: f.pods(senders), Problems: f.sidecarLines(senders), halted: halted(f.Pods)}
	sending := f.sendingLines(senders)
	nodes, all := Uses(f.Pods)
	if slices.ContainsFunc(senders, func(s sender) bool { return s.to == profiles.EndpointNode && s.pod.Node == "" }) {
		r.Hops = append(r.Hops, Hop{Stage: checks.AtCollector, Name: "of their node", Status: checks.Unknown, State: "unknown: pods have no node yet"})
	}
	var traffic *status.Traffic
	var behind behind
	if len(nodes) > 0 || all {
		f.Cluster.Pods.Value.SendToNode = toNode(senders)
		traffic = status.TrafficOf(status.Scrape{}, status.Scrape{Collectors: f.Cluster.Collectors.Value.Instances})
		r.Hops, r.uncovered = append(r.Hops, f.collectors(senders, nodes)...), f.uncovered(nodes)
		r.Hops = append(r.Hops, f.sites(traffic)...)
		behind = r.follow(f, traffic)
	}
	if lines := f.podLines(); r.halted != "" {
		r.Problems = append(lines, r.Problems...)
	} else {
		r.Problems = append(r.Problems, lines...)
	}
	r.Status, r.Verdict = r.verdict(senders, traffic, behind)
	r.qualified(senders, sending)
	r.Problems = append(sending, r.Problems...)
	if r.Status == checks.OK && len(r.Problems) > 0 {
		r.Status = checks.Warning
	}
	return r
}

// follow adds the site in use and its stores, and the problems of the clusters on the path.
func (r *Route) follow(f Facts, traffic *status.Traffic) (b behind) {
	inUse := ""
	if traffic != nil && traffic.Site != nil {
		inUse = traffic.Site.Name
	}
	var lines, standby []checks.Line
	found := false
	for i, site := range f.Sites {
		of := ""
		if i > 0 {
			of = fleet.Printable(site.Context)
		}
		site.Role = site.Config.Value.Site
		on := traffic != nil && site.onPath(inUse) || site.Central.Err != nil
		found = found || on
		switch {
		case i == 0 && !on:
			f.Cluster.Central, f.Cluster.Samplers = checks.Answer[checks.Part]{}, checks.Answer[checks.Part]{}
			if traffic != nil && len(site.Central.Value.Workloads) > 0 {
				standby = append(standby, r.standby(site, of)...)
			}
		case i == 0:
			f.Cluster.Central, f.Cluster.Samplers, f.Cluster.Role = site.Central, site.Samplers, site.Role
		case on:
			lines = append(lines, problems(site.SitePath())...)
		default:
			standby = append(standby, r.standby(site, of)...)
		}
		if on {
			r.Hops = append(r.Hops, site.hops(of)...)
			b.add(site, of)
		}
	}
	if !found {
		state := "not checked: the site is in another cluster: --site-contexts"
		if traffic == nil {
			state = "not checked: which site is in use is unknown"
		}
		r.Hops = append(r.Hops, Hop{Stage: checks.AtStore, Name: "stores", Status: checks.Skipped, State: state})
	}
	lines = append(problems(f.Cluster.Path()), lines...)
	all := checks.Across(append(lines, standby...))
	for i := len(lines); i < len(all); i++ {
		if all[i].Status == checks.Failed {
			all[i].Status = checks.Warning
		}
	}
	r.Problems = append(r.Problems, all...)
	return b
}

// problems returns the lines that need attention, a cause before its effects.
func problems(lines []checks.Line) []checks.Line {
	return slices.DeleteFunc(checks.Fold(lines), func(l checks.Line) bool { return !l.Status.Problem() })
}

// toNode counts the pods of each node that send to its Collector.
func toNode(senders []sender) map[string]int {
	count := map[string]int{}
	for _, s := range senders {
		if s.to == profiles.EndpointNode && s.pod.Node != "" {
			count[s.pod.Node]++
		}
	}
	return count
}

// collectors returns the hops of the Collectors that the pods use.
func (f Facts) collectors(senders []sender, nodes []string) (hops []Hop) {
	if err := f.Cluster.Collectors.Err; err != nil {
		return []Hop{{Stage: checks.AtCollector, Name: "regional Collectors", Status: checks.Unknown, State: "unknown: " + fleet.Printable(err.Error())}}
	}
	for _, i := range f.Cluster.Collectors.Value.Instances {
		hops = append(hops, collector(i, addressFor(senders, i.Node)))
	}
	for _, node := range f.uncovered(nodes) {
		hops = append(hops, Hop{Stage: checks.AtCollector, Name: "none on node " + node, Address: addressFor(senders, node), Status: checks.Failed, State: "the node has no Collector"})
	}
	if len(hops) == 0 {
		hops = []Hop{{Stage: checks.AtCollector, Name: "none", Address: addressFor(senders, ""), Status: checks.Unknown, State: "unknown: this release has none"}}
	}
	slices.SortStableFunc(hops, func(a, b Hop) int { return severity(b.Status) - severity(a.Status) })
	return hops
}

// uncovered returns the nodes without a Collector whose pods send to one.
func (f Facts) uncovered(nodes []string) (without []string) {
	if f.Cluster.Collectors.Err != nil {
		return nil
	}
	for _, node := range nodes {
		if !slices.ContainsFunc(f.Cluster.Collectors.Value.Instances, func(i fleet.Instance) bool { return i.Node == node }) {
			without = append(without, node)
		}
	}
	return without
}

func severity(s checks.Status) int {
	return slices.Index([]checks.Status{checks.OK, checks.Warning, checks.Unknown, checks.Failed}, s)
}

func collector(i fleet.Instance, address string) Hop {
	hop := Hop{Stage: checks.AtCollector, Name: i.Pod, Address: address, Status: checks.OK}
	if i.Node != "" {
		hop.Name += ", node " + i.Node
	}
	switch full := checks.QueueFill(i); {
	case !i.Ready:
		hop.Status, hop.State = checks.Failed, "not ready"
	case i.MetricsErr != nil:
		hop.Status, hop.State = checks.Unknown, "ready; its queue is unknown"
	default:
		hop.Status, hop.State = queueStatus(full), fmt.Sprintf("ready, queue %.0f %% full", 100*full)
	}
	return hop
}

// queueStatus uses the same thresholds as the check of queues.
func queueStatus(fill float64) checks.Status {
	switch {
	case fill >= checks.QueueFull:
		return checks.Failed
	case fill >= checks.QueueFills:
		return checks.Warning
	}
	return checks.OK
}

// addressFor returns the address that a pod on the node uses, or else one of the Service.
func addressFor(senders []sender, node string) string {
	service := ""
	for _, s := range senders {
		switch {
		case s.to == profiles.EndpointNode && s.pod.Node == node && s.address != "":
			return fleet.HostOf(s.address)
		case s.to == profiles.EndpointService:
			service = fleet.HostOf(s.address)
		}
	}
	return service
}

// sites returns the hops of the central sites, in order of priority.
func (f Facts) sites(traffic *status.Traffic) (hops []Hop) {
	list := f.Config.Value.Sites()
	if len(list) == 0 && traffic != nil {
		for _, s := range traffic.Sites {
			list = append(list, SiteAddress{Name: s.Name})
		}
	}
	for _, site := range list {
		hop := siteHop(site.Name, traffic)
		if hop.Address = site.Endpoint; hop.Address == "" && f.Config.Err != nil {
			hop.Address = "unknown"
		}
		hops = append(hops, hop)
	}
	return hops
}

func siteHop(name string, traffic *status.Traffic) Hop {
	hop := Hop{Stage: checks.AtSite, Name: name + " site", Status: checks.Unknown, State: "unknown: no Collector on the path reports it"}
	if traffic == nil {
		return hop
	}
	at := slices.IndexFunc(traffic.Sites, func(s status.Site) bool { return s.Name == name })
	if at < 0 {
		return hop
	}
	s := traffic.Sites[at]
	var parts []string
	hop.Status = checks.OK
	if s.Using > 0 {
		text := fmt.Sprintf("in use by %d of %s", s.Using, fleet.Count(traffic.Answered, "Collector"))
		if traffic.Site != nil && traffic.Site.Name == name && !traffic.Site.Since.IsZero() {
			text += " since " + traffic.Site.Since.Format("2006-01-02 15:04Z")
		}
		parts = append(parts, text)
		if name != status.Primary {
			hop.Status = checks.Warning
		}
	}
	if s.Down > 0 {
		parts, hop.Status = append(parts, fmt.Sprintf("not usable from %d of %s", s.Down, fleet.Count(traffic.Answered, "Collector"))), checks.Failed
	}
	switch {
	case len(parts) > 0:
	case s.Answered.IsZero():
		parts = append(parts, "standby; not tried yet")
	default:
		parts = append(parts, "standby, answered a probe at "+s.Answered.Format("2006-01-02 15:04Z"))
	}
	if n := traffic.Ready - traffic.Answered; n > 0 {
		parts = append(parts, fmt.Sprintf("unknown from %d more", n))
	}
	hop.State = strings.Join(parts, ", ")
	return hop
}
