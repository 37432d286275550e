package release

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// publish pushes and signs with a key: without one, cosign needs services on the internet.
func (b *bench) publish(t *testing.T) {
	b.run(t, b.out, "cosign", "generate-key-pair")
	b.run(t, b.root, "release", "push", "-root", b.root, "-out", b.out, "-registry", b.registry())
	b.run(t, b.root, "release", "sign", "-root", b.root, "-out", b.out, "-registry", b.registry(), "-key", filepath.Join(b.out, "cosign.key"), "-cosign", "cosign")
	list := b.run(t, "", "crane", "manifest", b.registry()+"/telepod/collector:"+b.version)
	if !strings.Contains(list, "application/vnd.oci.image.index.v1+json") || !strings.Contains(list, `"architecture":"amd64"`) {
		t.Errorf("the Collector's image is not a manifest list: %s", list)
	}
}

// commands runs the commands in a section of docs/install.md, with the test's registry and key. In the cluster, images keep
// their names, because its nodes use the registry as a mirror.
func (b *bench) commands(t *testing.T, section string) string {
	t.Helper()
	page := read(t, filepath.Join(b.root, "docs/install.md"))
	_, text, found := strings.Cut(page, "<!-- test: "+section+" -->\n")
	if !found {
		t.Fatalf("docs/install.md has no commands %q", section)
	}
	text, _, _ = strings.Cut(strings.TrimLeft(text, "\n"), "\n\n")
	var script strings.Builder
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimSpace(line), "0.1.0", b.version)
		line = strings.NewReplacer("ghcr.io", b.registry(), "registry.example.com", b.registry()).Replace(line)
		line = regexp.MustCompile(`IDENTITY='[^']*'`).ReplaceAllString(line, "IDENTITY='--key=cosign.pub --insecure-ignore-tlog'")
		line = strings.ReplaceAll(line, "oci://", "--plain-http oci://")
		script.WriteString(line + "\n")
	}
	return b.run(t, b.out, "sh", "-euxc", script.String())
}

// verify runs the page's commands. With another key, or for another image, they must fail.
func (b *bench) verify(t *testing.T) {
	b.commands(t, "verify")
	other := t.TempDir()
	b.run(t, other, "cosign", "generate-key-pair")
	image := b.registry() + "/telepod/injector:" + b.version
	if _, err := b.try(t.Context(), other, "cosign", "verify", "--key=cosign.pub", "--insecure-ignore-tlog", image); err == nil {
		t.Error("cosign verified the image with another key")
	}
	b.run(t, "", "crane", "mutate", "--label", "forged=true", image, "--tag", image+"-forged")
	if _, err := b.try(t.Context(), b.out, "cosign", "verify", "--key=cosign.pub", "--insecure-ignore-tlog", image+"-forged"); err == nil {
		t.Error("cosign verified an unsigned image")
	}
	if sbom := read(t, filepath.Join(b.out, "otelcol_"+b.version+".cdx.json")); !strings.Contains(sbom, "pkg:golang/go.opentelemetry.io/collector/exporter@") {
		t.Error("the Collector's SBOM does not list its modules")
	}
}

func (b *bench) commandLine(t *testing.T) {
	if got, want := b.commands(t, "command line"), "telepod "+b.version+" ("; !strings.Contains(got, want) {
		t.Errorf("telepod from the archive prints %q, want %q", got, want)
	}
	for _, name := range []string{"completions/telepod.zsh", "man/telepod-explain.1"} {
		if content := read(t, filepath.Join(b.out, name)); len(content) < 500 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
	}
}

func (b *bench) krew(t *testing.T) {
	archive := fmt.Sprintf("telepod_%s_linux_amd64.tar.gz", b.version)
	b.run(t, b.out, "kubectl-krew", "install", "--manifest=telepod.krew.yaml", "--archive="+archive)
	if got := b.run(t, b.out, "sh", "-c", "$KREW_ROOT/bin/kubectl-telepod version"); !strings.Contains(got, b.version) {
		t.Errorf("the plugin prints %q", got)
	}
}

