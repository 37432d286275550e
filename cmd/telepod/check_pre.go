//go:build !injector

package main

import (
	"context"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
)

// prepared reads a cluster before the installation.
func (f *checkFlags) prepared(ctx context.Context, c *inventory.Cluster) []checks.Line {
	s := f.empty(c)
	b := checks.Before{Snapshot: s}
	version, err := firstVersion(ctx, c)
	if err != nil {
		b.Unreachable = err
		return b.Lines()
	}
	b.Kubernetes.Value = version
	together(
		func() { b.Nodes = answer(c.Nodes(ctx)) },
		func() { b.Allowed = answer(c.Allowed(ctx, f.release.Namespace, checks.RightsToInstall())) },
		func() { b.NamespaceLabels = answer(c.NamespaceLabels(ctx, f.release.Namespace)) },
		func() { b.StorageClasses = answer(c.StorageClasses(ctx)) },
		func() { b.CertManager = answer(c.Serves(ctx, "cert-manager.io")) },
		func() { b.Webhooks = answer(c.PodWebhooks(ctx)) },
		func() { b.Injector.Value.Workloads, b.Injector.Err = c.Workloads(ctx, f.release, "injector") },
		func() {
			b.Pods.Value.HostPorts = map[checks.HostPort]string{}
			b.Pods.Err = c.EachPod(ctx, "", "", func(pod *fleet.Pod) error {
				takesPorts(&b.Pods.Value, pod, f.release.Name)
				return nil
			})
		},
	)
	return b.Lines()
}

// takesPorts records the host ports of a pod, unless it is a Collector of this release.
func takesPorts(found *checks.Pods, pod *fleet.Pod, release string) {
	labels := pod.Metadata.Labels
	if pod.Node == "" || labels["app.kubernetes.io/instance"] == release && labels["app.kubernetes.io/component"] == "collector" {
		return
	}
	for _, port := range pod.HostPorts {
		found.HostPorts[checks.HostPort{Node: pod.Node, Port: port}] = pod.Metadata.Namespace + "/" + pod.Metadata.Name
	}
}
