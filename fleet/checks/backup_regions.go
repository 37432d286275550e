package checks

import (
	"cmp"
	"fmt"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// regions judges whether every region has the site in its configuration and can reach it.
func (b *readiness) regions(snapshots []Snapshot) {
	reached, of := 0, 0
	var untried []string
	for _, s := range snapshots {
		switch {
		case s.Unreachable != nil || s.Collectors.Err != nil:
			b.unsure = append(b.unsure, s.Context+" could not be read")
			continue
		case len(s.Collectors.Value.Workloads) == 0:
			continue
		}
		of++
		v := viewOf(s)
		if v.using > 0 {
			b.using++
		}
		switch {
		case v.without > 0:
			b.against = append(b.against, fmt.Sprintf("%d of %d Collectors of %s are not configured to use it", v.without, v.read, s.Context))
			b.repair = cmp.Or(b.repair, "set central.backup in the values of "+s.Context+", and run helm upgrade there")
		case v.down > 0:
			b.against = append(b.against, fmt.Sprintf("%d of %d Collectors of %s cannot reach it", v.down, v.read, s.Context))
			b.repair = cmp.Or(b.repair, s.in("logs -l app.kubernetes.io/component=collector --tail=50 | %s", aboutSites))
		case v.unread > 0:
			b.unsure = append(b.unsure, fmt.Sprintf("%s of %s could not be read", fleet.Count(v.unread, "Collector"), s.Context))
		case v.read == 0:
			b.notes = append(b.notes, s.Context+" has no running Collector")
		case v.untried > 0:
			untried = append(untried, s.Context)
		default:
			reached++
		}
	}
	b.facts = append(b.facts, fmt.Sprintf("reached from %d of %d regions", reached, of))
	if len(untried) > 0 {
		b.notes = append(b.notes, "not tried recently from "+named(untried))
	}
}

// view counts the Collectors of a region by how they see the backup.
type view struct{ read, unread, without, down, untried, using int }

func viewOf(s Snapshot) (v view) {
	for _, i := range s.Collectors.Value.Instances {
		if i.MetricsErr != nil {
			if i.Ready { // other lines report pods that are not ready
				v.unread++
			}
			continue
		}
		v.read++
		active, _ := i.Metrics.Sum(siteActive, metrics.Labels{"endpoint": backupSite})
		last := newest(i, siteSuccess, backupSite)
		switch {
		case !knows(i, backupSite):
			v.without++
		case isDown(i, backupSite):
			v.down++
		case active > 0:
			v.using++
		case s.Now.Sub(time.Unix(int64(last), 0)) > recently:
			v.untried++
		}
	}
	return v
}

// knows reports whether a regional Collector has a site in its configuration.
func knows(i fleet.Instance, site string) bool {
	_, found := i.Metrics.Sum(siteUp, metrics.Labels{"endpoint": site})
	return found
}

func isDown(i fleet.Instance, site string) bool {
	for labels, up := range i.Metrics.Each(siteUp) {
		if labels["endpoint"] == site && up == 0 {
			return true
		}
	}
	return false
}

// newest returns the largest value of a metric for a site; zero if it has none.
func newest(i fleet.Instance, name, site string) (most float64) {
	for labels, v := range i.Metrics.Each(name) {
		if labels["endpoint"] == site {
			most = max(most, v)
		}
	}
	return most
}
