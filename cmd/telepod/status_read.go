//go:build !injector

package main

import (
	"context"
	"sync"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// The timeout for an API server, and the interval between two readings of the Collectors.
const (
	firstAnswer    = 3 * time.Second
	betweenScrapes = 2 * time.Second
	// batchDelay is the delay after which SDKs send spans, if not configured otherwise: a Collector that receives nothing
	// between two readings may still receive spans every few seconds.
	batchDelay = 5 * time.Second
	// scrapeWithin is the time limit for one of the two readings of all Collectors.
	scrapeWithin = 1200 * time.Millisecond
	// staleScrape is the age of a reading that is too old to compute current rates.
	staleScrape = time.Minute
)

// clusterReader reads one cluster repeatedly.
type clusterReader struct {
	context    string
	kubeconfig string
	release    inventory.Release
	cluster    *inventory.Cluster
	err        error
	// last is the previous reading of the regional Collectors.
	last status.Scrape
}

func newClusterReader(kubeconfig, kubeContext string, release inventory.Release) *clusterReader {
	r := &clusterReader{context: kubeContext, kubeconfig: kubeconfig, release: release}
	if r.cluster, r.err = inventory.Connect(kubeconfig, kubeContext); r.err == nil {
		r.context = r.cluster.Context
	}
	return r
}

// read reads the cluster. It does not delay other clusters if this one does not answer.
func (r *clusterReader) read(ctx context.Context) status.Reading {
	reading := status.Reading{Context: r.context, Err: r.err, Kubectl: "kubectl" + selection(r.kubeconfig, "--context", r.context), Namespace: r.release.Namespace}
	if reading.Err != nil {
		return reading
	}
	l := &live{Cluster: r.cluster}
	version, err := firstVersion(ctx, r.cluster)
	if err != nil {
		reading.Err = err
		return reading
	}
	var all sync.WaitGroup
	all.Go(func() {
		reading.Injector = answer(r.cluster.Workloads(ctx, r.release, "injector"))
		reading.Collectors = answer(r.cluster.Workloads(ctx, r.release, "collector"))
		reading.Central = answer(r.cluster.Workloads(ctx, r.release, "central"))
		reading.Role = collectorConfig(ctx, r.cluster, r.release, reading.Central.Value).Value.Site
	})
	all.Go(func() {
		reading.Injectors = answer(r.instances(ctx, "injector", inventory.InjectorMetrics))
		reading.Sites = answer(r.instances(ctx, "central", inventory.CollectorMetrics))
	})
	all.Go(func() {
		found, err := r.cluster.Workloads(ctx, r.release, "sampler")
		reading.Samplers = answer(checks.Part{Workloads: found}, err)
		if len(found) > 0 {
			reading.Samplers.Value.Instances, reading.Samplers.Err = r.instances(ctx, "sampler", inventory.CollectorMetrics)
		}
	})
	all.Go(func() { reading.Earlier, reading.Later = r.readTwice(ctx) })
	all.Go(func() {
		if reading.Pods.Err = l.fromInstallation(ctx, r.release); reading.Pods.Err != nil {
			return
		}
		reading.Place = l.settings.place()
		if l.judge.Injector, reading.Pods.Err = l.settings.injector(l.settings.capabilities.Cluster(version)); reading.Pods.Err == nil {
			reading.Pods = answer(l.count(ctx))
		}
	})
	all.Wait()
	return reading
}

// instances returns the pods of a component, with their metrics.
func (r *clusterReader) instances(ctx context.Context, component string, port int) ([]fleet.Instance, error) {
	found, err := r.cluster.Instances(ctx, r.release, component)
	r.cluster.ReadMetrics(ctx, found, port)
	return found, err
}

// readTwice reads the regional Collectors twice, or once if the previous reading is recent.
func (r *clusterReader) readTwice(ctx context.Context) (earlier, later status.Scrape) {
	earlier = r.last
	if age := time.Since(earlier.At); age < betweenScrapes || age > staleScrape {
		earlier = r.readCollectors(ctx)
		if len(earlier.Collectors) == 0 {
			return status.Scrape{}, earlier
		}
		_ = pause(ctx, betweenScrapes)
	}
	later = r.readCollectors(ctx)
	if received := status.TrafficOf(earlier, later); received != nil && received.Silent() && later.At.Sub(earlier.At) < batchDelay {
		_ = pause(ctx, batchDelay-later.At.Sub(earlier.At))
		if again := r.readCollectors(ctx); len(again.Collectors) > 0 {
			later = again
		}
	}
	r.last = later
	return earlier, later
}

// readCollectors reads the regional Collectors. Its timestamp is the middle of the read.
func (r *clusterReader) readCollectors(ctx context.Context) status.Scrape {
	found, err := r.cluster.Instances(ctx, r.release, "collector")
	ctx, cancel := context.WithTimeout(ctx, scrapeWithin)
	defer cancel()
	began := time.Now()
	r.cluster.ReadMetrics(ctx, found, inventory.CollectorMetrics)
	return status.Scrape{At: began.Add(time.Since(began) / 2), Collectors: found, Err: err}
}

// count judges all pods of a cluster.
func (l *live) count(ctx context.Context) (status.Pods, error) {
	pods := status.Pods{Labels: map[string]string{}, ToNode: map[string]int{}}
	namespaces, err := l.Namespaces(ctx, "")
	if err != nil {
		return pods, err
	}
	for name, ns := range namespaces {
		if value, labelled := ns.Labels[injector.InjectionLabel]; labelled && value != "enabled" && value != "disabled" {
			pods.Labels[name] = value
		}
	}
	unlabelled := map[fleet.Identity]int{}
	err = l.EachPod(ctx, "", "", func(pod *fleet.Pod) error {
		ns, ok := namespaces[pod.Metadata.Namespace]
		if !ok { // it was created after the namespaces were listed
			ns.Namespace = injector.Namespace{Name: pod.Metadata.Namespace}
		}
		pods.Add(l.judge.Pod(pod, ns))
		status, injected := pod.Injection()
		if !injected {
			return nil
		}
		if status.Endpoint == profiles.EndpointNode && pod.Node != "" {
			pods.ToNode[pod.Node]++
		}
		if _, labelled := ns.Labels[injector.InjectionLabel]; ok && !labelled && status.Reason == injector.NamespaceEnabled && !l.settings.policy.InjectByDefault {
			unlabelled[fleet.IdentityOf(pod.Pod)]++
		}
		return nil
	})
	if err == nil {
		pods.Unlabelled, err = byWebhook(ctx, l.Cluster, unlabelled)
	}
	return pods, err
}

// place returns the cluster's location according to the profile in the settings.
func (s *injectorSettings) place() status.Place {
	place := status.Place{Cluster: s.facts.Cluster, Region: s.facts.Region}
	set, err := s.profiles()
	if err != nil {
		return place
	}
	if p, ok := set.Lookup(s.profile); ok {
		place.Cloud = p.Cloud.Provider
		if p.Identity.Region != "" {
			place.Region = p.Identity.Region
		}
		if p.Identity.Cluster != "" {
			place.Cluster = p.Identity.Cluster
		}
	}
	return place
}
