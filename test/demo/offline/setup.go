package offline

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
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

//go:embed values.yaml
var values string

func clusterOptions() cluster.Options { return cluster.Options{Name: "demo"} }

// build builds everything first, so that later steps show only their own time.
func (d *demo) build(ctx context.Context) (summary string, show func(), err error) {
	if err := cluster.Build(ctx, clusterOptions()); err != nil {
		return "", nil, err
	}
	if _, err := helm.V4(ctx); err != nil {
		return "", nil, err
	}
	if _, err := build.Binary(ctx, build.Spec{Name: "telepod", Package: "./cmd/telepod"}); err != nil {
		return "", nil, err
	}
	return "all programs are built", nil, d.wrapKubectl(ctx)
}

// wrapKubectl writes a kubectl script: the built kubectl is part of a larger program.
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

func (d *demo) start(ctx context.Context) (summary string, show func(), err error) {
	if d.cluster, err = cluster.Start(ctx, clusterOptions()); err != nil {
		return "", nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", d.cluster.Kubeconfig())
	if err != nil {
		return "", nil, err
	}
	config.QPS = -1 // this client only reads
	if d.client, err = kubernetes.NewForConfig(config); err != nil {
		return "", nil, err
	}
	version, err := d.client.Discovery().ServerVersion()
	if err != nil {
		return "", nil, err
	}
	return "Kubernetes " + version.GitVersion + ": etcd, API server, controllers and scheduler", nil, nil
}

func (d *demo) install(ctx context.Context) (summary string, show func(), err error) {
	d.screen.Command("helm template telepod charts/telepod -n telepod -f test/demo/offline/values.yaml")
	if d.webhook, err = install.Process(ctx, d.cluster, install.Options{Values: values}); err != nil {
		return "", nil, err
	}
	return "the webhook runs as a process, as the chart would start it, and the API server calls it over TLS", nil, nil
}
