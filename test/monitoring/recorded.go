package monitoring

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/ports"
)

// Recorded starts a real Prometheus with the chart's rules and a history in OpenMetrics format, and returns
// its URL. It stops with the test.
func Recorded(t *testing.T, history string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed: apt-get install prometheus")
	}
	dir := t.TempDir()
	rules, data := filepath.Join(dir, "rules"), filepath.Join(dir, "data")
	if err := os.Mkdir(rules, 0o755); err != nil {
		t.Fatal(err)
	}
	recorded, err := RuleFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"history.om":     history + "# EOF\n",
		"prometheus.yml": fmt.Sprintf("global: {evaluation_interval: 1s}\nrule_files: [%s/*.yaml]\n", rules),
	}
	for name, text := range recorded {
		files["rules/"+name] = strings.ReplaceAll(text, "interval: 1m\n", "interval: 2s\n") // so the test does not wait a minute
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "--max-block-duration=8760h", "openmetrics", filepath.Join(dir, "history.om"), data).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports.ForTest(t, "127.0.0.1", 1)[0])
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address="+address, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	if err := await.Success(t.Context(), time.Minute, func(ctx context.Context) error { return await.OK(ctx, "http://"+address+"/-/ready") }); err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}
