package clouds

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/helm"
)

// TestEstateValuesRender renders the chart with the values of each cluster in the estate file.
func TestEstateValuesRender(t *testing.T) {
	if testing.Short() {
		t.Skip("builds Helm; run without -short")
	}
	cli, chart := helm.ForTest(t)
	e, err := description()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range e.Clusters {
		t.Run(c.Name, func(t *testing.T) {
			text, err := e.ValuesFile(c, "estate.yaml")
			if err != nil {
				t.Fatal(err)
			}
			values := filepath.Join(t.TempDir(), "values.yaml")
			if err := os.WriteFile(values, text, 0o644); err != nil {
				t.Fatal(err)
			}
			rendered, err := cli.Run(t.Context(), "template", "telepod", chart, "--namespace", "telepod", "--values", values)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"name: telepod-injector", "kind: DaemonSet", e.Sites.Primary.Endpoint, e.Sites.Backup.Endpoint} {
				if !strings.Contains(rendered, want) {
					t.Errorf("the rendered chart does not contain %q", want)
				}
			}
			if site := strings.Contains(rendered, "kind: StatefulSet"); site != (e.Role(c.Name) != "") {
				t.Errorf("the rendered chart has a central site: %t, want %t", site, !site)
			}
			if strings.Contains(rendered, "cert-manager.io") {
				t.Error("the chart needs cert-manager, which is not installed")
			}
		})
	}
}