// goInstall installs the program from a proxy that serves the tagged module, and this machine's dependencies.
func (b *bench) goInstall(t *testing.T) {
	proxy, bin, modules := t.TempDir(), t.TempDir(), t.TempDir()
	version := module.Version{Path: "github.com/telepod/telepod", Version: "v" + b.version}
	dir := filepath.Join(proxy, version.Path, "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, version.Version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := modzip.CreateFromDir(file, version, b.copied); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list":                    version.Version + "\n",
		version.Version + ".info": fmt.Sprintf(`{"Version":%q}`, version.Version),
		version.Version + ".mod":  read(t, filepath.Join(b.copied, "go.mod")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.run(t, proxy, "env", "GOPROXY=file://"+proxy+",file://"+filepath.Join(goEnv(t, "GOMODCACHE"), "cache/download"), "GONOSUMDB=*", "GOSUMDB=off",
		"GOFLAGS=-trimpath -modcacherw", "GOBIN="+bin, "GOMODCACHE="+modules, "CGO_ENABLED=0", "go", "install", version.Path+"/cmd/telepod@"+version.Version)
	if got := b.run(t, "", filepath.Join(bin, "telepod"), "version"); !strings.HasPrefix(got, "telepod "+version.Version+" (") {
		t.Errorf("the installed program prints %q", got)
	}
}

const sidecarPod = `
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: default, annotations: {telepod.dev/inject: "true", telepod.dev/sidecar: "true"}}
spec: {containers: [{name: app, image: "telepod.test/app:1"}]}
`

// install installs the chart from the registry, by the page's commands, and runs a pod with a sidecar.
func (b *bench) install(t *testing.T) {
	c := b.startCluster(t)
	b.commands(t, "chart")
	if pulled, made := read(t, filepath.Join(b.out, "telepod-"+b.version+".tgz")), b.run(t, b.out, "sh", "-c", "grep telepod-"+b.version+".tgz checksums.txt | sha256sum -c -"); pulled == "" || !strings.Contains(made, "OK") {
		t.Errorf("the chart in the registry differs from the built one: %s", made)
	}
	injector := b.digest(t, "injector", b.version)
	deployed, err := c.Kubectl(t.Context(), "get", "pods", "-n", "telepod", "-l", "app.kubernetes.io/component=injector", "-o", `jsonpath={range .items[*]}{.spec.containers[0].image} {.status.containerStatuses[0].imageID}{"\n"}{end}`)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(deployed) {
		if want := "ghcr.io/telepod/injector@" + injector + " ghcr.io/telepod/injector@" + injector + "\n"; line != want {
			t.Errorf("the injector runs %q, want %q", line, want)
		}
	}
	if err := c.Apply(t.Context(), sidecarPod); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), "wait", "--for=condition=Ready", "pod/app", "--timeout=90s"); err != nil {
		t.Fatal(err)
	}
	sidecar, err := c.Kubectl(t.Context(), "get", "pod", "app", "-o", "jsonpath={.spec.initContainers[*].image}{.spec.containers[*].image}")
	if want := "ghcr.io/telepod/collector@" + b.digest(t, "collector", b.version); err != nil || !strings.Contains(sidecar, want) {
		t.Errorf("the pod runs %s, want %s in it, %v", sidecar, want, err)
	}
	b.commands(t, "mirror")
	mirrored, err := c.Kubectl(t.Context(), "get", "deployment", "-n", "telepod", "telepod-injector", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
	if want := b.registry() + "/mirror/telepod/injector@" + injector; err != nil || mirrored != want {
		t.Errorf("with a private registry the injector runs %s, want %s, %v", mirrored, want, err)
	}
}

func (b *bench) digest(t *testing.T, name, version string) string {
	t.Helper()
	return strings.TrimSpace(b.run(t, "", "crane", "digest", b.registry()+"/telepod/"+name+":"+version))
}
