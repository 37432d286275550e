package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/telepod/telepod/fleet"
)

func (s Snapshot) regional(r *report) {
	if r.check(codeCollectors).unknown("regional Collectors", s.Collectors.Err) {
		return
	}
	part := s.Collectors.Value
	if len(part.Workloads) == 0 {
		if len(s.Injector.Value.Workloads)+len(s.Central.Value.Workloads) > 0 { // otherwise the injector's line says that the release does not exist
			repair := fmt.Sprintf("%s -n %s upgrade %s CHART --reset-then-reuse-values --set central.primary=HOST:PORT  # CHART: the installed chart; HOST:PORT: the primary site", s.Helm, s.Namespace, s.Release)
			r.add(Warning, repair, "the release has no regional Collectors: pods need another endpoint")
		}
		return
	}
	s.bindings(r, codeRoles, part.Workloads[0].Name)
	for _, w := range part.Workloads {
		code := codeCollectors
		if w.Kind == "DaemonSet" && w.Desired == 0 {
			code = codeNoNode
		}
		s.workload(r.check(code), w, "telemetry of its pods is lost")
	}
	s.instances(r, part, codeCollectorWaiting, codeCollectorPods)
	s.uncovered(r.check(codeUncovered), part)
	s.metrics(r, "regional Collectors", part.Instances)
	s.sites(r.check(codeSites), part.Instances)
	s.stores(r, part.Instances)
}

// uncovered finds nodes with pods that send to a missing Collector.
func (s Snapshot) uncovered(r *report, part Part) {
	at := slices.IndexFunc(part.Workloads, func(w Workload) bool { return w.Kind == "DaemonSet" })
	if at < 0 || r.unknown("pods by node", s.Pods.Err) || s.Nodes.Err != nil {
		return
	}
	covered := map[string]bool{}
	for _, i := range part.Instances {
		covered[i.Node] = true
	}
	without := 0
	for _, n := range s.Nodes.Value {
		if covered[n.Name] {
			continue
		}
		without++
		why, repair := s.avoids(part.Workloads[at], n)
		if senders := s.Pods.Value.SendToNode[n.Name]; senders > 0 {
			status := Failed
			if repair == "" { // between two pods of a rollout, for example
				status, repair = Warning, s.in("describe %s", part.Workloads[at].Object())
			}
			r.add(status, repair, "node %s has no Collector, and %d of its pods %s to one: %s", n.Name, senders, fleet.Verb(senders, "sends", "send"), why)
		}
	}
	if with := len(s.Nodes.Value) - without; with > 0 {
		r.ok("%d of %s %s a Collector", with, fleet.Count(len(s.Nodes.Value), "node"), fleet.Verb(with, "has", "have"))
	}
}

// avoids explains why a DaemonSet has no pod on a node, and what to do; the repair is empty if the reason is unknown.
func (s Snapshot) avoids(w Workload, n Node) (why, repair string) {
	if key, value := w.differs(n); key != "" {
		return "nodeSelector requires " + s.wanted(w, key, value, ""), s.mend(w, key, value)
	}
	for i := range n.Taints {
		taint := &n.Taints[i]
		tolerated := slices.ContainsFunc(w.Pod.Tolerations, func(t corev1.Toleration) bool { return tolerates(t, taint) })
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !tolerated {
			return fmt.Sprintf("it does not tolerate the taint %s", taint.ToString()),
				fmt.Sprintf("add {key: %s, operator: Exists, effect: %s} to regional.tolerations in the chart's values, and run helm upgrade", taint.Key, taint.Effect)
		}
	}
	if !w.matches(n) {
		return "its node affinity excludes it: a virtual node has no Collector", "annotate its pods with telepod.dev/endpoint: service"
	}
	return "the reason is unknown", ""
}

// tolerates works like the scheduler: an empty key or effect of a toleration matches everything.
func tolerates(t corev1.Toleration, taint *corev1.Taint) bool {
	if t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key {
		return false
	}
	return t.Operator == corev1.TolerationOpExists || t.Value == taint.Value
}

