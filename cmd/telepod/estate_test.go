//go:build !injector

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/telepod/telepod/estate"
)

const twoClusters = "--cluster name=a,cloud=aws,region=us-east-1 --cluster name=b,cloud=gcp,region=europe-west1 --primary a=t.example.com:4318 --jaeger jaeger.tracing:4317"

// TestEstate runs command lines: the exit code, and a part of each output.
func TestEstate(t *testing.T) {
	example, err := filepath.Abs("../../examples/estate/estate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(read(t, example)), "region: us-east-1\n", "region: us-east1\n", 1)
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args, stdin string
		code        int
		out, stderr string
	}{
		{"estate check", "", exitError, "", "no such file or directory: 'telepod estate init' creates one; use -f for another path\n"},
		{"estate check -f " + example, "", exitOK, "3 cluster(s), 2 site(s), no errors, 1 warning(s)\n", ""},
		{"estate check --strict -f " + example, "", exitError, "", "error: 1 warning(s), which --strict does not allow"},
		{"estate check -f -", broken, exitError, `stdin:36: clusters[0].region: "us-east1" is a region of Google Cloud, but the cluster is on AWS (did you mean "us-east-1"?)`, ""},
		{"estate check -f - -o json", broken, exitError, `"severity": "error"`, ""},
		{"estate check -f -", strings.Repeat("#", 2<<20), exitError, "the file is longer than 1048576 bytes", ""},
		{"estate schema", "", exitOK, `"title": "Telepod estate"`, ""},
		{"estate render -f -", broken, exitError, "", "error: 1 problem(s) in the estate file"},
		{"estate render prod-us1 -f " + example, "", exitError, "", `error: the estate has no cluster "prod-us1" (did you mean "prod-use1"?)`},
		{"estate render prod-eas -f " + example, "", exitOK, "# Values of prod-eas, generated from estate.yaml by telepod estate render: edit that file instead.\ncentral:\n", ""},
		{"estate render -o values -f " + example, "", exitOK, "wrote the values of 3 cluster(s) to values\n", ""},
		{"estate render -o values prod-use1 -f " + example, "", exitOK, "wrote the values of 1 cluster(s)", ""},
		{"estate init", "", exitUsage, "", "error: name the clusters with --context or --cluster, and the primary site"},
		{"estate init " + twoClusters + " --backup b=u.example.com:4318", "", exitOK, "wrote estate.yaml: 2 cluster(s), 2 site(s)\n", ""},
		{"estate init " + twoClusters, "", exitError, "", "error: estate.yaml exists, and is not replaced"},
		{"estate check", "", exitOK, "no errors, 0 warning(s)", ""},
		{"estate add --cluster name=c,cloud=azure,region=eastasia", "", exitOK, "+  - name: c\n+    cloud: azure\n+    region: eastasia\nnext: telepod estate ca issue c, then telepod estate install c\n", ""},
		{"estate add --cluster name=c,cloud=azure,region=eastasia", "", exitError, "", "error: estate.yaml was not changed: there would be 2 error(s)"},
		{"estate add", "", exitUsage, "", "error: name the clusters with --context or --cluster"},
		{"estate set clusters.c.canary=true chart.version=0.2.0", "", exitOK, "+    canary: true\n", ""},
		{"estate set clusters.c.canary=true", "", exitOK, "estate.yaml is unchanged\n", ""},
		{"estate set chart.version", "", exitUsage, "", `error: "chart.version": write FIELD=VALUE, such as chart.version=0.2.0, or FIELD- to remove the field`},
		{"estate set clusters.c.canary- chart.version=0.3.0", "", exitOK, "-    canary: true\n", ""},
		{"estate set clusters.c.canary-", "", exitOK, "estate.yaml is unchanged\n", ""},
		{"estate set clusters.c.canry-", "", exitError, "", `estate.yaml: clusters[2].canry: unknown field (did you mean "canary"?)`},
		{"estate set chart.version=newest", "", exitError, "", `estate.yaml: chart.version: "newest" is not a version`},
		{"estate remove c", "", exitOK, "-  - name: c\n", ""},
		{"estate remove b", "", exitError, "", "error: cluster b hosts the backup site: move the site first"},
		{"estate swap", "", exitOK, "+  backup:\n     cluster: a\n", ""},
		{"estate set -f - environment=test", broken, exitError, "", `stdin:36: clusters[0].region: "us-east1"`},
		{"estate set -f - chart.version=0.2.0", string(read(t, example)), exitOK, "chart:\n  version: 0.2.0\n\nsites:", ""},
		{"estate init -f - " + twoClusters, "", exitOK, "kind: Estate\n", "warning: has no backup"},
		{"estate init -f x.yaml " + twoClusters + " --backup b=t.example.com:4318", "", exitError, "", "error: x.yaml was not written: it would have 1 error(s)"},
		{"estate init -f x.yaml --cluster nam=a --primary a=x:1", "", exitUsage, "", `"nam=a" is not one of name=, cloud=, region=, account=, context= (did you mean "name"?)`},
		{"estate init -f x.yaml --cluster name=a --primary a", "", exitUsage, "", `--primary "a": write CLUSTER=HOST:PORT`},
		{"estate init -f x.yaml --context a --primary a=x:1 --kubeconfig none", "", exitError, "", "error: context a: none does not exist: check --kubeconfig"},
	} {
		t.Run(test.args, func(t *testing.T) {
			var out, stderr bytes.Buffer
			if code := run(strings.Fields(test.args), streams{strings.NewReader(test.stdin), &out, &stderr}); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(out.String(), test.out) || !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("output:\n%s\nstandard error:\n%s", &out, &stderr)
			}
		})
	}
}

