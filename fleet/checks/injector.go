package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/fleet"
)

func (s Snapshot) injector(r *report) {
	if r.check(codeInjector).unknown("the injector", s.Injector.Err) {
		return
	}
	part := s.Injector.Value
	if len(part.Workloads) == 0 {
		r.add(Failed, "check --release and --telepod-namespace, or install the chart", "release %s in namespace %s has no injector: no pod is injected", s.Release, s.Namespace)
		return
	}
	s.bindings(r, codeInjectorRoles, part.Workloads[0].Name)
	for _, w := range part.Workloads {
		code := codeInjector
		if w.Desired == 0 {
			code = codeScaled
		}
		s.workload(r.check(code), w, "pods are created without injection")
	}
	s.instances(r, part, codeInjectorWaiting, codeInjectorPods)
	s.profiles(r.check(codeProfiles))
	s.metrics(r, "injector", part.Instances)
	s.serving(r.check(codeServing))
}

// bindings: without its permissions, a component only fails at its first request to the API server.
func (s Snapshot) bindings(r *report, code, name string) {
	exists, known := s.Bindings.Value[name]
	r.check(code)
	switch {
	case s.Bindings.Err != nil:
		r.unknown("ClusterRoleBinding "+name, s.Bindings.Err)
	case known && !exists:
		r.add(Failed, s.upgrade(), "ClusterRoleBinding %s is missing: its pods have no permissions in the cluster", name)
	case known:
		r.ok("ClusterRoleBinding %s exists", name)
	}
}

func (s Snapshot) profiles(r *report) {
	if r.unknown("profiles", s.Profiles.Err) {
		return
	}
	if p := s.Profiles.Value; p.Mistakes != "" {
		r.add(Failed, "correct profiles in the chart's values, and run helm upgrade", "profiles: %s", p.Mistakes)
		return
	}
	var rejected []string
	for _, i := range s.Injector.Value.Instances {
		if ok, found := i.Metrics.Sum("telepod_profiles_last_reload_successful", nil); found && ok == 0 {
			rejected = append(rejected, i.Pod)
		}
	}
	if len(rejected) > 0 {
		r.add(Warning, s.in("logs %s --tail=20", rejected[0]), "%s uses older profiles: it rejected the current files; a change of the ConfigMap takes a minute to arrive", named(rejected))
		return
	}
	r.ok("%s %s valid", fleet.Count(s.Profiles.Value.Valid, "profile"), fleet.Verb(s.Profiles.Value.Valid, "is", "are"))
}

// serving judges the certificate that the webhook presents to the API server.
func (s Snapshot) serving(r *report) {
	days := -1
	for _, i := range s.Injector.Value.Instances {
		if ready, found := i.Metrics.Sum("telepod_certificate_ready", nil); found && ready == 0 {
			reason := ""
			for labels, v := range i.Metrics.Each("telepod_certificate_reason") {
				if v == 1 {
					reason = ": " + labels["reason"]
				}
			}
			r.add(Failed, s.in("logs %s --tail=20", i.Pod), "pod %s has no valid certificate%s", i.Pod, reason)
		}
		if end, found := i.Metrics.Sum("telepod_certificate_expiry_timestamp_seconds", nil); found {
			left := int(time.Unix(int64(end), 0).Sub(s.Now) / (24 * time.Hour))
			if days < 0 || left < days {
				days = left
			}
		}
	}
	switch {
	case days >= 0 && days < 7: // it should be rotated after two thirds of its lifetime
		r.add(Warning, s.in("logs -l app.kubernetes.io/component=injector --tail=20"), "the webhook's certificate expires in %s, but should have been renewed", fleet.Count(days, "day"))
	case days >= 0:
		r.ok("the webhook's certificate is valid for %s", fleet.Count(days, "day"))
	}
}

// Object formats a workload for kubectl.
func (w Workload) Object() string { return strings.ToLower(w.Kind) + "/" + w.Name }

// Zero describes a workload without replicas, and who scaled it, if that is known.
func (w Workload) Zero() string {
	if w.Scaled.Manager == "" {
		return "scaled to zero"
	}
	return "scaled to zero (" + w.Scaled.String() + ")"
}

// ScaleUp returns the command that scales a workload up from zero.
func (s Snapshot) ScaleUp(w Workload) string {
	return s.in("scale %s --replicas=%d", w.Object(), usualReplicas(w))
}

