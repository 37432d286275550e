//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/test/document"
)

const barePod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}]}\n"

// hostNetwork requests a sidecar that it cannot get.
const hostNetwork = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {telepod.dev/sidecar: \"true\"}}\nspec: {hostNetwork: true, containers: [{name: a}]}\n"

// silentPod requests one, too, and its container sends nothing, because its protocol is unknown.
const silentPod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {telepod.dev/sidecar: \"true\"}}\nspec: {hostNetwork: true, containers: [{name: a, " +
	"env: [{name: OTEL_EXPORTER_OTLP_PROTOCOL, valueFrom: {configMapKeyRef: {name: c, key: k}}}]}]}\n"

// TestCommands runs command lines: the exit code, and a part of each output.
func TestCommands(t *testing.T) {
	for _, name := range []string{envRegion, envAccount, envCluster, envEnvironment} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("bad.yaml", "name: onprem\ninherits: bas\n---\nname: other\nclod: {}\n")
	if err := os.Mkdir(filepath.Join(dir, "good"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "mixed"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("mixed/Chart.yaml", "apiVersion: v2\nname: shop\n")
	write("mixed/kustomization.yaml", "resources: [pod.yaml]\n")
	if err := os.Mkdir(filepath.Join(dir, "flux"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("flux/kustomization.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n---\n"+barePod)
	write("mixed/template.yaml", "kind: Pod\nmetadata:\n  name: x\n  {{- include \"labels\" . }}\n")
	write("mixed/flow.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, stdin: {{ .Values.stdin }}}]}\n")
	write("mixed/pod.yaml", barePod)
	for _, test := range []struct {
		args        string
		stdin       string
		code        int
		out, stderr string
	}{
		{"", "", exitOK, "\nPods and manifests:\n  explain ", ""},
		{"help", "", exitOK, "\nA running estate:\n", ""},
		{"help profiles show", "", exitOK, "telepod profiles show NAME", ""},
		{"help nonsense", "", exitUsage, "", `error: help: unknown command "nonsense"`},
		{"help profiles shw", "", exitUsage, "", `help: unknown command "profiles shw" (did you mean "show"?)`},
		{"--version", "", exitOK, "telepod devel\n", ""},
		{"injct", "", exitUsage, "", `error: unknown command "injct" (did you mean "inject"?)` + "\nSee 'telepod --help'.\n"},
		{"injct --help", "", exitUsage, "", `error: unknown command "injct" (did you mean "inject"?)`},
		{"profiles shw -h", "", exitUsage, "", `unknown command "shw" (did you mean "show"?)`},
		{"profiles show --help", "", exitOK, "telepod profiles show NAME", ""},
		{"inject", "", exitUsage, "", "error: no input: specify a file, a directory, or - for standard input\nSee 'telepod inject --help'.\n"},
		{"inject DIR/none.yaml", "", exitError, "", "none.yaml: no such file"},
		{"inject - --assume-opted-in=false -o patch", barePod, exitOK, "[]\n", "none of 1 pod(s)"},
		{"inject DIR/mixed -o patch", "", exitOK, `[{"op":"add"`, "note: DIR/mixed/Chart.yaml: it belongs to a Helm chart and has no Kubernetes object: render the chart first: helm template"},
		{"inject DIR/mixed -o patch", "", exitOK, `[{"op":"add"`, "note: DIR/mixed/kustomization.yaml: it is a kustomization: render it first: kustomize build DIR/mixed | telepod inject -; left out\n"},
		{"inject DIR/mixed -o patch", "", exitOK, `[{"op":"add"`, "note: DIR/mixed/template.yaml: it is a Helm template: render it first: helm template RELEASE CHART | telepod inject -; left out\n"},
		{"inject DIR/mixed -o patch", "", exitOK, `[{"op":"add"`, "note: DIR/mixed/flow.yaml: it is a Helm template"},
		{"inject DIR/flux -o patch", "", exitOK, `[{"op":"add"`, ""},
		{"inject DIR/mixed/template.yaml", "", exitError, "", "error: DIR/mixed/template.yaml: it is a Helm template: render it first"},
		{"inject -", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\nresources: [a.yaml]\n", exitError, "", "stdin: it is a kustomization"},
		{"inject - -o patch", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", exitOK, "", "note: the manifests contain no pods"},
		{"inject - -o patch", "apiVersion: apps.kruise.io/v1alpha1\nkind: CloneSet\nspec: {template: {spec: {containers: [{name: a}]}}}\n", exitOK,
			`"path":"/spec/template/spec/containers/0/env"`, "note: stdin:1: apps.kruise.io/v1alpha1 CloneSet is unknown to Telepod"},
		{"inject - -o patch", barePod + "metadata: {name: q}\n", exitOK, `"op":"add"`, `note: stdin:5: key "metadata" is already on line 3`},
		{"inject - --profile aws", strings.Replace(barePod, "name: p", "name: p, annotations: {telepod.dev/inject: true}", 1), exitError, "", `stdin:3: annotation telepod.dev/inject: true is a boolean, and must be a string: quote it: "true"`},
		{"inject - --profile EKS", barePod, exitUsage, "", `--profile="EKS": no such profile (did you mean "aws"?)`},
		{"inject - -o patch", hostNetwork, exitOK, `"op":"add"`, "stdin:1: Pod default/p: warning: host-network: sidecar was left out: "},
		{"inject - --strict", hostNetwork, exitError, "", "stdin:1: Pod default/p: error: host-network: sidecar was left out: "},
		{"explain -", hostNetwork, exitOK, "  ! host-network: sidecar was left out: ", ""},
		{"explain -", silentPod, exitOK, "stdin:1: Pod default/p\n  ! value-from: container a sends no telemetry: the container reads it from a source that is unknown at admission\n" +
			"  injected: namespace-enabled: assumed that the namespace opts in (label telepod.dev/injection: enabled)\n  ! host-network: sidecar was left out: ", ""},
		{"inject - -o patch", silentPod, exitOK, `"op":"add"`, "stdin:1: Pod default/p: warning: value-from: container a sends no telemetry: the container reads it from a source that is unknown at admission\n" +
			"stdin:1: Pod default/p: warning: host-network: sidecar was left out: "},
		{"explain -", strings.Replace(barePod, "name: p", "name: p, annotations: {telepod.dev/exclude-attributes: k8s.pod.uid}", 1), exitOK, "exclude attributes k8s.pod.uid (pod)", ""},
		{"explain - --strict", hostNetwork, exitError, "  ! host-network: sidecar was left out: ", "error: strict: 1 warning(s) count as errors"},
		{"inject - --regoin x", "", exitUsage, "", "unknown flag: --regoin (did you mean --region?)"},
		{"archive replay --bucket b --endpoint https://x --ca-file none.crt", "", exitError, "", "none.crt"},
		{"archive replay --bucket b --endpoint https://x --ca none.crt", "", exitError, "", "none.crt"},
		{"archive replay --bucket b --endpoint https://x --ca testdata/docs/web.yaml", "", exitError, "", "web.yaml: it contains no PEM certificate"},
		{"profiles list -o json", "", exitOK, `"name": "gcp"`, ""},
		{"reasons user-pair -o json", "", exitOK, `"user-pair": "the container sets`, ""},
		{"inject -f - -o yml", "", exitUsage, "", `choose one of yaml, patch, diff (did you mean "yaml"?)`},
		{"inject -f - --profile asw", barePod, exitUsage, "", `--profile="asw": no such profile (did you mean "aws"?)`},
		{"inject -f - --kubernetes-version new", barePod, exitUsage, "", `--kubernetes-version="new": use a version such as 1.36`},
		{"inject -f - -f -", barePod, exitError, "", "- is repeated: standard input"},
		{"inject -f https://example.com/a.yaml", "", exitError, "", "URLs are not supported"},
		{"inject -f DIR/none.yaml", "", exitError, "", "none.yaml: no such file"},
		{"inject -f DIR/good", "", exitError, "", "has no *.yaml, *.yml or *.json"},
		{"inject -f -", "kind: [", exitError, "", "error: stdin:2: read YAML: "},
		{"inject -f -", "name: values\n", exitError, "", "error: stdin: it has no Kubernetes object: each needs apiVersion and kind; render Helm charts and kustomizations first\n"},
		{"inject -f -", strings.Replace(barePod, "{name: a}", "a", 1), exitError, "", "stdin:1: Pod default/p: decode pod: "},
		{"inject -f - --profiles-dir DIR", barePod, exitError, "", `bad.yaml:2: profile "onprem": inherits: no such profile: "bas" (did you mean "base"?)`},
		{"inject -f -", "", exitOK, "", "note: the manifests contain no pods\n"},
		{"inject -f - -n kube-system", barePod, exitOK, barePod, "note: none of 1 pod(s) injected; 'telepod explain' shows why\n"},
		{"inject -f - --assume-opted-in=false -o patch", barePod, exitOK, "[]\n", "none of 1 pod(s)"},
		{"inject -f - --assume-opted-in=false --inject-by-default", barePod, exitOK, `"reason":"default-enabled"`, ""},
		{"inject -f - --strict", strings.Replace(barePod, "name: p", "name: p, annotations: {telepod.dev/sidcar: x}", 1), exitError, "", "stdin:1: Pod default/p: error: unknown-annotation"},
		{"explain -f -", barePod, exitOK, "stdin:1: Pod default/p\n  injected: namespace-enabled: assumed that the namespace opts in", ""},
		{"explain - -v --region us-east-1 --profile aws", barePod, exitOK, "+ CLOUD_REGION=us-east-1  (--region)", ""},
		{"explain - -v --region us-east-1 --profile aws", barePod, exitOK, "+ CLOUD_PROVIDER=aws  (profile aws)", ""},
		{"explain - -v --endpoint service", barePod, exitOK, "endpoint           service (--endpoint)", ""},
		{"explain -f - --assume-opted-in=false", barePod, exitOK, "default-disabled: neither pod nor namespace opts in", ""},
		{"explain -f -", "apiVersion: v1\nkind: Secret\n", exitOK, "", "note: the manifests contain no pods"},
		{"explain -f - -o json", strings.Replace(barePod, "name: p", "name: \"p\\x9b2J<\"", 1), exitOK, `"name": "p\u009b2J<"`, ""}, // C1 clears screens
		{"profiles", "", exitOK, "Available Commands:", ""},
		{"profiles shw", "", exitUsage, "", `(did you mean "show"?)`},
		{"profiles list", "", exitOK, "\ngcp    base", ""},
		{"profiles show gpc", "", exitError, "", `no such profile (did you mean "gcp"?); known profiles: aws, azure, base, gcp`},
		{"profiles show", "", exitUsage, "", "accepts 1 arg(s), received 0"},
		{"profiles show aws --region us-east-1", "", exitOK, "region: us-east-1", ""},
		{"profiles show aws -o json", "", exitOK, `"lineage": [`, ""},
		{"profiles validate", "", exitUsage, "", "requires at least 1 arg(s)"},
		{"profiles validate DIR/bad.yaml", "", exitError, "bad.yaml:5: profile \"other\": clod: unknown field (did you mean \"cloud\"?)\n", "error: 2 problem(s) in 1 file(s)\n"},
		{"profiles validate testdata/profiles", "", exitOK, "testdata/profiles/small.yaml: profile \"small\" is valid\n", ""},
		{"profiles validate DIR/bad.yaml -o json", "", exitError, `"path": "clod"`, "error: 2 problem(s) in 1 file(s)\n"},
		{"profiles validate testdata/profiles -o json", "", exitOK, `"valid": true`, ""},
		{"profiles validate -", "# nothing\n", exitError, "", "stdin: the file contains no profile"},
		{"reasons user-pair", "", exitOK, "user-pair  the container sets", ""},
		{"reasons usr-pair", "", exitUsage, "", `unknown reason "usr-pair" (did you mean "user-pair"?)`},
		{"version", "", exitOK, "telepod devel (", ""},
		{"version -o json", "", exitOK, `{"version":"devel",`, ""},
		{"__complete inject --profile ", "", exitOK, "aws\nazure\nbase\ngcp\n", ""},
		{"__complete profiles show ", "", exitOK, "aws\nazure\nbase\ngcp\n", ""},
		{"__complete inject -o ", "", exitOK, "yaml\npatch\ndiff\n", ""},
	} {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Split(strings.ReplaceAll(test.args, "DIR", dir), " ")
			if test.args == "" {
				args = []string{} // nil would mean the arguments of the test binary
			}
			var out, stderr bytes.Buffer
			if code := run(args, streams{strings.NewReader(test.stdin), &out, &stderr}); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(out.String(), test.out) || test.out == "" && out.Len() > 0 {
				t.Errorf("output:\n%s\nwant in it:\n%s", &out, test.out)
			}
			if want := strings.ReplaceAll(test.stderr, "DIR", dir); !strings.Contains(stderr.String(), want) {
				t.Errorf("standard error:\n%s\nwant in it:\n%s", &stderr, want)
			}
		})
	}
}

// TestExplainJSON parses the output for scripts.
func TestExplainJSON(t *testing.T) {
	out, _ := inject(t, read(t, "testdata/inject/mistakes.yaml"), "explain", "-f", "-", "-o", "json", "--profile", "aws")
	var got []explanation
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	patches, _ := inject(t, read(t, "testdata/inject/mistakes.yaml"), "inject", "-f", "-", "-o", "patch", "--profile", "aws")
	for i, line := range strings.Split(strings.TrimSpace(patches), "\n") {
		if diff := cmp.Diff(document.Decode(t, []byte(line)), document.Decode(t, got[i].Patch)); diff != "" {
			t.Errorf("patch of %s (-inject +explain):\n%s", got[i].Name, diff)
		}
		got[i].Patch = nil
	}
	got[0].Profile.Hash = ""
	sidecar := got[0].Settings["sidecar-image"]
	want := []explanation{{
		File: "stdin", Line: 2, APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "mistakes",
		Decision: decision{Inject: true, Assumed: true, Reason: "namespace-enabled", Text: "assumed that the namespace opts in (label telepod.dev/injection: enabled)"},
		Profile:  &profile{Name: "aws", Lineage: []string{"aws", "base"}},
		Settings: map[string]setting{"profile": {"aws", "--profile"}, "endpoint": {"node", "profile"},
			"protocol": {"http/protobuf", "profile"}, "sidecar": {"false", "profile"}, "sidecar-image": sidecar},
		Sidecar: "none", Skipped: got[0].Skipped, Warnings: got[0].Warnings,
	}, {
		File: "stdin", Line: 19, APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: "opted-out",
		Decision: decision{Reason: "pod-disabled", Text: `the pod has telepod.dev/inject: "false"`}, Sidecar: "none",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got[0].Warnings) != 4 || len(got[0].Skipped) == 0 {
		t.Errorf("warnings %q, skipped %v: want four warnings, and parts left out", got[0].Warnings, got[0].Skipped)
	}
}

// TestFactsFromEnvironment: a flag takes precedence over the environment.
func TestFactsFromEnvironment(t *testing.T) {
	t.Setenv(envRegion, "from-environment")
	t.Setenv(envCluster, "from-environment")
	out, _ := inject(t, []byte(barePod), "inject", "-f", "-", "--cluster", "from-flag")
	for _, want := range []string{"CLOUD_REGION, value: from-environment", "K8S_CLUSTER_NAME, value: from-flag"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}