// TestEstateInitReadsHostileClusters: responses of an API server neither send control characters to the terminal, nor cause
// an invalid file to be written.
func TestEstateInitReadsHostileClusters(t *testing.T) {
	for name, test := range map[string]struct {
		status       int
		answer, want string
	}{
		"refused":      {http.StatusForbidden, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "\u001b[2Jno"}`, "describe the cluster with --cluster instead"},
		"no JSON":      {http.StatusOK, "\x1b[2J", "context evil: list nodes in all namespaces"},
		"no nodes":     {http.StatusOK, `{"kind": "NodeList", "apiVersion": "v1", "items": []}`, "clusters[0].cloud: is missing"},
		"no provider":  {http.StatusOK, `{"kind": "NodeList", "apiVersion": "v1", "items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "spec": {"providerID": {}}}]}`, "context evil: "},
		"a bad region": {http.StatusOK, `{"kind": "NodeList", "apiVersion": "v1", "items": [{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n", "labels": {"topology.kubernetes.io/region": "\u001b[2J\nx: y"}}, "spec": {"providerID": "aws:///"}}]}`, "error: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.answer)
			}))
			defer server.Close()
			kubeconfig := "{apiVersion: v1, kind: Config, clusters: [{name: c, cluster: {server: '" + server.URL + "'}}], contexts: [{name: evil, context: {cluster: c}}]}"
			if err := os.WriteFile("kubeconfig", []byte(kubeconfig), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, stderr bytes.Buffer
			code := run(strings.Fields("estate init --kubeconfig kubeconfig --context evil --primary evil=t.example.com:4318 --jaeger j:1"), streams{nil, &out, &stderr})
			if all := out.String() + stderr.String(); code != exitError || !strings.Contains(all, test.want) || strings.Contains(all, "\x1b") {
				t.Errorf("exit code %d, %q", code, all)
			}
			if _, err := os.Stat("estate.yaml"); err == nil {
				t.Error("the file was written")
			}
		})
	}
}

// TestConcurrentEstateEdits: no change is lost if several commands edit one file at the same time.
func TestConcurrentEstateEdits(t *testing.T) {
	t.Chdir(t.TempDir())
	if code := run(strings.Fields("estate init "+twoClusters), streams{nil, io.Discard, io.Discard}); code != exitOK {
		t.Fatal(code)
	}
	const writers = 8
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			var stderr bytes.Buffer
			if code := run([]string{"estate", "set", fmt.Sprintf("values.field%d=1", i)}, streams{nil, io.Discard, &stderr}); code != exitOK {
				t.Errorf("exit code %d, %s", code, &stderr)
			}
		})
	}
	all.Wait()
	if text := string(read(t, "estate.yaml")); strings.Count(text, "  field") != writers {
		t.Errorf("want %d fields in\n%s", writers, text)
	}
	if left, err := filepath.Glob("*"); err != nil || len(left) != 1 {
		t.Errorf("files %v, want only the estate; %v", left, err)
	}
}

