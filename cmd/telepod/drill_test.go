//go:build !injector

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/telepod/telepod/drill"
)

// TestDrillArguments: incomplete or contradictory flags are refused.
func TestDrillArguments(t *testing.T) {
	const sites = " --contexts a,b --primary a --backup b"
	for args, want := range map[string]string{
		"failover":                                      "--contexts is required: list the clusters",
		"failover --contexts a":                         "--primary and --backup are required: set them to the contexts of the two sites, or use --observe",
		"failover --contexts a --primary a":             "--primary and --backup are required",
		"failover --contexts a --primary a --backup a":  "a site cannot take over from itself",
		"failover --observe --contexts a,":              "--contexts has an empty name",
		"failover --in-cluster":                         "--in-cluster accesses only one cluster: add --observe",
		"failover --in-cluster --observe --contexts a":  "--contexts and --in-cluster are mutually exclusive",
		"failover --observe --contexts a --method kill": "--method and --observe are mutually exclusive",
		"failover --method=kil" + sites:                 `choose one of scale, partition, kill (did you mean "kill"?)`,
		"failover --rate 0" + sites:                     "--rate is 0",
		"failover now" + sites:                          `unexpected argument "now": separate contexts by commas: --contexts a,b,now`,
		"restore":                                       "--primary is required: set it to the context of the primary site",
		"failver":                                       `did you mean "failover"?`,
	} {
		var out, stderr bytes.Buffer
		code := run(append([]string{"drill"}, strings.Fields(args)...), streams{strings.NewReader(""), &out, &stderr})
		if code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("telepod drill %s: exit code %d, %q; want %d and %q in it", args, code, &stderr, exitUsage, want)
		}
	}
}

// TestFailOverLimit: a drill that scales a site to zero allows for the time in which the chart drains it.
func TestFailOverLimit(t *testing.T) {
	if chart := string(read(t, "../../charts/telepod/values.yaml")); !strings.Contains(chart, fmt.Sprintf("\n    drainSeconds: %d\n", int(drain.Seconds()))) {
		t.Errorf("drainSeconds in the chart is not %s", drain)
	}
	for method, want := range map[drill.Method]time.Duration{drill.Scale: 30 * time.Second, drill.Partition: 10 * time.Second, drill.Kill: 10 * time.Second} {
		if got := failOverLimit(method); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
}

// TestDrillOutOfCluster: the command that a CronJob runs fails with a clear error outside a cluster.
func TestDrillOutOfCluster(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	var out, stderr bytes.Buffer
	code := run(strings.Fields("drill failover --observe --in-cluster"), streams{strings.NewReader(""), &out, &stderr})
	if code != exitError || !strings.Contains(stderr.String(), "outside a cluster, use --contexts") {
		t.Errorf("exit code %d, %q", code, &stderr)
	}
}

// TestDrillDoesNothing without permission or confirmation.
func TestDrillDoesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		args, answer string
		healthy      bool
		role         string // that the sites report
		code         int
		out, stderr  string
	}{
		"dry run":               {"--dry-run", "", true, "", exitOK, "dry run: nothing was done\n", "the backup is healthy"},
		"no answer":             {"", "", true, "", exitError, "", "error: nothing was done: answer yes, or use --yes"},
		"another answer":        {"", "y\n", true, "", exitError, "", "error: nothing was done: answer yes, or use --yes"},
		"an unhealthy backup":   {"--yes", "", false, "", exitError, "", "the site in backup: statefulset/telepod-central has 0 of 1 ready: telepod check shows the details"},
		"the same in a dry run": {"--dry-run", "", false, "", exitError, "", "the backup cannot take over"},
		"the backup as primary": {"--yes", "", true, "backup", exitError, "", "nothing was done: primary has central.role backup, so it is not the primary: set --primary and --backup"},
		"the primary as backup": {"--dry-run", "", true, "primary", exitError, "", "nothing was done: backup has central.role primary, so it is not the backup"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &apiServer{healthy: test.healthy, role: test.role}
			args := "drill failover --contexts region --primary primary --backup backup --method partition --kubeconfig " + a.kubeconfig(t, "region", "primary", "backup")
			var out, stderr bytes.Buffer
			code := run(strings.Fields(args+" "+test.args), streams{strings.NewReader(test.answer), &out, &stderr})
			if code != test.code || out.String() != test.out || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("exit code %d, output %q, %q", code, &out, &stderr)
			}
			if len(a.changes) > 0 {
				t.Errorf("it sent %v", a.changes)
			}
		})
	}
}

