package main

import (
	"context"
	_ "embed" // the values of the installation
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

//go:embed values.yaml
var values string

func (d *demo) clusterOptions() cluster.Options {
	o := cluster.Options{Name: "demo"}
	if !d.options.nodes {
		return o
	}
	for _, c := range clouds() {
		o.Nodes = append(o.Nodes, cluster.Node{
			Name:       c.node,
			Labels:     map[string]string{"topology.kubernetes.io/region": c.region, "topology.kubernetes.io/zone": c.zone},
			ProviderID: c.providerID,
		})
	}
	return o
}

// build makes everything first, so that later steps show what they themselves take.
func (d *demo) build(ctx context.Context) (said string, show func(), err error) {
	if firstTime() {
		d.screen.note("This is the first time: all of it is compiled from source, which takes about 10 minutes with 2 " +
			"cores. Lines below tell how far it is. The next time it is there.")
	}
	if d.images, err = programs(ctx, d.clusterOptions()); err != nil {
		return "", nil, err
	}
	return "all there", nil, d.wrapKubectl(ctx)
}

// programs builds what a cluster takes, and returns the images of its nodes.
func programs(ctx context.Context, o cluster.Options) (images []string, err error) {
	if err := cluster.Build(ctx, o); err != nil {
		return nil, err
	}
	if _, err := helm.V4(ctx); err != nil {
		return nil, err
	}
	if len(o.Nodes) > 0 {
		return install.Images(ctx)
	}
	_, err = build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"})
	return nil, err
}

// prebuild builds what the tests take, too, of which some programs are not part of the demo.
func (d *demo) prebuild(ctx context.Context) error {
	_, err := programs(ctx, d.clusterOptions())
	for _, program := range []func(context.Context) (string, error){
		collector.Sidecar, collector.App, collector.Full, collector.Backends,
		func(ctx context.Context) (string, error) { _, err := helm.V3(ctx); return "", err },
	} {
		if err == nil {
			_, err = program(ctx)
		}
	}
	return err
}

// firstTime reports whether Kubernetes, which takes longest, was never built on this machine.
func firstTime() bool {
	cache, err := build.Cache()
	if err != nil {
		return true // building will say why
	}
	built, err := filepath.Glob(filepath.Join(cache, cluster.Kubernetes().Name, "*", cluster.Kubernetes().Name))
	return err != nil || len(built) == 0
}

// wrapKubectl makes a kubectl that a person can call: the one that there is, is a part of a larger
// program, and knows of no cluster.
func (d *demo) wrapKubectl(ctx context.Context) error {
	kube, err := build.Binary(ctx, cluster.Kubernetes())
	if err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "telepod-demo-"); err != nil {
		return err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' kubectl \"$@\"\n", kube)
	return os.WriteFile(d.kubectlPath(), []byte(script), 0o755)
}

func (d *demo) kubectlPath() string { return filepath.Join(d.dir, "kubectl") }

func (d *demo) start(ctx context.Context) (said string, show func(), err error) {
	o := d.clusterOptions()
	o.Images = d.images
	if d.cluster, err = cluster.Start(ctx, o); err != nil {
		return "", nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", d.cluster.Kubeconfig())
	if err != nil {
		return "", nil, err
	}
	config.QPS = -1 // reading is all that this client does
	if d.client, err = kubernetes.NewForConfig(config); err != nil {
		return "", nil, err
	}
	version, err := d.client.Discovery().ServerVersion()
	if err != nil {
		return "", nil, err
	}
	said = "Kubernetes " + version.GitVersion + ": etcd, API server, controllers and scheduler"
	if !d.options.nodes {
		return said, nil, nil
	}
	return said + ", and three nodes", d.showNodes, nil
}

func (d *demo) showNodes() {
	t := table{head: columns()}
	t.row("node", eachCloud(func(c cloud) string { return c.node })...)
	t.row("topology.kubernetes.io/region", eachCloud(func(c cloud) string { return c.region })...)
	t.row("topology.kubernetes.io/zone", eachCloud(func(c cloud) string { return c.zone })...)
	d.screen.table(t)
}

func (d *demo) install(ctx context.Context) (said string, show func(), err error) {
	o := install.Options{Values: values}
	if !d.options.nodes {
		d.screen.command("helm template telepod charts/telepod -n telepod -f test/demo/values.yaml")
		if d.webhook, err = install.Process(ctx, d.cluster, o); err != nil {
			return "", nil, err
		}
		return "the webhook runs as a process, as the chart would start it, and the API server calls it over TLS", nil, nil
	}
	d.screen.command("helm install telepod charts/telepod -n telepod -f test/demo/values.yaml")
	if err := d.startCollectors(ctx); err != nil {
		return "", nil, err
	}
	if err := install.Telepod(ctx, d.cluster, o); err != nil {
		return "", nil, err
	}
	return "two replicas from Telepod's image; the API server calls them over TLS", nil, nil
}