// TestEstateIsNotOverwritten: changes that another program made since a command read the file are kept, and the error names
// a stale lock.
func TestEstateIsNotOverwritten(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &estateFile{path: "estate.yaml"}
	if err := os.WriteFile(f.path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	err := f.edit(cmd, func(string, []byte) ([]byte, error) {
		return []byte("new"), os.WriteFile(f.path, []byte("mine"), 0o600)
	})
	if err == nil || !strings.Contains(err.Error(), "estate.yaml was changed by another program in the meantime, so it was not written: run the command again") {
		t.Errorf("error %v", err)
	}
	if text := string(read(t, f.path)); text != "mine" {
		t.Errorf("the file has %q", text)
	}
	if err := os.WriteFile("estate.yaml.lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := lockEstate(ended, f.path); err == nil || !strings.Contains(err.Error(), "if it was interrupted, remove") {
		t.Errorf("error %v", err)
	}
}

// TestRenderKeepsFilesOfOthers: values files that a person wrote are not replaced.
func TestRenderKeepsFilesOfOthers(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "prod-use1.yaml")
	if err := os.WriteFile(mine, []byte("cluster: {name: mine}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	code := run([]string{"estate", "render", "-f", "../../examples/estate/estate.yaml", "-o", dir}, streams{nil, &out, &stderr})
	if code != exitError || !strings.Contains(stderr.String(), "is not replaced: move it, or") || string(read(t, mine)) != "cluster: {name: mine}\n" {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
}

// TestEstateInitPrompts: on a terminal, the command asks for values that no flag sets.
func TestEstateInitPrompts(t *testing.T) {
	f := &estateInit{kubeconfig: "none", backup: "b=u.example.com:4318"}
	var asked bytes.Buffer
	answers := "a, b\na=t.example.com:4318\n\nhttp://prometheus:9090/api/v1/write\nbucket@us-east-1\n"
	if err := f.ask(&asker{bufio.NewScanner(strings.NewReader(answers)), &asked}); err != nil {
		t.Fatal(err)
	}
	got := []string{strings.Join(f.contexts, " "), f.primary, f.backup, f.stores.Jaeger, f.stores.Prometheus, f.archive}
	want := []string{"a b", "a=t.example.com:4318", "b=u.example.com:4318", "", "http://prometheus:9090/api/v1/write", "bucket@us-east-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if err := (&estateInit{kubeconfig: "none"}).ask(&asker{bufio.NewScanner(strings.NewReader("")), &asked}); err == nil {
		t.Error("a closed terminal answered")
	}
}

// TestPutCluster: flags override what was discovered from a cluster, by its name or context.
func TestPutCluster(t *testing.T) {
	got := putCluster([]estate.Cluster{{Name: "aks-prod", Cloud: "azure"}}, estate.Cluster{Name: "eas", Context: "aks-prod", Region: "eastasia"})
	want := []estate.Cluster{{Name: "eas", Cloud: "azure", Region: "eastasia", Context: "aks-prod"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEstateCA runs the commands one after another: each prints the commands that apply its change.
func TestEstateCA(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		args        string
		code        int
		out, stderr string
	}{
		{"estate init " + twoClusters + " --backup b=u.example.com:4318", exitOK, "wrote estate.yaml", ""},
		{"estate ca issue", exitError, "", "error: cluster a: ca has no root: run 'telepod estate ca init'"},
		{"estate ca init", exitOK, "created a root and the authorities of a, b in ca\n", ""},
		{"estate ca init", exitError, "", "ca/root.crt exists: a new root would break every connection"},
		{"estate ca issue", exitOK, "every cluster has its authority; nothing was created\n", ""},
		{"estate ca renew", exitUsage, "", "requires at least 1 arg(s)"},
		{"estate ca renew bb", exitError, "", `the estate has no cluster "bb"`},
		{"estate ca renew b", exitOK, "renewed the authorities of b\n", ""},
		{"estate ca revoke b", exitOK, "revoked b\napply it ('telepod estate install' and 'upgrade' do that, too):\n  kubectl --context a apply -f ca/manifests/a.yaml\n", ""},
		{"estate ca revoke a", exitError, "", "sites ignore an empty bundle"},
	} {
		var out, stderr bytes.Buffer
		if code := run(strings.Fields(test.args), streams{nil, &out, &stderr}); code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.args, code, test.code)
		}
		if !strings.Contains(out.String(), test.out) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s:\noutput:\n%s\nstandard error:\n%s", test.args, &out, &stderr)
		}
	}
}

// TestCommandLine: a shell parses a printed command as intended.
func TestCommandLine(t *testing.T) {
	if got, want := commandLine("kubectl", "--context", "a b'c; $(x)", ""), `kubectl --context 'a b'\''c; $(x)' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEstateInstall: the commands run in order, and stop at the first failure. helm and kubectl are recorded; the quickstart
// runs the real ones.
func TestEstateInstall(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the recorded programs are shell scripts")
	}
	t.Chdir(t.TempDir())
	programs := t.TempDir()
	for name, script := range map[string]string{
		"kubectl": `echo "kubectl $*" >> "$RECORD"`,
		"helm":    `{ echo "helm $*"; cat | grep name: ; } >> "$RECORD"; case "$*" in *"--kube-context a "*) exit 3;; esac`,
	} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	record := filepath.Join(programs, "record")
	t.Setenv("PATH", programs+":/usr/bin:/bin")
	t.Setenv("RECORD", record)
	sites := "kind: Estate\nsites:\n  primary: {cluster: a, endpoint: 'a.example.com:4318', stores: {kafka: ['k:9092']}}\n" +
		"  backup: {cluster: b, endpoint: 'b.example.com:4318', stores: {kafka: ['k:9092']}}\nclusters:\n" +
		"  - {name: c, cloud: azure, region: eastasia}\n  - {name: a, cloud: aws, region: us-east-1, applications: false}\n" +
		"  - {name: b, cloud: gcp, region: us-east1, applications: false, context: 'gke b', version: 1.2.3}\n"
	if err := os.WriteFile("estate.yaml", []byte(sites), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	telepod := func(args string) int {
		out.Reset()
		stderr.Reset()
		return run(strings.Fields(args), streams{nil, &out, &stderr})
	}
	if code := telepod("estate install"); code != exitError || !strings.Contains(stderr.String(), "cluster b has no certificates: run 'telepod estate ca init'") {
		t.Errorf("without certificates: exit code %d, %s", code, &stderr)
	}
	if code := telepod("estate ca init"); code != exitOK {
		t.Fatal(stderr.String())
	}
	if code := telepod("estate install"); code != exitError {
		t.Errorf("exit code %d, want %d", code, exitError)
	}
	want := "kubectl --context gke b apply -f ca/manifests/b.yaml\n" +
		"helm upgrade telepod oci://ghcr.io/telepod/charts/telepod --install --version 1.2.3 --kube-context gke b --namespace telepod --create-namespace --values - --wait --timeout 5m0s\n  name: b\n" +
		"kubectl --context a apply -f ca/manifests/a.yaml\n" +
		"helm upgrade telepod oci://ghcr.io/telepod/charts/telepod --install --kube-context a --namespace telepod --create-namespace --values - --wait --timeout 5m0s\n  name: a\n"
	if diff := cmp.Diff(want, strings.ReplaceAll(string(read(t, record)), "    name: telemetry\n", "")); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if !strings.Contains(stderr.String(), "error: cluster a: helm: exit status 3\nstopped; later clusters were not changed. Repair the cluster, and continue with: telepod estate install a c\n") {
		t.Errorf("standard error:\n%s", &stderr)
	}
	telepod("estate install a c --own-certificates --kubeconfig it's --timeout 90s -f ./estate.yaml")
	if want := `continue with: telepod estate install --file=./estate.yaml '--kubeconfig=it'\''s' --own-certificates=true --timeout=1m30s a c` + "\n"; !strings.Contains(stderr.String(), want) {
		t.Errorf("standard error:\n%s\nwant %s", &stderr, want)
	}
	if code := telepod("estate upgrade --print c"); code != exitOK || out.String() != `set -euo pipefail

# c: region
kubectl --context c apply -f ca/manifests/c.yaml
telepod estate render c -f estate.yaml |
  helm upgrade telepod oci://ghcr.io/telepod/charts/telepod --kube-context c --namespace telepod --create-namespace --values - --wait --timeout 5m0s
telepod check --context c --telepod-namespace telepod --release telepod
` {
		t.Errorf("printed:\n%s", &out)
	}
	// On Ctrl-C, helm ends gracefully, and the command explains how to continue.
	if err := os.WriteFile(filepath.Join(programs, "helm"), []byte("#!/bin/sh\ntrap 'exit 9' INT\nkill -INT $PPID\nwhile :; do sleep 0.1; done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if code := telepod("estate upgrade a c"); code != exitError || !strings.Contains(stderr.String(), "continue with: telepod estate upgrade a c") {
		t.Errorf("interrupted: exit code %d, %s", code, &stderr)
	}
	t.Setenv("PATH", "")
	if code := telepod("estate install"); code != exitError || !strings.Contains(stderr.String(), "helm is not on the PATH: install it, or print the commands with --print") {
		t.Errorf("without programs: exit code %d, %s", code, &stderr)
	}
}