// matches reports whether the required node affinity allows a node. It supports labels, as the chart uses them.
func (w Workload) matches(n Node) bool {
	a := w.Pod.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if allMatch(term.MatchExpressions, n.Labels) {
			return true
		}
	}
	return false
}

func allMatch(expressions []corev1.NodeSelectorRequirement, of map[string]string) bool {
	operators := map[corev1.NodeSelectorOperator]selection.Operator{
		corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn, corev1.NodeSelectorOpExists: selection.Exists,
		corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist, corev1.NodeSelectorOpGt: selection.GreaterThan, corev1.NodeSelectorOpLt: selection.LessThan,
	}
	for _, e := range expressions {
		requirement, err := labels.NewRequirement(e.Key, operators[e.Operator], e.Values)
		if err != nil || !requirement.Matches(labels.Set(of)) {
			return false
		}
	}
	return true
}

// metrics reports instances with unreadable metrics.
func (s Snapshot) metrics(r *report, what string, instances []fleet.Instance) {
	r.check(codeMetrics)
	var first error
	var unread []string
	for _, i := range instances {
		if i.Ready && i.MetricsErr != nil {
			if first == nil {
				first = i.MetricsErr
			}
			unread = append(unread, i.Pod)
		}
	}
	if first != nil {
		r.unknown(fmt.Sprintf("metrics of the %s (%s)", what, named(unread)), first)
	}
}

// sites judges which site each signal goes to.
func (s Snapshot) sites(r *report, instances []fleet.Instance) {
	none, down := map[string][]string{}, map[string][]fleet.Instance{}
	using := map[string]map[string]bool{}
	asked := 0
	for _, i := range instances {
		active := map[string]float64{}
		for labels, v := range i.Metrics.Each("otelcol_exporter_failover_active") {
			active[labels["signal"]] += v
			if v == 1 {
				if using[labels["endpoint"]] == nil {
					using[labels["endpoint"]] = map[string]bool{}
				}
				using[labels["endpoint"]][i.Pod] = true
			}
		}
		for signal, v := range active {
			if v == 0 {
				none[signal] = append(none[signal], i.Pod)
			}
		}
		if len(active) > 0 {
			asked++
		}
		for labels, up := range i.Metrics.Each("otelcol_exporter_failover_endpoint_up") {
			if site := labels["endpoint"]; up == 0 && !slices.ContainsFunc(down[site], func(d fleet.Instance) bool { return d.Pod == i.Pod }) {
				down[site] = append(down[site], i)
			}
		}
	}
	for _, site := range slices.Sorted(maps.Keys(down)) {
		s.siteDown(r, site, down[site], asked)
	}
	for _, signal := range slices.Sorted(maps.Keys(none)) {
		if len(down) == 0 {
			r.add(Failed, s.in("logs %s --tail=50 | %s", none[signal][0], aboutSites), "no site accepts %s from %d of %d Collectors%s", signal, len(none[signal]), asked, s.siteRefusal(instances))
		}
	}
	s.using(r, using, asked, len(down) > 0)
}

// aboutSites selects the lines of a Collector's log about switches between sites.
const aboutSites = "grep -iE '(an|no|another|to an) endpoint'"

// siteDown reports a site that Collectors cannot use, with the reason if they report it.
func (s Snapshot) siteDown(r *report, site string, from []fleet.Instance, asked int) {
	r.site = site
	defer func() { r.site = "" }()
	r.add(Failed, s.repairOf(site, s.outcome(from, site), s.in("logs %s --tail=50 | %s", from[0].Pod, aboutSites)),
		"the %s site is not usable from %d of %d Collectors: %s", site, len(from), asked, s.blame(from, site))
}

