package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// The sites, as the chart names them.
const (
	primarySite = "primary"
	backupSite  = "backup"
)

// The label with the name of a site, and the metrics that show the state of sites.
const (
	siteLabel   = "telepod_central_site"
	siteUptime  = "otelcol_process_uptime_seconds_total"
	siteUp      = "otelcol_exporter_failover_endpoint_up"
	siteActive  = "otelcol_exporter_failover_active"
	siteSuccess = "otelcol_exporter_failover_last_success_seconds"
	// siteRequests has the outcome of each request to a site.
	siteRequests = "otelcol_exporter_failover_requests_total"
)

// recently is the maximum age of a standby site's last response to a region: Collectors probe it every minute.
const recently = 5 * time.Minute

// SiteName returns the name of the site that central Collectors belong to; empty if none answered.
func SiteName(instances []fleet.Instance) string {
	for _, i := range instances {
		for labels := range i.Metrics.Each(siteUptime) {
			if name := labels[siteLabel]; name != "" {
				return fleet.Printable(name)
			}
		}
	}
	return ""
}

// role is primary or backup; empty if it is unknown.
func (s Snapshot) role() string { return cmp.Or(SiteName(s.Central.Value.Instances), s.Role) }

// Backup judges from all clusters together whether the backup site could replace the primary now. The line belongs to the
// backup's cluster; if that cluster was not read, to each cluster whose regional Collectors have a backup site. Without a backup there is no
// line.
func Backup(snapshots []Snapshot) []Line {
	at, primary := siteClusters(snapshots)
	if at < 0 {
		return backupElsewhere(snapshots)
	}
	s := snapshots[at]
	b := &readiness{}
	b.site(s)
	b.regions(snapshots)
	switch {
	case primary >= 0:
		b.compare(s, snapshots[primary])
	default:
		b.notes = append(b.notes, "not compared with the primary: its context was not read")
	}
	r := &report{context: s.Context, section: "backup"}
	b.report(r.check(codeBackup), s)
	return r.lines
}

// Ill returns the problems that Backup finds in a site itself, and what is unknown; empty if the site is healthy.
func Ill(s Snapshot) []string {
	for _, part := range []Answer[Part]{s.Central, s.Samplers} {
		if part.Err != nil {
			return []string{part.Err.Error()}
		}
	}
	b := &readiness{}
	b.site(s)
	return slices.Concat(b.against, b.worse, b.unsure)
}

// siteClusters finds the clusters of the backup and of the primary; -1 means none. If no Collector of a site answers, the
// site counts as the backup if the other one is the primary.
func siteClusters(snapshots []Snapshot) (backup, primary int) {
	backup, primary = -1, -1
	var nameless []int
	for i, s := range snapshots {
		if len(s.Central.Value.Workloads) == 0 {
			continue
		}
		switch s.role() {
		case backupSite:
			backup = i
		case primarySite:
			primary = i
		case "":
			nameless = append(nameless, i)
		}
	}
	if backup < 0 && primary >= 0 && len(nameless) == 1 {
		backup = nameless[0]
	}
	return backup, primary
}

// backupElsewhere asks for the context of the backup's cluster if Collectors have a backup. The backup may be a site whose
// role is unknown.
func backupElsewhere(snapshots []Snapshot) (lines []Line) {
	var nameless []string
	for _, s := range snapshots {
		if len(s.Central.Value.Workloads) > 0 && s.role() == "" {
			nameless = append(nameless, s.Context)
		}
	}
	for _, s := range snapshots {
		if !slices.ContainsFunc(s.Collectors.Value.Instances, func(i fleet.Instance) bool { return knows(i, backupSite) }) {
			continue
		}
		r := &report{context: s.Context, section: "backup"}
		if r.check(codeBackup); len(nameless) > 0 {
			r.add(Unknown, "", "whether the backup site can take over is unknown: which site is the backup is unknown, because no Collector of the site in %s answers", strings.Join(nameless[:min(len(nameless), mostNamed)], " or "))
		} else {
			r.add(Skipped, "", "the backup site was not checked: add the context of its cluster to --contexts")
		}
		lines = append(lines, r.lines...)
	}
	return lines
}

// readiness collects facts about the backup site.
type readiness struct {
	// against lists reasons why it cannot take over, worse those why it is not equal to the primary, unsure what is unknown.
	against, worse, unsure []string
	// facts are in its favour; notes are neutral.
	facts, notes []string
	repair       string
	// using counts regions that send to it now.
	using int
}