// workload judges replicas. effect is the consequence if there are none.
func (s Snapshot) workload(r *report, w Workload, effect string) {
	name := w.Object()
	inspect := s.in("describe pods -l app.kubernetes.io/instance=%s", s.Release)
	scale := func(replicas int) string { return s.in("scale %s --replicas=%d", name, replicas) }
	switch {
	case w.Desired == 0 && w.Kind == "DaemonSet":
		if why, repair := s.unmatched(w); why != "" {
			r.add(Failed, repair, "%s runs on no node: %s: %s", name, why, effect)
			return
		}
		if w.Selected.Manager != "" {
			r.add(Failed, s.undo(w), "%s runs on no node: its nodeSelector was %s: %s", name, w.Selected, effect)
			return
		}
		r.add(Failed, "check nodeSelector and tolerations in the chart's values", "%s matches no node: %s", name, effect)
	case w.Desired == 0:
		r.add(Failed, s.ScaleUp(w), "%s is %s: %s", name, w.Zero(), effect)
	case w.Ready == 0:
		r.add(Failed, inspect, "%s: 0 of %d ready: %s", name, w.Desired, effect)
	case w.Ready < w.Desired:
		r.add(Warning, inspect, "%s: %d of %d ready", name, w.Ready, w.Desired)
	case w.Desired == 1 && w.Kind == "Deployment":
		r.check(codeReplica).add(Warning, scale(2)+"  # and in the chart's values, or the next helm upgrade undoes it", "%s: only one replica, so nothing answers while it restarts", name)
	default:
		r.ok("%s: %d of %d ready", name, w.Ready, w.Desired)
	}
}

// usualReplicas is the number of replicas to restore for a workload scaled to zero.
func usualReplicas(w Workload) int {
	if w.Kind == "StatefulSet" {
		return 1
	}
	return 2
}

// starting is how long a pod may remain unready before that is a problem.
const starting = 2 * time.Minute

// instances lists the pods that are not ready, with the reason and the repair. A certain reason is a separate check
// without a cause.
func (s Snapshot) instances(r *report, part Part, waiting, pods string) {
	by, reasons := map[string][]fleet.Instance{}, map[string]reason{}
	for _, i := range part.Instances {
		if !i.Ready && len(part.Workloads) > 0 {
			why := s.why(i, part.Workloads[0].Object())
			by[why.seen], reasons[why.seen] = append(by[why.seen], i), why
		}
	}
	for _, seen := range slices.Sorted(maps.Keys(by)) {
		list, why, names := by[seen], reasons[seen], []string{}
		for _, i := range list {
			names = append(names, i.Pod+on(i.Node))
		}
		status := Failed
		r.check(pods)
		if !why.certain {
			r.check(waiting)
			if s.Now.Sub(list[0].Created) < starting {
				status = Warning
			}
		}
		r.add(status, why.repair, "%s: pod %s", seen, named(names))
	}
}

func on(node string) string {
	if node == "" {
		return ""
	}
	return " (node " + node + ")"
}

// reason is why a pod is not ready. It is certain if waiting does not help.
type reason struct {
	seen, repair string
	certain      bool
}

// why recognizes common reasons.
func (s Snapshot) why(i fleet.Instance, owner string) reason {
	has := func(text string) bool { return strings.Contains(i.Trouble, text) }
	undo := s.in("rollout undo %s  # or correct the chart's values", owner)
	switch {
	case has("didn't have free ports"):
		return s.taken(i)
	case has("ErrImage"), has("ImagePull"), has("InvalidImageName"):
		return reason{fmt.Sprintf("image %s cannot be pulled", i.Image), undo, true}
	case has("CreateContainerConfigError"), has("CreateContainerError"):
		return reason{"its container cannot be created: " + cut(i.Trouble), undo, true}
	case has("MountVolume.SetUp failed"):
		_, missing, _ := strings.Cut(i.Trouble, "MountVolume.SetUp failed")
		return reason{"a volume cannot be mounted" + missing, "create what is missing: docs/chart.md lists the Secrets that the chart expects", true}
	case has("CrashLoopBackOff"), has("terminated:"):
		return reason{"its process keeps crashing: " + cut(i.Trouble), s.in("logs %s --previous --tail=20", i.Pod), true}
	case has("unbound immediate PersistentVolumeClaims"), has("persistentvolumeclaim"):
		return reason{"its volume does not exist: " + cut(i.Trouble), s.in("describe pvc"), true}
	case has("nodes are available"), has("node(s)"):
		return reason{"it cannot be scheduled: " + cut(i.Trouble), s.in("describe pod %s", i.Pod), true}
	}
	return reason{"not ready: " + cut(i.Trouble), s.in("describe pod %s", i.Pod), false}
}

// cut removes the pod's name from the start of an Instance's Trouble.
func cut(trouble string) string {
	if _, rest, found := strings.Cut(trouble, ": "); found {
		return rest
	}
	return "the reason is not yet known"
}

// taken finds the pod that occupies a port of the Collector.
func (s Snapshot) taken(i fleet.Instance) reason {
	for _, port := range []int32{4317, 4318, 8888, 13133} {
		if by := s.Pods.Value.HostPorts[HostPort{i.Node, port}]; by != "" {
			namespace, pod, _ := strings.Cut(by, "/")
			return reason{fmt.Sprintf("port %d of node %s is taken by pod %s", port, i.Node, by), fmt.Sprintf("%s -n %s delete pod %s  # or give it another port", s.Kubectl, namespace, pod), true}
		}
	}
	return reason{"a port of its node is taken: " + cut(i.Trouble), s.in("describe pod %s", i.Pod), true}
}