// blame explains why a site is not usable, from the outcome of requests and the Collector's log.
func (s Snapshot) blame(from []fleet.Instance, site string) string {
	meaning := map[string]string{
		"unreachable": "connection failed", "handshake": "TLS negotiation failed: a certificate has expired, or is from another CA", "hung": "it does not answer",
		"denied": "it rejects the certificate", "unavailable": "the load balancer in front of it has no healthy backend", "timeout": "it is too slow",
		"broken": "connections break", "throttled": "it is overloaded", "failing": "it cannot process the data",
	}[s.outcome(from, site)]
	for _, i := range from {
		if cause := logged(i.Log, site, "cause"); cause != "" {
			if strings.Contains(cause, "connection reset by peer") { // whichever request noticed it, and after whatever time
				meaning = "connections break"
			}
			if meaning == "" {
				return cause
			}
			return meaning + ": " + cause
		}
	}
	if meaning == "" {
		return "the reason is unknown"
	}
	return meaning
}

// outcome returns the most common failure of requests between two readings, or of all requests if none failed in between.
func (s Snapshot) outcome(from []fleet.Instance, site string) string {
	for _, latest := range []bool{true, false} {
		most, found := 0.0, ""
		for _, i := range from {
			for labels, v := range i.Metrics.Each(siteRequests) {
				if latest {
					before, _ := i.Earlier.Sum(siteRequests, labels)
					v -= before
				}
				if outcome := labels["outcome"]; labels["endpoint"] == site && blames(outcome) && v > most {
					most, found = v, outcome
				}
			}
		}
		if found != "" {
			return found
		}
	}
	for _, i := range from { // a site that is not in use only gets probes
		if reason := logged(i.Log, site, "reason"); blames(reason) {
			return reason
		}
	}
	return ""
}

// blames reports whether an outcome means that the site is at fault.
func blames(outcome string) bool {
	return !slices.Contains([]string{"", "recovered", "delivered", "partial", "rejected", "cancelled"}, outcome)
}

// repairOf returns the repair for a site and an outcome.
func (s Snapshot) repairOf(site, outcome, otherwise string) string {
	switch outcome {
	case "handshake":
		return "renew the certificate, or trust its CA: docs/operations.md#telepodsitecertificateexpires"
	case "unreachable", "hung", "broken":
		return s.lookAt(site)
	}
	return otherwise
}

// logged returns a field of the exporter's last log line about a switch away from a site, or about a standby site that does
// not answer.
func logged(log, site, field string) (value string) {
	for line := range strings.Lines(log) {
		about := strings.Contains(line, `"from": "`+site+`"`) || strings.Contains(line, `"endpoint": "`+site+`"`) && strings.Contains(line, `"cause": "`)
		if _, fields, found := strings.Cut(line, `"`+field+`": "`); found && about {
			value, _, _ = strings.Cut(strings.ReplaceAll(fields, `\"`, "'"), `"`)
		}
	}
	return value
}

func (s Snapshot) siteRefusal(instances []fleet.Instance) string {
	for _, site := range []string{"primary", "backup"} {
		if s.outcome(instances, site) != "" {
			return ": " + site + ": " + s.blame(instances, site)
		}
	}
	return ""
}

// using reports the site that the Collectors send to.
func (s Snapshot) using(r *report, using map[string]map[string]bool, asked int, down bool) {
	for _, site := range slices.Sorted(maps.Keys(using)) {
		n := len(using[site])
		if site == "backup" && down { // the line on the primary has the repair
			r.add(Warning, "", "%d of %d Collectors send to the backup site", n, asked)
			r.lines[len(r.lines)-1].Because = codeSites
			continue
		}
		if site == "backup" {
			r.add(Warning, "Collectors return to the primary once a probe of it succeeds; if they do not: "+s.in("logs -l app.kubernetes.io/component=collector --tail=50"), "%d of %d Collectors send to the backup site", n, asked)
			continue
		}
		r.ok("%d of %d Collectors send to the %s site", n, asked, site)
	}
}
