package release

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/pipeline"
)

// from selects the sources of the previous release. A clone may have no tags, so by default they are the same sources.
var from = flag.String("from", "", "git revision of the previous release; empty means these sources with an earlier version number")

const earlier = "0.0.1"

// upgrade installs the previous release from the registry, and upgrades it to this one while pods are created and
// telemetry is sent. Every pod must be injected, and everything that the region acknowledged must arrive.
func (b *bench) upgrade(t *testing.T) {
	before := b.buildEarlier(t)
	c := b.startCluster(t)
	stores := pipeline.StartBackends(t, c.Host())
	dir := b.describe(t, c, stores)
	b.telepod(t, dir, before, "estate", "ca", "init")
	b.telepod(t, dir, before, "estate", "install")
	b.awaitVersion(t, c, earlier)
	if err := c.Apply(t.Context(), sidecarPod); err != nil {
		t.Fatal(err)
	}
	b.kubectl(t, c, "wait", "--for=condition=Ready", "pod/app", "--timeout=90s")

	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	admissions := install.StartAdmissions(t, config, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "load-", Namespace: "default", Annotations: map[string]string{"telepod.dev/inject": "true"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: cluster.AppImage}}},
	})
	sent := pipeline.SendLoad(t, pipeline.Load{Endpoint: net.JoinHostPort(c.Nodes()[0].Address, "4317"), Rate: 200, Batch: 20})
	admissions.Reach(t, 20)
	b.telepod(t, dir, b.out, "estate", "set", "chart.version="+b.version)
	b.telepod(t, dir, b.out, "estate", "upgrade")
	b.awaitVersion(t, c, b.version)
	admissions.Reach(t, admissions.Made()+20)
	admissions.Finish(t)
	for _, o := range stores.Drain(t, sent, pipeline.Archives(), time.Minute) {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%s: %d of %d acknowledged items never arrived at %s", o.Signal, o.Lost, o.Acked, o.Backend)
		}
	}
	if got := b.kubectl(t, c, "get", "pod", "app", "-o", "jsonpath={.status.phase} {.status.initContainerStatuses[*].restartCount}"); got != "Running 0" {
		t.Errorf("the pod with the previous release's sidecar is %q, want Running without a restart", got)
	}
}

// buildEarlier builds and pushes the previous release with its own program, and returns the directory of its files.
func (b *bench) buildEarlier(t *testing.T) string {
	t.Helper()
	root, out := b.copied, filepath.Join(t.TempDir(), "release")
	if *from != "" {
		root = filepath.Join(t.TempDir(), "sources")
		archive := root + ".tar"
		if err := os.Mkdir(root, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "git", "-C", b.root, "archive", "-o", archive, *from).CombinedOutput(); err != nil {
			t.Fatalf("-from %s: %v: %s", *from, err, out)
		}
		b.run(t, "", "tar", "-xf", archive, "-C", root)
	}
	edit(t, filepath.Join(root, "charts/telepod/Chart.yaml"), `(?m)^(version|appVersion): .*$`, "$1: "+earlier)
	edit(t, filepath.Join(root, "profiles/builtin/base.yaml"), `(?m)^(  image: \S+/collector):\S+$`, "$1:"+earlier)
	module := filepath.Join(root, "release")
	b.run(t, module, "go", "run", ".", "build", "-root", root, "-out", out, "-platforms", "linux/amd64", "-cyclonedx-gomod", "cyclonedx-gomod")
	b.run(t, module, "go", "run", ".", "push", "-root", root, "-out", out, "-registry", b.registry())
	b.run(t, out, "tar", "-xzf", fmt.Sprintf("telepod_%s_linux_amd64.tar.gz", earlier), "telepod")
	return out
}

func edit(t *testing.T, path, pattern, replacement string) {
	t.Helper()
	old := read(t, path)
	text := regexp.MustCompile(pattern).ReplaceAllString(old, replacement)
	if text == old {
		t.Fatalf("%s contains nothing that matches %s", path, pattern)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// describe writes the estate file: one cluster, its own site, with queues on disk. It returns the file's directory.
func (b *bench) describe(t *testing.T, c *cluster.Cluster, stores *pipeline.Backends) string {
	t.Helper()
	dir, disks, to := t.TempDir(), t.TempDir(), stores.Direct()
	site := filepath.Join(disks, "site")
	if err := os.Mkdir(site, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(site, 0o777); err != nil { // regardless of the umask
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), install.Volume("queue-telepod-central-0", site)); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
kind: Estate
chart: {source: "oci://%s/telepod/charts/telepod", version: %s}
certificates: {from: secrets}
sites:
  primary:
    cluster: prod-use1
    endpoint: telepod-central.telepod.svc:4318
    stores:
      jaeger: %s
      prometheus: http://%s/api/v1/write
      archive: {bucket: archive, region: us-east-1, endpoint: "http://%s"}
clusters:
  - {name: prod-use1, cloud: aws, region: us-east-1, context: %s}
values:
  injector: {replicas: 2}
  regional: {queue: {path: %s}}
  central:
    service: {type: ClusterIP}
    sampling: {keepPercent: 100}
    storage: {gigabytes: 1}
    resources: {requests: {cpu: 50m, memory: 64Mi}}
    env: [{name: AWS_ACCESS_KEY_ID, value: test}, {name: AWS_SECRET_ACCESS_KEY, value: test}]
    # A test does not wait for large objects.
    config: {connectors: {spool/archive: {sending_queue: {batch: {flush_timeout: 1s}}}}}
`, b.registry(), earlier, to.OTLP, to.RemoteWrite, to.S3, strings.TrimSpace(b.kubectl(t, c, "config", "current-context")), filepath.Join(disks, "region"))
	if err := os.WriteFile(filepath.Join(dir, "estate.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// telepod runs the program of a release in the directory of the estate file. Its helm connects to the registry without TLS.
func (b *bench) telepod(t *testing.T, dir, release string, args ...string) {
	t.Helper()
	kube, err := build.Binary(t.Context(), cluster.Kubernetes())
	if err != nil {
		t.Fatal(err)
	}
	bin, helm := t.TempDir(), strings.TrimSpace(b.run(t, "", "sh", "-c", "command -v helm"))
	for name, script := range map[string]string{"helm": "exec '" + helm + `' "$@" --plain-http`, "kubectl": "exec '" + kube + `' kubectl "$@"`} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	out := b.run(t, dir, "sh", append([]string{"-c", `PATH="$0:$PATH"; exec "$@"`, bin, filepath.Join(release, "telepod")}, args...)...)
	t.Log(out)
}

// awaitVersion waits until all pods of Telepod run a version, with images by digest.
func (b *bench) awaitVersion(t *testing.T, c *cluster.Cluster, version string) {
	t.Helper()
	want := []string{"ghcr.io/telepod/collector@" + b.digest(t, "collector", version), "ghcr.io/telepod/injector@" + b.digest(t, "injector", version)}
	err := await.Success(t.Context(), 2*time.Minute, func(ctx context.Context) error {
		out, err := c.Kubectl(ctx, "get", "pods", "-n", install.Namespace, "-o", `jsonpath={range .items[*]}{.spec.containers[*].image}{"\n"}{end}`)
		got := strings.Fields(out)
		slices.Sort(got)
		if got = slices.Compact(got); err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("pods run %v, want %v of %s", got, want, version)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) kubectl(t *testing.T, c *cluster.Cluster, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
