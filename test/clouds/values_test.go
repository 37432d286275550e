package clouds

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/helm"
)

// TestValues holds the values to the chart's schema and checks without three clusters.
func TestValues(t *testing.T) {
	if testing.Short() {
		t.Skip("builds Helm; run without -short")
	}
	cli, err := helm.V4(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chart, err := helm.Chart()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places() {
		t.Run(p.Cluster, func(t *testing.T) {
			values := filepath.Join(t.TempDir(), "values.yaml")
			if err := os.WriteFile(values, []byte(p.values()), 0o644); err != nil {
				t.Fatal(err)
			}
			rendered, err := cli.Run(t.Context(), "template", "telepod", chart, "--namespace", "telepod",
				"--values", filepath.Join(chart, "examples", p.example), "--values", values)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"name: telepod-injector", "kind: DaemonSet", primaryEndpoint, backupEndpoint} {
				if !strings.Contains(rendered, want) {
					t.Errorf("%q is not in what Helm renders", want)
				}
			}
			if site := strings.Contains(rendered, "kind: StatefulSet"); site != (p.Endpoint != "") {
				t.Errorf("there is a central site: %t", site)
			}
			if strings.Contains(rendered, "cert-manager.io") {
				t.Error("certificates come from cert-manager, which is not installed")
			}
		})
	}
}
