package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/ports"
	"github.com/telepod/telepod/test/procattr"
	"github.com/telepod/telepod/webhook"
)

// Webhook is the webhook running as a process on this machine.
type Webhook struct {
	// Health is the base URL of /healthz and /readyz; Metrics is the URL of the metrics.
	Health, Metrics string

	cmd    *exec.Cmd
	dir    string
	log    await.Log
	exited chan struct{}
	err    error // exit status, valid once exited is closed
}

// Process runs the webhook next to a cluster without nodes, with the chart's arguments, profiles, webhook
// configuration and policies. The configuration's URLs point at the process. It stops with [Webhook.Stop]
// or with the calling process. It does not need root.
func Process(ctx context.Context, c *cluster.Cluster, o Options) (*Webhook, error) {
	w, err := process(ctx, c, o)
	if err != nil {
		return nil, fmt.Errorf("run telepod as a process: %w", err)
	}
	return w, nil
}

func process(ctx context.Context, c *cluster.Cluster, o Options) (w *Webhook, err error) {
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	program, err := telepodProgram(ctx)
	if err != nil {
		return nil, err
	}
	text, err := runChart(ctx, o, []string{"template", Release})
	if err != nil {
		return nil, err
	}
	rendered, err := parse(text)
	if err != nil {
		return nil, err
	}
	free, err := ports.Free("127.0.0.1", 3)
	if err != nil {
		return nil, err
	}
	port := ports.Texts(free)
	manifests, err := rendered.pointedAt("https://localhost:" + port[0])
	if err != nil {
		return nil, err
	}
	if err := c.Apply(ctx, o.prerequisites()+"\n---\n"+manifests); err != nil {
		return nil, err
	}
	w = &Webhook{exited: make(chan struct{}), Health: "http://127.0.0.1:" + port[1], Metrics: "http://127.0.0.1:" + port[2] + "/metrics"}
	if w.dir, err = os.MkdirTemp("", "telepod-profiles-"); err != nil {
		return nil, err
	}
	w.cmd = exec.Command(program, slices.Concat(rendered.args, []string{
		"--kubeconfig=" + c.Kubeconfig(), "--namespace=" + Namespace, "--certificate-extra-names=localhost",
		"--host=127.0.0.1", "--port=" + port[0], "--health-address=127.0.0.1:" + port[1],
		"--metrics-address=127.0.0.1:" + port[2], "--profiles-dir=" + w.dir, "--drain-delay=0s",
	})...)
	err = w.SetProfiles(rendered.profiles)
	if err == nil {
		err = w.start()
	}
	if err == nil {
		err = w.injecting(ctx, c)
	}
	if err != nil {
		return nil, errors.Join(err, w.Stop(), errors.New("log of the webhook:\n"+w.Log()))
	}
	return w, nil
}

func (w *Webhook) start() error {
	w.cmd.Stdout, w.cmd.Stderr = &w.log, &w.log
	w.cmd.SysProcAttr = procattr.DieWithParent()
	if err := w.cmd.Start(); err != nil {
		close(w.exited)
		return err
	}
	go func() {
		w.err = w.cmd.Wait()
		close(w.exited)
	}()
	return nil
}

// injecting waits until the webhook is ready, that is, has read the namespaces, and has injected a pod. It returns
// an error if the process exits.
func (w *Webhook) injecting(ctx context.Context, c *cluster.Cluster) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-w.exited:
			cancel(errors.New("it exited instead of serving"))
		case <-ctx.Done():
		}
	}()
	for {
		err := await.OK(ctx, w.Health+"/readyz")
		if err == nil {
			return Injecting(ctx, c)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until it is ready: %w: %w", context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// SetProfiles replaces the profiles from the chart's values, by file name.
func (w *Webhook) SetProfiles(files map[string]string) error {
	old, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, entry := range old {
		if _, keep := files[entry.Name()]; !keep {
			err = errors.Join(err, os.Remove(filepath.Join(w.dir, entry.Name())))
		}
	}
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644))
	}
	return err
}

// Log returns what the webhook has written so far.
func (w *Webhook) Log() string { return w.log.String() }

// Stop stops the webhook as the kubelet does, and waits for its exit. The webhook configuration stays, so pods are then
// admitted without injection.
func (w *Webhook) Stop() error {
	defer os.RemoveAll(w.dir)
	if w.cmd.Process == nil {
		return nil
	}
	_ = w.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has exited
	select {
	case <-w.exited:
	case <-time.After(time.Minute):
		_ = w.cmd.Process.Kill()
		<-w.exited
	}
	if w.err != nil {
		return fmt.Errorf("the webhook did not shut down cleanly: %w", w.err)
	}
	return nil
}

// rendered is the part of the rendered chart that a process needs.
type rendered struct {
	webhooks *admissionregistrationv1.MutatingWebhookConfiguration
	policies []string
	profiles map[string]string
	args     []string
}

func parse(text string) (r rendered, err error) {
	for document := range strings.SplitSeq(text, "\n---\n") {
		var kind struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &kind); err != nil {
			return r, err
		}
		switch kind.Kind {
		case "MutatingWebhookConfiguration":
			r.webhooks = &admissionregistrationv1.MutatingWebhookConfiguration{}
			err = errors.Join(err, yaml.Unmarshal([]byte(document), r.webhooks))
		case "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			r.policies = append(r.policies, document)
		case "ConfigMap":
			var m corev1.ConfigMap
			err = errors.Join(err, yaml.Unmarshal([]byte(document), &m))
			r.profiles = m.Data
		case "Deployment":
			var d appsv1.Deployment
			err = errors.Join(err, yaml.Unmarshal([]byte(document), &d))
			if err == nil {
				r.args = d.Spec.Template.Spec.Containers[0].Args
			}
		}
	}
	if err == nil && (r.webhooks == nil || r.args == nil) {
		err = errors.New("the chart rendered no injector: set injector.enabled to true")
	}
	return r, err
}

// pointedAt returns the manifests with webhooks that the API server calls by URL.
func (r rendered) pointedAt(url string) (string, error) {
	for i := range r.webhooks.Webhooks {
		client := &r.webhooks.Webhooks[i].ClientConfig
		to := url + webhook.Paths()[r.webhooks.Webhooks[i].Name]
		client.Service, client.URL = nil, &to
	}
	text, err := yaml.Marshal(r.webhooks)
	return strings.Join(append(r.policies, string(text)), "\n---\n"), err
}
