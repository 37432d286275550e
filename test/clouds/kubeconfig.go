package clouds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/procattr"
)

// Kubeconfig writes a kubeconfig with a context for each cluster, named like the cluster, and returns its path.
func (e *Estate) Kubeconfig() (string, error) {
	contexts := map[string]string{}
	for _, s := range e.sites {
		contexts[s.Place.Cluster] = s.Kubeconfig()
	}
	path := e.path("kubeconfig")
	return path, writeContexts(path, contexts, e.Primary().Place.Cluster)
}

// writeContexts merges kubeconfigs; each becomes a named context.
func writeContexts(path string, files map[string]string, current string) error {
	merged := api.NewConfig()
	for name, file := range files {
		one, err := clientcmd.LoadFromFile(file)
		if err != nil {
			return fmt.Errorf("read the kubeconfig of %s: %w", name, err)
		}
		now, found := one.Contexts[one.CurrentContext]
		if !found {
			return fmt.Errorf("read the kubeconfig of %s: no context %q", name, one.CurrentContext)
		}
		merged.Clusters[name] = one.Clusters[now.Cluster]
		merged.AuthInfos[name] = one.AuthInfos[now.AuthInfo]
		merged.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	}
	merged.CurrentContext = current
	return clientcmd.WriteToFile(*merged, path)
}

// Bin creates a directory for PATH that contains kubectl (here a part of a larger program), helm with its own settings, and
// telepod.
func (e *Estate) Bin(ctx context.Context) (string, error) {
	kube, err := build.Binary(ctx, cluster.Kubernetes())
	if err != nil {
		return "", err
	}
	cli, err := helm.V4(ctx)
	if err != nil {
		return "", err
	}
	dir := e.path("bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for name, script := range map[string]string{
		"kubectl": fmt.Sprintf("exec '%s' kubectl \"$@\"", kube), "helm": cli.Script(), "telepod": fmt.Sprintf("exec '%s' \"$@\"", e.programs.telepod),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// run runs a shell script as a user would, in the estate's directory, which links to the repository's charts and examples.
// The clusters are contexts. Background processes of the script are stopped with it.
func (e *Estate) run(ctx context.Context, kubeconfig, script string, more ...string) (string, error) {
	bin, err := e.Bin(ctx)
	if err != nil {
		return "", err
	}
	root, err := build.Root()
	if err != nil {
		return "", err
	}
	// Repairs that telepod prints contain CHART as a placeholder for the installed chart.
	for name, of := range map[string]string{"charts": "charts", "examples": "examples", "CHART": "charts/telepod"} {
		if err := os.Symlink(filepath.Join(root, of), e.path(name)); err != nil && !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = e.dir
	cmd.Env = append(os.Environ(), append(more, "KUBECONFIG="+kubeconfig, "PATH="+bin+":"+os.Getenv("PATH"))...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	procattr.Group(cmd)
	err = cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // a background process still had the output open
	}
	procattr.KillGroup(cmd)
	if err != nil {
		err = fmt.Errorf("%w:\n%s", err, &out)
	}
	return out.String(), err
}