func TestDrillObserves(t *testing.T) {
	a := &apiServer{healthy: true}
	file := filepath.Join(t.TempDir(), "drills", "one")
	args := "drill failover --observe --contexts region --duration 1s --interval 50ms --max-lost=-1 --max-duplicated=-1 --operator alice -o json" +
		" --report " + file + " --kubeconfig " + a.kubeconfig(t, "region")
	var out, stderr bytes.Buffer
	if code := run(strings.Fields(args), streams{strings.NewReader(""), &out, &stderr}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	var report struct {
		Verdict, Method, Operator string
		Regions                   []struct {
			Collectors []struct{ Name, Using string }
		}
		Canaries struct{ Accepted int }
		Clusters []struct{ Name, User, Kubernetes string }
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	const want = "passed observe alice [{[{telepod-x primary}]}] [{region alice@example.test v1.36.3}]"
	if got := fmt.Sprint(report.Verdict, " ", report.Method, " ", report.Operator, " ", report.Regions, " ", report.Clusters); got != want || report.Canaries.Accepted == 0 {
		t.Errorf("report %q, want %q, and canaries: %s", got, want, &out)
	}
	if kept := string(read(t, file+".json")); kept != out.String() {
		t.Errorf("the file has\n%s, and the output\n%s", kept, &out)
	}
	if page := string(read(t, file+".md")); !strings.HasPrefix(page, "# Failover drill ") || !strings.Contains(stderr.String(), "fail nothing, only watch") {
		t.Errorf("page %s, standard error %s", page, &stderr)
	}
	if slices.ContainsFunc(a.changes, func(change string) bool { return !strings.HasSuffix(change, "/proxy/v1/traces") }) || len(a.changes) == 0 {
		t.Errorf("an observation sent %v", a.changes)
	}
}

// TestDrillReportNotWritable: a report that cannot be written to a file is still printed.
func TestDrillReportNotWritable(t *testing.T) {
	a := &apiServer{healthy: true}
	config := a.kubeconfig(t, "region")
	args := "drill failover --observe --contexts region --duration 1s --interval 50ms --max-lost=-1 --report " + config + "/one --kubeconfig " + config
	var out, stderr bytes.Buffer
	if code := run(strings.Fields(args), streams{strings.NewReader(""), &out, &stderr}); code != exitError || !strings.Contains(stderr.String(), "write the report: ") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if !strings.HasPrefix(out.String(), "# Failover drill ") {
		t.Errorf("it printed %q, want the report", &out)
	}
}

// TestDrillPrompt: interrupting a question means no.
func TestDrillPrompt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	silent, end := io.Pipe()
	defer end.Close()
	if agreed(ctx, silent, io.Discard, "Now?") {
		t.Error("no answer counts as yes")
	}
}

// apiServer is a cluster with one Collector of each kind. It records requests that would change it.
type apiServer struct {
	healthy bool
	role    string // of all sites; empty if they do not report it
	mu      sync.Mutex
	sent    int
	changes []string
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	whoAmI := strings.HasSuffix(r.URL.Path, "/selfsubjectreviews")
	if r.Method != http.MethodGet && !whoAmI {
		a.changes = append(a.changes, r.Method+" "+r.URL.Path)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/version":
		fmt.Fprint(w, `{"gitVersion":"v1.36.3"}`)
	case whoAmI:
		fmt.Fprint(w, `{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":{"username":"alice@example.test"}}}`)
	case strings.HasPrefix(r.URL.Path, "/apis/apps/") && !strings.HasSuffix(r.URL.Path, "/statefulsets"), strings.HasSuffix(r.URL.Path, "/events"):
		http.NotFound(w, r)
	case strings.Contains(r.URL.Query().Get("labelSelector"), "component=sampler"):
		fmt.Fprint(w, `{"kind":"List","apiVersion":"v1","items":[]}`)
	case strings.HasSuffix(r.URL.Path, "/statefulsets"):
		fmt.Fprintf(w, `{"kind":"StatefulSetList","apiVersion":"apps/v1","items":[{"kind":"StatefulSet","apiVersion":"apps/v1","metadata":{"name":"telepod-central"},"spec":{"replicas":1},"status":{"readyReplicas":%d}}]}`,
			map[bool]int{true: 1}[a.healthy])
	case strings.HasSuffix(r.URL.Path, "/pods"):
		fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"telepod-x"},"status":{"conditions":[{"type":"Ready","status":%q}]}}]}`,
			map[bool]string{true: "True", false: "False"}[a.healthy || !strings.Contains(r.URL.RawQuery, "central")])
	case strings.HasSuffix(r.URL.Path, "/proxy/v1/traces"):
		a.sent++
	case strings.HasSuffix(r.URL.Path, "/proxy/metrics"):
		fmt.Fprintf(w, "otelcol_exporter_failover_delivered_items_total{endpoint=\"primary\",exporter=\"otlp_failover\",signal=\"traces\"} %d\n", a.sent)
		fmt.Fprintf(w, "otelcol_process_uptime_seconds_total{telepod_central_site=%q} 5\n", a.role)
	}
}

// kubeconfig has several contexts for this server.
func (a *apiServer) kubeconfig(t *testing.T, contexts ...string) string {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	config := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters:\n- {name: c, cluster: {server: %q}}\nusers:\n- {name: u, user: {}}\ncontexts:\n", server.URL)
	for _, name := range contexts {
		config += fmt.Sprintf("- {name: %s, context: {cluster: c, user: u}}\n", name)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
