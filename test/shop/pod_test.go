package shop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/build"
)

// cloud is the identity of a cluster, and the settings of its namespace.
type cloud struct {
	profile, region, cluster string
	// endpoint and protocol are annotations of the namespace.
	endpoint, protocol string
}

// containers returns the containers of a manifest of the shop by name, as telepod injects them.
func (c cloud) containers(t *testing.T, telepod string) map[string]corev1.Container {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "examples/shop/deploy", c.profile+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	annotations := "  name: shop\n  annotations: {telepod.dev/endpoint: '" + c.endpoint + "', telepod.dev/protocol: " + c.protocol + "}\n"
	cmd := exec.CommandContext(t.Context(), telepod, "inject", "-f", "-", "--profile", c.profile, "--region", c.region, "--cluster", c.cluster)
	cmd.Stdin = strings.NewReader(strings.Replace(string(manifest), "  name: shop\n", annotations, 1))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	found := map[string]corev1.Container{}
	for document := range strings.SplitSeq(string(out), "\n---\n") {
		var d appsv1.Deployment
		if err := yaml.Unmarshal([]byte(document), &d); err != nil {
			t.Fatal(err)
		}
		if d.Kind == "Deployment" {
			found[d.Name] = d.Spec.Template.Spec.Containers[0]
		}
	}
	return found
}

func telepod(t *testing.T) string {
	t.Helper()
	program, err := build.Binary(t.Context(), build.Spec{Name: "telepod", Package: "./cmd/telepod"})
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// environment resolves a container's variables as a kubelet does: pod fields, keys of the ConfigMap "shop",
// and references to earlier variables.
func environment(c corev1.Container, configMap map[string]string) []string {
	fields := map[string]string{"metadata.name": c.Name + "-0", "metadata.namespace": "shop", "metadata.uid": "uid-of-" + c.Name,
		"spec.nodeName": "node-1", "status.hostIP": "127.0.0.1", "status.podIP": "127.0.0.1"}
	values, reference := map[string]string{}, regexp.MustCompile(`\$\((\w+)\)`)
	var list []string
	for _, v := range c.Env {
		value := reference.ReplaceAllStringFunc(v.Value, func(r string) string { return values[r[2:len(r)-1]] })
		switch from := v.ValueFrom; {
		case from == nil:
		case from.FieldRef != nil:
			value = fields[from.FieldRef.FieldPath]
		case from.ConfigMapKeyRef != nil:
			value = configMap[from.ConfigMapKeyRef.Key]
		}
		values[v.Name] = value
		list = append(list, v.Name+"="+value)
	}
	return list
}

// pod is a running service.
type pod struct {
	cmd *exec.Cmd
	log await.Log
}

// start runs a container as a process that listens on the address.
func start(t *testing.T, program, address string, c corev1.Container, configMap map[string]string) *pod {
	t.Helper()
	p := &pod{cmd: exec.Command(program, append(c.Args, "-listen="+address)...)}
	p.cmd.Env = environment(c, configMap)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", c.Name, err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			_ = p.cmd.Process.Kill() // fails only if it has exited
			_ = p.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", c.Name, p.log.String())
		}
	})
	return p
}

// stop stops all services as a kubelet does, and waits until they have flushed and exited.
func stop(t *testing.T, pods []*pod) {
	t.Helper()
	for _, p := range pods {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range pods {
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("%v: %v", p.cmd.Args, err)
		}
	}
}

// run runs a program and returns its output.
func run(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	return string(out), err
}
