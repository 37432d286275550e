package clouds

import (
	"context"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
)

// Kubeconfig writes a file with a context for each cluster, of the cluster's name, and returns its path.
func (e *Estate) Kubeconfig() (string, error) {
	merged := api.NewConfig()
	for _, s := range e.sites {
		one, err := clientcmd.LoadFromFile(s.Kubeconfig())
		if err != nil {
			return "", fmt.Errorf("read the kubeconfig of %s: %w", s.Place.Cluster, err)
		}
		now, found := one.Contexts[one.CurrentContext]
		if !found {
			return "", fmt.Errorf("read the kubeconfig of %s: no context %q", s.Place.Cluster, one.CurrentContext)
		}
		name := s.Place.Cluster
		merged.Clusters[name] = one.Clusters[now.Cluster]
		merged.AuthInfos[name] = one.AuthInfos[now.AuthInfo]
		merged.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	}
	merged.CurrentContext = e.Primary().Place.Cluster
	path := e.path("kubeconfig")
	return path, clientcmd.WriteToFile(*merged, path)
}

// Bin makes a directory with a kubectl that a person can call: the one that there is, is a part of a
// larger program.
func (e *Estate) Bin(ctx context.Context) (string, error) {
	kube, err := build.Binary(ctx, cluster.Kubernetes())
	if err != nil {
		return "", err
	}
	dir := e.path("bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' kubectl \"$@\"\n", kube)
	return dir, os.WriteFile(dir+"/kubectl", []byte(script), 0o755)
}
