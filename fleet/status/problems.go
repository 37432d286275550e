package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

func (c Central) title() string { return strings.TrimSpace(c.Name + " site") }

// stopped lists the workloads that are scaled to zero, or run on no node.
func (row Row) stopped(r Reading) (list []Problem) {
	repairs := r.snapshot(time.Time{})
	add := func(what string, workloads []checks.Workload) {
		for _, w := range workloads {
			switch {
			case w.Desired > 0:
			case w.Kind == "DaemonSet":
				text := fmt.Sprintf("%s: %s runs on no node", what, w.Object())
				if w.Selected.Manager != "" {
					text += ": its nodeSelector was " + w.Selected.String()
				}
				list = append(list, Problem{Severe: true, Text: text})
			default:
				p := Problem{Severe: true, Text: fmt.Sprintf("%s: %s is %s", what, w.Object(), w.Zero())}
				if r.Kubectl != "" {
					p.Repair = repairs.ScaleUp(w)
				}
				list = append(list, p)
			}
		}
	}
	add("injector", r.Injector.Value)
	add("regional Collectors", r.Collectors.Value)
	if row.Central != nil {
		add(row.Central.title(), slices.Concat(r.Central.Value, r.Samplers.Value.Workloads))
	}
	return list
}

// fullQueue is the fill level above which a queue needs attention.
const fullQueue = 0.5

// problems judges what was read.
func (row Row) problems(now time.Time) (list []Problem) {
	add := func(severe bool, format string, args ...any) {
		list = append(list, Problem{Severe: severe, Text: fmt.Sprintf(format, args...)})
	}
	short := func(what string, r *Replicas) {
		switch {
		case r == nil:
		case r.Ready < r.Wanted:
			add(r.Ready == 0, "%s: %d of %d ready", what, r.Ready, r.Wanted)
		}
	}
	short("injector", row.Injector)
	short("regional Collectors", row.Collectors)
	if row.Central != nil {
		short(row.Central.title(), &row.Central.Replicas)
	}
	if t := row.Traffic; t != nil {
		if w := t.Waiting; w != nil {
			add(true, "no site accepts %s from %d of %s: data waits on disk since %s", strings.Join(w.Signals, ", "), w.Collectors, fleet.Count(t.Answered, "Collector"), w.Since.Format("2006-01-02 15:04:05Z"))
		}
		if t.Site != nil && t.Site.Name != Primary {
			add(false, "sends to the %s site", t.Site.Name)
		}
		for _, s := range t.Sites {
			if !s.Up {
				add(true, "%s site: not reachable from %s", s.Name, fleet.Count(s.Down, "Collector"))
			}
		}
		if q := t.Queue; q != nil && q.Full() {
			add(true, "a queue is %.0f %% full", 100*q.Fullest)
		}
	}
	if c := row.Certificate; c != nil && c.Soon(now) {
		verb := "expires"
		if c.Expires.Before(now) {
			verb = "expired"
		}
		add(c.Expires.Before(now), "certificate of %s %s %s", c.Of, verb, c.Expires.Format("2006-01-02 15:04Z"))
	}
	if row.Pods != nil {
		list = append(list, row.Pods.problems()...)
	}
	return list
}

// absent reports whether the release has neither an injector nor Collectors in the cluster.
func (r Reading) absent() bool {
	return cmp.Or(r.Injector.Err, r.Collectors.Err, r.Central.Err) == nil && len(r.Injector.Value)+len(r.Collectors.Value)+len(r.Central.Value) == 0
}

// unread lists what could not be read.
func unread(r Reading) (list []Problem) {
	add := func(what string, err error) {
		if err != nil {
			list = append(list, Problem{Severe: false, Text: what + ": unknown: " + fleet.Printable(err.Error())})
		}
	}
	add("injector", r.Injector.Err)
	if r.absent() {
		list = append(list, Problem{Severe: true, Text: "the release has neither injector nor Collectors here: check --release and --telepod-namespace"})
	}
	if len(r.Injector.Value) > 0 { // without an injector here, pods are not counted
		add("pods", r.Pods.Err)
	}
	add("regional Collectors", cmp.Or(r.Collectors.Err, r.Later.Err))
	add("central site", cmp.Or(r.Central.Err, r.Sites.Err))
	add("certificate", r.Injectors.Err)
	for _, asked := range []struct {
		of        string
		instances []fleet.Instance
	}{{"injector", r.Injectors.Value}, {"regional Collector", r.Later.Collectors}, {"central Collector", r.Sites.Value}} {
		if silent, because := silentOnes(asked.instances); silent > 0 {
			add("metrics of "+fleet.Count(silent, asked.of), because)
		}
	}
	if r.Months != nil {
		add("cost", r.Months.Err)
	}
	return list
}

// silentOnes counts ready instances with unreadable metrics; instances that are not ready are counted elsewhere.
func silentOnes(instances []fleet.Instance) (n int, because error) {
	for _, i := range instances {
		if i.Ready && i.MetricsErr != nil {
			n, because = n+1, i.MetricsErr
		}
	}
	return n, because
}
