package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster/layout"
	"github.com/telepod/telepod/test/cluster/supervisor"
)

// Cluster is a running cluster.
type Cluster struct {
	kubectl []string // command line that runs kubectl
	runtime string
	ready   supervisor.Ready

	// All nil for an existing cluster.
	cmd     *exec.Cmd
	stderr  *bytes.Buffer
	events  *json.Decoder
	mu      sync.Mutex // serializes commands and their answers
	input   io.WriteCloser
	stopped error
	once    sync.Once
}

// startLimit bounds how long a cluster may take to start if the context does not. It usually takes
// seconds, and a minute and a half on an emulated machine.
const startLimit = 3 * time.Minute

// Start starts a cluster and returns when its nodes are ready. If they do not become ready, the error
// includes the logs. The first start on a machine compiles Kubernetes, which takes several minutes and
// shows its progress on standard error.
//
// If [KubeconfigVariable] is set, Start returns that existing cluster instead.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if kubeconfig := os.Getenv(KubeconfigVariable); kubeconfig != "" {
		return existing(ctx, kubeconfig)
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("start a cluster: %w", err)
	}
	program, spec, err := o.build(ctx)
	if err != nil {
		return nil, err
	}
	c := &Cluster{kubectl: []string{spec.Programs.Kube, "kubectl"}, runtime: spec.Programs.Runtime, stderr: &bytes.Buffer{}}
	c.cmd = exec.Command(program, "supervise")
	c.cmd.Stderr = c.stderr
	if c.input, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.events = json.NewDecoder(out)
	// Ctrl-C in a terminal signals the whole process group. In its own group, the supervisor keeps running
	// until the client has finished its cleanup and exits.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a cluster: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	event, err := c.ask(ctx, spec)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a cluster: %w", err), c.Stop())
	}
	c.ready = *event.Ready
	return c, nil
}

func (o Options) check() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("test clusters need Linux: set %s to use an existing cluster", KubeconfigVariable)
	}
	if len(o.Nodes) == 0 {
		return nil
	}
	if len(o.Nodes) > layout.MaxNodes {
		return fmt.Errorf("%d nodes: at most %d are supported", len(o.Nodes), layout.MaxNodes)
	}
	if os.Geteuid() != 0 {
		return errNeedsRoot
	}
	return requirements()
}

var errNeedsRoot = errors.New("nodes need root; a cluster without nodes does not")

// existing connects to a cluster that was started elsewhere.
func existing(ctx context.Context, kubeconfig string) (*Cluster, error) {
	c := &Cluster{ready: supervisor.Ready{Kubeconfig: kubeconfig}}
	if kubectl, err := exec.LookPath("kubectl"); err == nil {
		c.kubectl = []string{kubectl}
		return c, nil
	}
	kube, err := build.Binary(ctx, Kubernetes())
	c.kubectl = []string{kube, "kubectl"}
	return c, err
}

// ask sends a line to the supervisor and waits for its answer. If the context ends first, the cluster
// is unusable and is stopped.
func (c *Cluster) ask(ctx context.Context, question any) (supervisor.Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gaveUp := context.AfterFunc(ctx, func() { c.input.Close() })
	defer gaveUp()
	var event supervisor.Event
	if err := json.NewEncoder(c.input).Encode(question); err != nil {
		return event, fmt.Errorf("write to the supervisor: %w", err)
	}
	err := c.events.Decode(&event)
	switch {
	case event.Error != "" && ctx.Err() != nil:
		return event, fmt.Errorf("%w: %s", context.Cause(ctx), event.Error)
	case event.Error != "":
		return event, errors.New(event.Error)
	case err != nil:
		return event, fmt.Errorf("read the supervisor's answer: %w", err)
	}
	return event, nil
}

// Stop stops the cluster and returns when everything is cleaned up; the error lists what is left.
// Further calls do nothing. An existing cluster keeps running.
func (c *Cluster) Stop() error {
	if c.cmd == nil {
		return nil
	}
	c.once.Do(func() {
		c.input.Close() // may be closed already
		overdue := time.AfterFunc(time.Minute, func() { _ = c.cmd.Process.Kill() })
		defer overdue.Stop()
		if err := c.cmd.Wait(); err != nil {
			c.stopped = fmt.Errorf("stop the cluster: %w: %s", err, strings.TrimSpace(c.stderr.String()))
		}
	})
	return c.stopped
}
