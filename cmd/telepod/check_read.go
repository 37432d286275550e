//go:build !injector

package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// snapshot reads everything that the checks need, concurrently if possible.
func (f *checkFlags) snapshot(ctx context.Context, c *inventory.Cluster) checks.Snapshot {
	l := &live{Cluster: c}
	s := f.empty(c)
	version, err := l.Version(ctx)
	if err != nil {
		s.Unreachable = err
		return s
	}
	s.Kubernetes.Value = version
	together(
		func() { s.Nodes = answer(l.Nodes(ctx)) },
		func() { s.Injector = f.part(ctx, c, "injector", inventory.InjectorMetrics) },
		func() { s.Collectors = f.part(ctx, c, "collector", inventory.CollectorMetrics) },
		func() { s.Central = f.part(ctx, c, "central", inventory.CollectorMetrics) },
		func() { s.Samplers = f.part(ctx, c, "sampler", inventory.CollectorMetrics) },
		func() { s.Policies = answer(l.Policies(ctx, f.release.Namespace)) },
		func() { s.Pods = answer(f.pods(ctx, c)) },
		func() { f.judge(ctx, l, &s) },
	)
	f.readWebhook(ctx, c, &s)
	again(ctx, c, &s)
	return s
}

// empty is a snapshot before any read.
func (f *checkFlags) empty(c *inventory.Cluster) checks.Snapshot {
	s := f.snapshotOf(c, f.context != "" || len(f.contexts) > 0)
	switch {
	case f.pre:
		s.Grant = " --pre"
	case f.canary.send:
		s.Grant = " --canary"
	}
	return s
}

// snapshotOf is a snapshot before any read; its commands name the context if it was chosen.
func (f *liveFlags) snapshotOf(c *inventory.Cluster, chosen bool) checks.Snapshot {
	s := checks.Snapshot{Context: c.Context, Kubectl: "kubectl", Helm: "helm", Namespace: f.release.Namespace, Release: f.release.Name, Now: time.Now(), CLI: buildVersion()}
	if chosen {
		s.Kubectl += " --context " + shellWord(c.Context)
		s.Helm += " --kube-context " + shellWord(c.Context)
	}
	return s
}

// together runs functions concurrently.
func together(do ...func()) {
	var wait sync.WaitGroup
	for _, one := range do {
		wait.Go(one)
	}
	wait.Wait()
}

// part reads a part of the release, and the metrics of its pods.
func (f *liveFlags) part(ctx context.Context, c *inventory.Cluster, component string, port int) checks.Answer[checks.Part] {
	return f.partOf(ctx, c, component, port, func(fleet.Instance) bool { return true })
}

// partOf reads only the pods that are wanted.
func (f *liveFlags) partOf(ctx context.Context, c *inventory.Cluster, component string, port int, wanted func(fleet.Instance) bool) checks.Answer[checks.Part] {
	workloads, err := c.Workloads(ctx, f.release, component)
	if err != nil || len(workloads) == 0 {
		return answer(checks.Part{}, err)
	}
	instances, err := c.Instances(ctx, f.release, component)
	instances = slices.DeleteFunc(instances, func(i fleet.Instance) bool { return !wanted(i) })
	if err == nil {
		c.ReadMetrics(ctx, instances, port)
		_ = c.ExplainTroubles(ctx, f.release, instances) // without the right to see events, troubles are less clear
	}
	return answer(checks.Part{Workloads: workloads, Instances: instances}, err)
}

// readWebhook reads the webhook configuration, which has the injector's name, and everything that it refers to.
func (f *checkFlags) readWebhook(ctx context.Context, c *inventory.Cluster, s *checks.Snapshot) {
	name := injectorName(f.release.Name)
	if found := s.Injector.Value.Workloads; len(found) > 0 {
		name = found[0].Name
	}
	bindings := []string{name}
	for _, w := range s.Collectors.Value.Workloads {
		bindings = append(bindings, w.Name)
	}
	together(
		func() { s.Bindings = answer(c.Bindings(ctx, bindings...)) },
		func() {
			s.Webhook = answer(c.Hooks(ctx, name))
			s.Services = answer(c.Services(ctx, s.Webhook.Value))
		},
		func() {
			if s.Probe.Value.Skipped = f.probe == "" || len(s.Injector.Value.Workloads) == 0; !s.Probe.Value.Skipped {
				s.Probe = answer(c.Probe(ctx, f.probe))
			}
		},
	)
}

