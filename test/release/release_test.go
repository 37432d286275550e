package release

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/ports"
)

// bench is a release, and the tools to test it.
type bench struct {
	root, copied     string // the repository, and a copy of its files
	out              string // output of the build
	port             int
	env              []string // with the tools in PATH
	version, cluster string   // cluster is a kubeconfig
}

// TestRelease builds one release for all steps. Each step needs the previous ones.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a release; run without -short")
	}
	b := newBench(t)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"build", b.build},
		{"push and sign", b.publish},
		{"verify", b.verify},
		{"command line", b.commandLine},
		{"krew", b.krew},
		{"go install", b.goInstall},
		{"install", b.install},
		{"upgrade under load", b.upgrade},
	} {
		if !t.Run(step.name, step.test) {
			t.FailNow()
		}
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{root: root, copied: filepath.Join(t.TempDir(), "elsewhere"), out: filepath.Join(t.TempDir(), "release"), cluster: filepath.Join(t.TempDir(), "kubeconfig")}
	tools := t.TempDir()
	for name, spec := range map[string]build.Spec{
		"release":         {Module: "release"},
		"crane":           {Module: "release", Package: "github.com/google/go-containerregistry/cmd/crane"},
		"cosign":          {Module: "release/tools", Package: "github.com/sigstore/cosign/v3/cmd/cosign", Takes: "about 4 minutes"},
		"cyclonedx-gomod": {Module: "release/tools", Package: "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod", Takes: "about 1 minute"},
		"kubectl-krew":    {Module: "test/release/krew", Package: "sigs.k8s.io/krew/cmd/krew", Takes: "about 1 minute"},
		"helm":            {Module: "test/helm/cli", Package: "helm.sh/helm/v4/cmd/helm", Takes: "about 2 minutes"},
	} {
		spec.Name = name
		if name == "helm" {
			spec.Name = "helm4" // same cache entry as the chart's tests
		}
		program, err := build.Binary(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(tools, name)); err != nil {
			t.Fatal(err)
		}
	}
	home := t.TempDir()
	b.env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "HOME="+home, "KUBECONFIG="+b.cluster, "KREW_ROOT="+filepath.Join(home, "krew"),
		"GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "COSIGN_PASSWORD=",
		// Hide the repository: the copy has none either.
		"SOURCE_DATE_EPOCH=1700000000", "GIT_DIR="+filepath.Join(home, "no-repository"))
	b.copySources(t)
	b.serveRegistry(t)
	return b
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// run runs a program with the tools in its PATH, and returns its standard output.
func (b *bench) run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := b.try(t.Context(), dir, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (b *bench) try(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "env", append([]string{"--", name}, args...)...)
	cmd.Dir, cmd.Env = dir, b.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}

// copySources copies the files that git tracks or would add, without the repository.
func (b *bench) copySources(t *testing.T) {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "git", "-C", b.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal("the test needs a clone: ", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(b.root, name))
		if os.IsNotExist(err) {
			continue // deleted, not committed yet
		}
		path := filepath.Join(b.copied, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// serveRegistry starts a registry on every address; nodes use it as the mirror of all registries.
func (b *bench) serveRegistry(t *testing.T) {
	t.Helper()
	b.port = ports.ForTest(t, "", 1)[0]
	cmd := exec.CommandContext(t.Context(), "env", "--", "crane", "registry", "serve", "--disk", t.TempDir())
	cmd.Env = append(b.env, fmt.Sprintf("PORT=%d", b.port))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // after the context of the test
	err := await.Success(t.Context(), 30*time.Second, func(ctx context.Context) error {
		_, err := b.try(ctx, "", "crane", "catalog", b.registry())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) registry() string { return fmt.Sprintf("127.0.0.1:%d", b.port) }

// build builds the release, and builds it again from a copy in another directory: all common files must be identical. The
// second build omits the Collector, which is large and built in the same way, so its chart differs.
func (b *bench) build(t *testing.T) {
	again := filepath.Join(t.TempDir(), "again")
	flags := []string{"build", "-platforms", "linux/amd64", "-cyclonedx-gomod", "cyclonedx-gomod"}
	b.run(t, b.root, "release", append(flags, "-root", b.root, "-out", b.out)...)
	b.run(t, b.copied, "release", append(flags, "-root", b.copied, "-out", again, "-images", "injector,telepod")...)
	first, second := read(t, filepath.Join(b.out, "checksums.txt")), read(t, filepath.Join(again, "checksums.txt"))
	for line := range strings.Lines(second) {
		if chart := strings.HasSuffix(line, ".tgz\n"); !chart && !strings.Contains(first, line) {
			t.Errorf("two builds differ: %sis not in\n%s", line, first)
		}
	}
	for name, digest := range images(t, again) {
		if digest != images(t, b.out)[name] {
			t.Errorf("two builds differ: image %s is %s and %s", name, images(t, b.out)[name], digest)
		}
	}
	b.version = regexp.MustCompile(`telepod-([0-9.]+)\.tgz`).FindStringSubmatch(first)[1]
	if _, err := b.try(t.Context(), b.root, "release", "build", "-root", b.root, "-version", "99.0.0"); err == nil || !strings.Contains(err.Error(), "set both to 99.0.0") {
		t.Errorf("with a version other than the chart's: %v", err)
	}
}

// images returns the digests in the OCI layout of a build, by name.
func images(t *testing.T, out string) map[string]string {
	t.Helper()
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	if err := json.Unmarshal([]byte(read(t, filepath.Join(out, "oci/index.json"))), &index); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, m := range index.Manifests {
		if name := m.Annotations["org.opencontainers.image.ref.name"]; !strings.HasPrefix(name, "telepod/charts/") {
			all[name] = m.Digest
		}
	}
	if len(all) < 2 {
		t.Fatalf("%s has images %v", out, all)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// startCluster starts a cluster that uses the test's registry as a mirror of all registries.
func (b *bench) startCluster(t *testing.T) *cluster.Cluster {
	t.Helper()
	c := cluster.ForTest(t, cluster.Options{Name: "release", Nodes: make([]cluster.Node, 1), MirrorPort: b.port})
	if err := os.WriteFile(b.cluster, []byte(read(t, c.Kubeconfig())), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}
