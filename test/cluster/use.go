package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/telepod/telepod/test/cluster/layout"
	"github.com/telepod/telepod/test/cluster/supervisor"
)

// Kubeconfig is the path of the administrator's kubeconfig.
func (c *Cluster) Kubeconfig() string { return c.ready.Kubeconfig }

// Host is the address at which pods and the API server reach webhooks and receivers that run in a test on
// this machine: the nodes' gateway, or loopback without nodes. It is empty for an existing cluster.
func (c *Cluster) Host() string { return c.ready.Host }

// Nodes describes the nodes that were started. It is empty for a control plane without nodes and for an
// existing cluster.
func (c *Cluster) Nodes() []NodeInfo {
	if c.runtime == "" {
		return nil
	}
	return c.ready.Machines
}

// Kubectl runs kubectl as administrator and returns its standard output.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.runKubectl(ctx, "", args)
}

// Apply applies manifests: YAML or JSON, as for kubectl apply -f.
func (c *Cluster) Apply(ctx context.Context, manifests string) error {
	_, err := c.runKubectl(ctx, manifests, []string{"apply", "-f", "-"})
	return err
}

func (c *Cluster) runKubectl(ctx context.Context, input string, args []string) (string, error) {
	argv := slices.Concat(c.kubectl, []string{"--kubeconfig", c.ready.Kubeconfig}, args)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// LoadImage loads docker-archive files (see [WriteImage]) on every node. Pods need imagePullPolicy Never
// or IfNotPresent: there is no registry.
func (c *Cluster) LoadImage(ctx context.Context, archives ...string) error {
	if len(c.Nodes()) == 0 {
		return errors.New("load images: this cluster started no nodes")
	}
	errs := make([]error, len(c.Nodes()))
	var all sync.WaitGroup
	for i, node := range c.Nodes() {
		all.Go(func() { errs[i] = c.load(ctx, node, archives) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (c *Cluster) load(ctx context.Context, node NodeInfo, archives []string) error {
	for _, archive := range archives {
		path, err := filepath.Abs(archive)
		if err != nil {
			return err
		}
		argv := layout.Import(c.runtime, node.Containerd, path)
		if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("load image %s on %s: %w: %s", archive, node.Name, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// StopNode turns a node off, like a power cut. The API server marks it NotReady after 20 seconds. The
// first node runs the control plane and cannot be stopped.
func (c *Cluster) StopNode(ctx context.Context, name string) error { return c.do(ctx, "stop", name) }

// StartNode turns a node on again; it is ready seconds later.
func (c *Cluster) StartNode(ctx context.Context, name string) error { return c.do(ctx, "start", name) }

// CutNode cuts a node's network: all packets from and to it are dropped.
func (c *Cluster) CutNode(ctx context.Context, name string) error { return c.do(ctx, "cut", name) }

// JoinNode restores a node's network.
func (c *Cluster) JoinNode(ctx context.Context, name string) error { return c.do(ctx, "join", name) }

func (c *Cluster) do(ctx context.Context, what, node string) error {
	if c.cmd == nil {
		return fmt.Errorf("%s node %s: not in an existing cluster", what, node)
	}
	if _, err := c.ask(ctx, supervisor.Command{Do: what, Node: node}); err != nil {
		return fmt.Errorf("%s node %s: %w", what, node, err)
	}
	return nil
}

// Logs returns the last lines of the logs of every component, for a failed test.
func (c *Cluster) Logs(lines int) string {
	var out strings.Builder
	for _, m := range c.ready.Machines {
		out.WriteString(supervisor.Tail(m.Logs, lines))
	}
	return out.String()
}