// again reads the metrics and logs of suspicious Collectors a second time, to distinguish growing counters from
// single events in the past. Without an answer, the first reading counts.
func again(ctx context.Context, c *inventory.Cluster, s *checks.Snapshot) {
	var suspicious []*fleet.Instance
	for _, part := range []*checks.Part{&s.Collectors.Value, &s.Central.Value, &s.Samplers.Value} {
		for i := range part.Instances {
			if of := &part.Instances[i]; of.Ready && checks.Suspicious(*of) {
				suspicious = append(suspicious, of)
			}
		}
	}
	if len(suspicious) == 0 {
		return
	}
	select {
	case <-time.After(secondReading):
	case <-ctx.Done():
	}
	copies := make([]fleet.Instance, len(suspicious))
	for i, of := range suspicious {
		copies[i] = *of
	}
	c.ReadMetrics(ctx, copies, inventory.CollectorMetrics)
	c.ReadLogs(ctx, copies)
	for i, of := range suspicious {
		if copies[i].MetricsErr == nil {
			*of = copies[i]
		}
	}
}

// judge loads the injector's profiles and judges all pods with them.
func (f *checkFlags) judge(ctx context.Context, l *live, s *checks.Snapshot) {
	if s.Profiles.Err = l.fromInstallation(ctx, f.release); s.Profiles.Err != nil {
		s.OutOfDate.Err = cmp.Or(missingRight(s.Profiles.Err), errors.New("the injector's settings are not known"))
		return
	}
	s.ByDefault = l.settings.policy.InjectByDefault
	set, err := profiles.Load(l.settings.facts, l.settings.sources...)
	if err == nil {
		s.Profiles.Value.Valid = len(set.Names())
		l.judge.Injector, err = l.settings.injector(l.settings.capabilities.Cluster(s.Kubernetes.Value))
	}
	if err != nil {
		s.Profiles.Value.Mistakes = err.Error()
		s.OutOfDate.Err = errors.New("the profiles have mistakes")
		return
	}
	problems, err := l.problems(ctx, "")
	s.OutOfDate = answer(map[fleet.State]int{}, err)
	for _, w := range problems {
		s.OutOfDate.Value[w.State]++
	}
}

// missingRight returns the permission that an error is about, as an error; nil for other errors.
func missingRight(err error) error {
	if missing, ok := errors.AsType[fleet.MissingRight](err); ok {
		return missing
	}
	return nil
}

// pods summarizes all pods for the checks.
func (f *checkFlags) pods(ctx context.Context, c *inventory.Cluster) (checks.Pods, error) {
	found := checks.Pods{Labels: map[string]string{}, SendToNode: map[string]int{}, HostPorts: map[checks.HostPort]string{}}
	namespaces, err := c.Namespaces(ctx, "")
	if err != nil {
		return found, err
	}
	for name, ns := range namespaces {
		if value, labelled := ns.Labels[injector.InjectionLabel]; labelled {
			found.Labels[name] = value
		}
	}
	unlabelled := map[fleet.Identity]int{}
	err = c.EachPod(ctx, "", "", func(pod *fleet.Pod) error {
		takesPorts(&found, pod, f.release.Name)
		status, injected := pod.Injection()
		if injected && status.Endpoint == profiles.EndpointNode && pod.Node != "" {
			found.SendToNode[pod.Node]++
		}
		if _, labelled := found.Labels[pod.Metadata.Namespace]; injected && !labelled && status.Reason == injector.NamespaceEnabled {
			unlabelled[fleet.IdentityOf(pod.Pod)]++
		}
		return nil
	})
	if err == nil {
		found.Injected, err = byWebhook(ctx, c, unlabelled)
	}
	return found, err
}

// byWebhook counts pods by namespace. It leaves out pods whose manifest was injected by 'telepod inject', which
// need no label.
func byWebhook(ctx context.Context, c *inventory.Cluster, pods map[fleet.Identity]int) (map[string]int, error) {
	count := map[string]int{}
	read := map[[2]string]map[fleet.Identity]fleet.Template{}
	for id, n := range pods {
		if !slices.Contains(restartable(), id.Kind) {
			continue
		}
		place := [2]string{id.Kind, id.Namespace}
		if read[place] == nil {
			templates, err := c.Templates(ctx, id.Kind, id.Namespace)
			if err != nil {
				return nil, err
			}
			read[place] = templates
		}
		if template, known := read[place][id]; known && !template.Injected {
			count[id.Namespace] += n
		}
	}
	return count, nil
}
