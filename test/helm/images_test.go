package helm_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const (
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// everyPod sets values that render every pod of the chart.
var everyPod = []string{"--set", "cloud.provider=aws,cloud.region=us-east-1,cluster.name=prod,central.primary=central:4318," +
	"central.enabled=true,central.replicas=2,central.jaeger=jaeger:4317,drill.schedule=0 4 * * 1"}

var imageLine = regexp.MustCompile(`(?m)(?:image:|--sidecar-image=) *"?([^\s"]+)"?$`)

// TestImages renders every pod, and checks the images of all pods and sidecars.
func TestImages(t *testing.T) {
	published := publish(t, map[string]string{"ghcr.io/telepod/injector": digestA, "ghcr.io/telepod/collector": digestB})
	const cli = "ghcr.io/telepod/telepod:0.1.0"
	cases := map[string]struct {
		chart string
		set   string
		want  []string
	}{
		"by default":              {chart(t), "", []string{"ghcr.io/telepod/collector:0.1.0", "ghcr.io/telepod/injector:0.1.0", cli}},
		"a registry for all":      {chart(t), "global.imageRegistry=localhost:5000/mirror", []string{"localhost:5000/mirror/telepod/collector:0.1.0", "localhost:5000/mirror/telepod/injector:0.1.0", "localhost:5000/mirror/telepod/telepod:0.1.0"}},
		"a registry without host": {chart(t), "global.imageRegistry=r.example.com,injector.image.repository=mine/telepod", []string{"r.example.com/mine/telepod:0.1.0", "r.example.com/telepod/collector:0.1.0", "r.example.com/telepod/telepod:0.1.0"}},
		"published":               {published, "", []string{"ghcr.io/telepod/collector@" + digestB, "ghcr.io/telepod/injector@" + digestA, cli}},
		"published, mirrored":     {published, "global.imageRegistry=r.example.com", []string{"r.example.com/telepod/collector@" + digestB, "r.example.com/telepod/injector@" + digestA, "r.example.com/telepod/telepod:0.1.0"}},
		"published, another tag":  {published, "injector.image.tag=1.2.3", []string{"ghcr.io/telepod/collector@" + digestB, "ghcr.io/telepod/injector:1.2.3", cli}},
		"published, another name": {published, "collector.image.repository=r.example.com/collector", []string{"ghcr.io/telepod/injector@" + digestA, cli, "r.example.com/collector:0.1.0"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for _, version := range []string{"v4", "v3"} {
				out := renderChart(t, version, c.chart, append(everyPod, "--set", c.set)...)
				var got []string
				for _, match := range imageLine.FindAllStringSubmatch(out, -1) {
					got = append(got, match[1])
				}
				slices.Sort(got)
				if diff := cmp.Diff(c.want, slices.Compact(got)); diff != "" {
					t.Errorf("Helm %s (-want +got):\n%s", version, diff)
				}
			}
		})
	}
}

// TestPullSecrets: a pull Secret for all images is in every pod, including sidecars.
func TestPullSecrets(t *testing.T) {
	for _, secret := range []string{`["all"]`, `[{"name":"all"}]`} {
		out := renderChart(t, "v4", chart(t), append(everyPod, "--set-json", "global.imagePullSecrets="+secret, "--set", "injector.image.pullSecrets[0]=own")...)
		if !strings.Contains(out, "- --sidecar-pull-secrets=all\n") {
			t.Error("sidecars do not use the pull Secret")
		}
		if pods, listed := strings.Count(out, "imagePullSecrets:\n"), strings.Count(out, "- name: all\n"); pods != 6 || listed != 6 {
			t.Errorf("%d pods have pull Secrets, %d of them this one, want 6", pods, listed)
		}
	}
}

// publish copies the chart and adds image digests, as a release does.
func publish(t *testing.T, digests map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "telepod")
	if err := os.CopyFS(dir, os.DirFS(chart(t))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Chart.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]any{}
	if err := yaml.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	annotations := map[string]string{}
	for repository, digest := range digests {
		annotations["telepod.dev/digest/"+repository] = digest
	}
	metadata["annotations"] = annotations
	if text, err = yaml.Marshal(metadata); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func renderChart(t *testing.T, version, dir string, args ...string) string {
	t.Helper()
	out, err := program(t, version).Run(t.Context(), append([]string{"template", "telepod", dir, "--namespace", "telepod", "--kube-version", newest}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
