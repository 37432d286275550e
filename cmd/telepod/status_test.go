//go:build !injector

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/fleet/status"
)

// status shows the cluster of testdata/live, next to contexts that do not answer. Its injector is scaled to zero,
// and its pods have no node.
func (l *onCluster) status(t *testing.T) {
	out, stderr := l.run(t, exitUsage, "status", "-o", "json", "--contexts", "telepod,none, telepod")
	var rows []status.Row
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(rows) != 2 || !strings.Contains(stderr, `error: context "none" does not exist`) {
		t.Fatalf("%d rows, want two: %s%s", len(rows), out, stderr)
	}
	repair := "kubectl --context telepod -n telepod scale deployment/telepod-injector --replicas=2"
	want := status.Row{
		Context: "telepod", Place: status.Place{Cluster: "prod-use1", Region: "us-east-1"},
		Injector: &status.Replicas{}, Pods: &status.Pods{Injected: 3, OptedIn: 5, Bare: 2, Stale: 2},
		Problems: []status.Problem{{Severe: true, Text: "injector: deployment/telepod-injector is scaled to zero", Repair: repair}, {Text: "2 pods bare"}, {Text: "2 pods stale"}},
	}
	rows[0].Cloud = ""
	if diff := cmp.Diff(want, rows[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rows[1].Context != "none" || !strings.Contains(rows[1].Error, `context "none" does not exist`) {
		t.Errorf("%+v", rows[1])
	}
	out, _ = l.run(t, exitOK, "status")
	for _, text := range []string{"1 of 1 cluster needs attention\n", "\ntelepod  0/0       3 of 5, 2 bare, 2 stale  –           –     –      –      –            –     –\n", "\n✗ telepod: injector: deployment/telepod-injector is scaled to zero\n  repair: " + repair + "\n⚠ telepod: 2 pods bare\n"} {
		if !strings.Contains(out, text) {
			t.Errorf("no %q in\n%s", text, out)
		}
	}
	for _, replicas := range []string{"1", "0"} {
		if _, err := l.admin.Kubectl(t.Context(), "-n", "telepod", "patch", "deployment/telepod-injector", "--type=merge", `-p={"spec":{"replicas":`+replicas+"}}"); err != nil {
			t.Fatal(err)
		}
	}
	out, _ = l.run(t, exitOK, "status")
	if by := regexp.MustCompile(`telepod-injector is scaled to zero \(changed by kubectl-patch at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\)\n`); !by.MatchString(out) {
		t.Errorf("no %s in\n%s", by, out)
	}
	for _, verb := range []string{"get pods --subresource=proxy", "list daemonsets.apps", "list statefulsets.apps"} {
		can, err := l.admin.Kubectl(t.Context(), append(strings.Fields("auth can-i --as viewer --as-group viewers -n telepod"), strings.Fields(verb)...)...)
		if err != nil || strings.TrimSpace(can) != "yes" {
			t.Errorf("the permissions of 'telepod rbac' do not include %s: %s%v", verb, can, err)
		}
	}
}

// statusPage writes the page, and fails if the file cannot be written.
func (l *onCluster) statusPage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status.html")
	l.run(t, exitOK, "status", "--html", file)
	written := string(read(t, file))
	out, _ := l.run(t, exitOK, "status", "--html", "-")
	for _, page := range []string{written, out} {
		if !strings.Contains(page, "3 of 5, 2 bare, 2 stale") || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("the page:\n%s", page)
		}
	}
	if _, stderr := l.run(t, exitError, "status", "--html", filepath.Join(file, "no")); !strings.Contains(stderr, "write the page: ") {
		t.Error(stderr)
	}
}

func TestStatusUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--watch":                       "--watch needs a terminal",
		"--watch -o json":               "--watch, --html, --serve and -o json are mutually exclusive",
		"--serve nonsense":              `--serve "nonsense": use a port, or HOST:PORT`,
		"--serve 70000":                 "use a port, or HOST:PORT",
		"--contexts a,,b":               "--contexts has an empty name",
		"--interval 1ms":                "--interval 1ms: choose a second or more",
		"--timeout 0s":                  "--timeout 0s: choose a longer time",
		"--context a --contexts b":      "--context and --contexts are mutually exclusive",
		"--prometheus ftp://x":          `--prometheus: the URL of Prometheus is "ftp://x"`,
		"--prometheus http://x --key a": "--cert and --key must be used together",
	} {
		var out, stderr bytes.Buffer
		code := run(append([]string{"status", "--kubeconfig", deadClusters(t)}, strings.Fields(args)...), streams{os.Stdin, &out, &stderr})
		if code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d\n%s%s", args, code, &out, &stderr)
		}
	}
}

// TestStatusOfADeadCluster: an API server that does not answer delays the command by three seconds, not by the whole timeout.
func TestStatusOfADeadCluster(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	config := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: dead, contexts: [{name: dead, context: {cluster: c}}], clusters: [{name: c, cluster: {server: %q}}]}`, silent.URL)
	if err := os.WriteFile(kubeconfig, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	if code := run([]string{"status", "--kubeconfig", kubeconfig, "--timeout", "1h"}, streams{os.Stdin, &out, &stderr}); code != exitError {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "\ndead     not read\n\n✗ dead: not read: ask the API server for its version: ") {
		t.Errorf("%s%s", &out, &stderr)
	}
}

// TestServedPage: the server answers only valid requests, for valid host names.
func TestServedPage(t *testing.T) {
	readings := 0
	page := &estatePage{host: "status.example", read: nil}
	page.read = func(context.Context) []status.Row {
		readings++
		return []status.Row{{Context: "a"}}
	}
	for _, test := range []struct {
		method, host, path string
		code               int
	}{
		{"GET", "127.0.0.1:8080", "/", 200}, {"HEAD", "[::1]:8080", "/", 200}, {"GET", "localhost:8080", "/", 200}, {"GET", "status.example", "/", 200},
		{"GET", "rebound.example:8080", "/", 421}, {"POST", "localhost", "/", 405}, {"GET", "localhost", "/etc/passwd", 404},
	} {
		request := httptest.NewRequest(test.method, "http://x"+test.path, nil)
		request.Host = test.host
		answer := httptest.NewRecorder()
		page.ServeHTTP(answer, request)
		if answer.Code != test.code || !strings.Contains(answer.Header().Get("Content-Security-Policy"), "default-src 'none'") || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%+v: %d, %v", test, answer.Code, answer.Header())
		}
		if shown := strings.Contains(answer.Body.String(), "Telepod status"); shown != (test.code == 200) {
			t.Errorf("%+v: %s", test, answer.Body)
		}
	}
	if readings != 1 {
		t.Errorf("the clusters were read %d times for simultaneous visitors", readings)
	}
	page.at = page.at.Add(-time.Minute)
	page.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://localhost/", nil))
	if readings != 2 {
		t.Errorf("an old page is shown: read %d times", readings)
	}
}

func TestListenAddress(t *testing.T) {
	for given, want := range map[string]string{"8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", "0.0.0.0:80": "0.0.0.0:80", "[::1]:80": "[::1]:80", "host.example:80": "host.example:80", "": "", "a": "", "a:b": "", "-1": ""} {
		got, err := listenAddress(given)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v, want %q", given, got, err, want)
		}
	}
	if !isLoopback("127.0.0.1:1") || !isLoopback("localhost:1") || isLoopback("0.0.0.0:1") || isLoopback("127.0.0.1.example:1") {
		t.Error("loopback is not distinguished from other addresses")
	}
}