// site judges the site itself, as 'telepod drill' does before it fails the primary, and its stores.
func (b *readiness) site(s Snapshot) {
	ready, desired := 0, 0
	for _, w := range slices.Concat(s.Central.Value.Workloads, s.Samplers.Value.Workloads) {
		ready, desired = ready+w.Ready, desired+w.Desired
		switch {
		case w.Desired == 0: // its last pods may still be ready
			b.against = append(b.against, w.Object()+" is "+w.Zero())
			b.repair = s.ScaleUp(w)
		case w.Ready == 0:
			b.against = append(b.against, fmt.Sprintf("%s has %d of %d ready", w.Object(), w.Ready, w.Desired))
		case w.Ready < w.Desired:
			b.worse = append(b.worse, fmt.Sprintf("%s has only %d of %d ready", w.Object(), w.Ready, w.Desired))
		}
	}
	all := slices.Concat(s.Central.Value.Instances, s.Samplers.Value.Instances)
	unread, fullest := 0, 0.0
	for _, i := range all {
		if i.Ready && i.MetricsErr != nil {
			unread++
		}
		fullest = max(fullest, QueueFill(i))
		for labels, end := range i.Metrics.Each("otelcol_certificate_expiry_timestamp_seconds") {
			if time.Unix(int64(end), 0).Before(s.Now) {
				b.against = append(b.against, "a certificate has expired: "+labels["file"])
			}
		}
	}
	if unread > 0 {
		b.unsure = append(b.unsure, fmt.Sprintf("%d of its %s could not be read", unread, fleet.Count(len(all), "Collector")))
	}
	switch {
	case fullest >= QueueFull:
		b.against = append(b.against, "a queue is full")
	case fullest >= QueueFills:
		b.worse = append(b.worse, fmt.Sprintf("a queue is %.0f %% full", 100*fullest))
	}
	b.facts = append(b.facts, fmt.Sprintf("%d of %d Collectors ready, fullest queue %.0f %%", ready, desired, 100*fullest))
	b.stores(all)
}

// stores judges its back ends. One that has received nothing yet is untested.
func (b *readiness) stores(all []fleet.Instance) {
	var untried []string
	for _, end := range BackEnds(all) {
		name := StoreOf(end.Exporter)
		switch {
		case end.Failure != "":
			b.against = append(b.against, name+" does not accept data: "+end.Failure)
		case !delivered(all, end.Exporter) && !slices.Contains(untried, name): // with data that waits, or without
			untried = append(untried, name)
		}
	}
	if len(untried) > 0 {
		b.notes = append(b.notes, "nothing has been delivered to "+strings.Join(untried, ", ")+" since its Collectors started")
	}
}

// delivered reports whether an exporter has sent anything since its Collectors started.
func delivered(instances []fleet.Instance, exporter string) bool {
	return slices.ContainsFunc(instances, func(i fleet.Instance) bool {
		for _, items := range []string{"spans", "metric_points", "log_records"} {
			if n, _ := i.Metrics.Sum("otelcol_exporter_sent_"+items+"_total", metrics.Labels{"exporter": exporter}); n > 0 {
				return true
			}
		}
		return false
	})
}

func (b *readiness) report(r *report, s Snapshot) {
	const prove = "to prove it: telepod check --canary --site backup, with the contexts of all clusters"
	reasons := func(lists ...[]string) string { return strings.Join(slices.Concat(lists...), "; ") }
	switch {
	case len(b.against) > 0:
		r.add(Failed, cmp.Or(b.repair, s.in("get pods -l 'app.kubernetes.io/component in (central, sampler)'")), "the backup site cannot take over: %s", reasons(b.against, b.worse, b.unsure))
	case b.using > 0:
		r.ok("the backup site is in use from %s: %s", fleet.Count(b.using, "region"), reasons(b.facts, b.worse, b.unsure))
	case len(b.unsure) > 0:
		r.add(Unknown, "", "whether the backup site can take over is unknown: %s", reasons(b.unsure, b.worse))
	case len(b.worse) > 0:
		r.add(Warning, cmp.Or(b.repair, s.Helm+" -n "+s.Namespace+" get values "+s.Release+"  # and compare them with those of the primary's cluster"), "the backup site differs from the primary: %s", reasons(b.worse, b.notes))
	default:
		if len(b.notes) > 0 {
			b.notes = append(b.notes, prove)
		}
		r.ok("the backup site can take over: %s", reasons(b.facts, b.notes))
	}
}
