//go:build !injector

package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	apiversion "k8s.io/apimachinery/pkg/util/version"

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
	if s.Kubernetes = answer(firstVersion(ctx, c)); s.Kubernetes.Err != nil {
		s.Unreachable = s.Kubernetes.Err
		return s
	}
	f.workloads(ctx, c, &s)
	// A pod or a webhook that does not answer delays its reader for seconds, so everything is read concurrently.
	together(
		func() { s.Nodes = answer(l.Nodes(ctx)) },
		func() { c.ReadPart(ctx, f.release, "injector", inventory.InjectorMetrics, &s.Injector) },
		func() { c.ReadPart(ctx, f.release, "collector", inventory.CollectorMetrics, &s.Collectors) },
		func() { c.ReadPart(ctx, f.release, "central", inventory.CollectorMetrics, &s.Central) },
		func() { c.ReadPart(ctx, f.release, "sampler", inventory.CollectorMetrics, &s.Samplers) },
		func() { f.readWebhook(ctx, c, &s) },
		func() { s.Policies = answer(l.Policies(ctx, f.release.Namespace)) },
		func() {
			s.SiteAddresses = collectorConfig(ctx, c, f.release, s.Collectors.Value.Workloads).Value.Addresses()
		},
		func() { s.Role = collectorConfig(ctx, c, f.release, s.Central.Value.Workloads).Value.Site },
		func() { s.Pods = answer(f.pods(ctx, c)) },
		func() { f.judge(ctx, l, &s) },
	)
	return s
}

// firstVersion returns the API server's version. It is the first request, with a short timeout, to detect a server that
// does not answer.
func firstVersion(ctx context.Context, c *inventory.Cluster) (*apiversion.Version, error) {
	ctx, cancel := context.WithTimeout(ctx, firstAnswer)
	defer cancel()
	return c.Version(ctx)
}

// workloads reads the workloads of all parts of the release.
func (f *liveFlags) workloads(ctx context.Context, c *inventory.Cluster, s *checks.Snapshot) {
	of := func(component string, into *checks.Answer[checks.Part]) func() {
		return func() { into.Value.Workloads, into.Err = c.Workloads(ctx, f.release, component) }
	}
	together(of("injector", &s.Injector), of("collector", &s.Collectors), of("central", &s.Central), of("sampler", &s.Samplers))
}

// empty returns a snapshot before any read.
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

// snapshotOf returns a snapshot before any read; its commands contain the kubeconfig and the context if they were chosen.
func (f *liveFlags) snapshotOf(c *inventory.Cluster, chosen bool) checks.Snapshot {
	name := ""
	if chosen {
		name = c.Context
	}
	return checks.Snapshot{Context: c.Context, Namespace: f.release.Namespace, Release: f.release.Name, Now: time.Now(), CLI: buildVersion(),
		Kubectl: "kubectl" + selection(f.kubeconfig, "--context", name), Helm: "helm" + selection(f.kubeconfig, "--kube-context", name)}
}

// together runs functions concurrently.
func together(do ...func()) {
	var wait sync.WaitGroup
	for _, one := range do {
		wait.Go(one)
	}
	wait.Wait()
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
			if s.Probe.Err != nil {
				_, found, err := c.NamespaceNamed(ctx, f.probe)
				s.Probe.Value.Absent = err == nil && !found
			}
		},
	)
}

// judge loads the injector's profiles and judges all pods with them.
func (f *checkFlags) judge(ctx context.Context, l *live, s *checks.Snapshot) {
	if s.Profiles.Err = l.fromInstallation(ctx, f.release); s.Profiles.Err != nil {
		s.OutOfDate.Err = cmp.Or(missingRight(s.Profiles.Err), errors.New("the injector's settings are unknown"))
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
	found, err := l.judgePods(ctx, "")
	s.OutOfDate, s.Others = answer(map[fleet.State]int{}, err), found.Others
	s.Remarkable = found.Remarkable()
	for _, w := range found.Problems() {
		s.OutOfDate.Value[w.State]++
	}
}

// missingRight returns an error about a missing permission; nil for other errors.
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
