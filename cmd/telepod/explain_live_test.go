//go:build !injector

package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/terminal"
)

// explain: a container that sends nothing comes first, then the verdict, the repair, other problems, the pods, and what a new
// pod would get.
func (l *onCluster) explain(t *testing.T) {
	out, _ := l.run(t, exitOK, "explain", "deploy/checkout", "-n", "shop", "-v")
	if lines := strings.SplitN(out, "\n", 3); !strings.HasPrefix(lines[1], "  ! no-endpoint-here: container app ") {
		t.Errorf("the first line is %q, want the container that sends nothing", lines[1])
	}
	at := 0
	for _, text := range []string{
		"Deployment shop/checkout, context ",
		"\n  ! no-endpoint-here: container app of running pods sends no telemetry: a reason that is unknown to this version\n  stale: 1 of 2 pods, the oldest ",
		": profile shop changed: content 0123456789ab, now " + l.hash,
		"\n  repair: kubectl -n shop rollout restart deployment/checkout\n",
		"\n  – not followed: 2 send nothing, or to an endpoint of their own\n  ⚠ at the pod: 2 pods: Pending",
		"\n  namespace          telepod.dev/injection=enabled (since 20",
		"annotation telepod.dev/profile=shop\n",
		"\n  POD ",
		"shop@0123456789ab, because of namespace-enabled, endpoint node, protocol grpc, sidecar none\n",
		"\na new pod now\n  injected: namespace-enabled: ",
		"\n  profile            shop <- aws <- base, content " + l.hash + " (namespace)\n",
		"+ CLOUD_REGION=us-east-1  (the injector's --region)",
		"+ CLOUD_ACCOUNT_ID=123456789012  (the injector's --account)",
		"+ K8S_DEPLOYMENT_NAME=checkout  (the pod's owner)",
		"the webhook also leaves out variables that envFrom sets; explain does not read the keys of ConfigMap shop-env\n",
	} {
		found := strings.Index(out[at:], text)
		if found < 0 {
			t.Fatalf("no %q after character %d of\n%s", text, at, out)
		}
		at += found
	}
}

// explainKinds tries each form of arguments, and each kind that the permissions allow.
func (l *onCluster) explainKinds(t *testing.T) {
	orders := strings.TrimPrefix(l.pods(t, "orders", 1)[0], "pod/")
	quiet := strings.TrimPrefix(l.pods(t, "quiet", 1)[0], "pod/")
	checkout := strings.TrimPrefix(l.pods(t, "checkout", 2)[1], "pod/") // the one with older content
	offline := strings.TrimPrefix(l.pods(t, "offline", 1)[0], "pod/")
	bystander := strings.TrimPrefix(l.pods(t, "bystander", 1)[0], "pod/")
	replicaSet := quiet[:strings.LastIndex(quiet, "-")]
	for _, test := range []struct{ args, first, more string }{
		{"sts orders", "StatefulSet shop/orders, context ", "\n  bare: its pod, "},
		{"statefulsets.apps/orders", "StatefulSet shop/orders, context ", "\n  repair: kubectl -n shop rollout restart statefulset/orders  # its update strategy is OnDelete"},
		{"pod/" + orders, "Pod shop/orders-0, context ", "K8S_STATEFULSET_NAME"},
		{"pod/" + orders, "Pod shop/orders-0, context ", "\n  repair: kubectl -n shop rollout restart statefulset/orders  # its update strategy is OnDelete"},
		{"pod/" + checkout + " -v", "Pod shop/" + checkout, "+ K8S_DEPLOYMENT_NAME=checkout  (the pod's owner)"},
		{"pod/" + checkout, "Pod shop/" + checkout, "\n  repair: kubectl -n shop rollout restart deployment/checkout\n"},
		{"rs/" + checkout[:strings.LastIndex(checkout, "-")], "ReplicaSet shop/checkout-", "\n  repair: kubectl -n shop rollout restart deployment/checkout\n"},
		{"pod/" + offline, "Pod shop/" + offline, "its manifest was injected by 'telepod inject'"},
		{"pod/" + bystander + " -n other", "Pod other/" + bystander, "telepod.dev/injection=enabled && kubectl -n other rollout restart deployment/bystander\n"},
		{"po " + orders + " --profile aws --cluster other", "Pod shop/orders-0, context ", "\n  injected: namespace-enabled: "},
		{"rs " + replicaSet, "ReplicaSet shop/" + replicaSet, "\n  outside: its pod: pod-disabled: "},
		{"deployment/offline", "Deployment shop/offline, context ", "a restart has no effect\n"},
		{"deployment/offline", "Deployment shop/offline, context ", "a new pod now\n  not injected: already-injected: "},
		{"deploy/bystander -n other", "Deployment other/bystander, context ", "\n  to inject them: kubectl label namespace other telepod.dev/injection=enabled && kubectl -n other rollout restart deployment/bystander\n"},
		{"deploy/bystander -n other --context telepod", "Deployment other/bystander, context ", "\n  to inject them: kubectl --context telepod label namespace other telepod.dev/injection=enabled && kubectl --context telepod -n other rollout restart deployment/bystander\n"},
		{"deploy/checkout --context telepod", "Deployment shop/checkout, context ", "\n  repair: kubectl --context telepod -n shop rollout restart deployment/checkout\n"},
		{"cj/nightly", "CronJob shop/nightly, context ", "\n  outside: no pods run\n"},
		{"job/once", "Job shop/once, context ", "K8S_JOB_NAME"},
		{"cj/mute", "CronJob shop/mute, context ", "\n  ! value-from: container app sends no telemetry: the container reads it from a source that is unknown at admission\n  outside: no pods run\n"},
	} {
		out, _ := l.run(t, exitOK, append([]string{"explain", "-n", "shop"}, strings.Fields(test.args)...)...)
		if !strings.HasPrefix(out, test.first) || !strings.Contains(out, test.more) {
			t.Errorf("%s: want %q first, and %q in\n%s", test.args, test.first, test.more, out)
		}
	}
}

func (l *onCluster) explainJSON(t *testing.T) {
	out, _ := l.run(t, exitOK, "explain", "deploy", "checkout", "-n", "shop", "-o", "json")
	var got liveJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.State != fleet.Stale || got.Affected != 1 || len(got.Findings) != 2 || got.Repair.Command == "" ||
		got.Route == nil || len(got.Route.Hops) != 1 ||
		!got.Now.Decision.Inject || got.Now.Profile.Hash != l.hash || got.Now.File != "" || len(got.Now.Patch) < 100 {
		t.Errorf("%s", out)
	}
}

func (l *onCluster) explainMistakes(t *testing.T) {
	for _, test := range []struct {
		args   string
		code   int
		stderr string
	}{
		{"deploy/none -n shop", exitError, `Deployment "none" does not exist in namespace shop of context `},
		{"deploy/checkout", exitError, `Deployment "checkout" does not exist in namespace default of context `},
		{"rollout/web -n shop", exitError, `Rollout "web" does not exist in namespace shop`},
		{"deploy/checkout -n none", exitError, `namespace "none" does not exist`},
		{"deploy/checkout --assume-opted-in", exitUsage, "--assume-opted-in is only for manifests"},
		{"deploy/checkout --context none", exitError, `context "none" does not exist`},
		{"testdata/live/cluster.yaml --context none", exitUsage, "--context is only for a cluster: specify a workload as TYPE/NAME"},
		{"deploymet/checkout", exitUsage, `such as deployment/web (did you mean "deployment"?)`},
		{"none/file.yaml --kubeconfig x", exitUsage, "--kubeconfig is only for a cluster"},
	} {
		if _, stderr := l.run(t, test.code, append([]string{"explain"}, strings.Fields(test.args)...)...); !strings.Contains(stderr, test.stderr) {
			t.Errorf("%s: want %q in %s", test.args, test.stderr, stderr)
		}
	}
}

// explainChanges: the output shows who changed an object and when, from its managedFields. The repair of a changed
// nodeSelector works.
func (l *onCluster) explainChanges(t *testing.T) {
	kubectl := func(args ...string) string {
		t.Helper()
		out, err := l.admin.Kubectl(t.Context(), args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	kubectl("create", "namespace", "late")
	kubectl("label", "namespace", "late", "telepod.dev/injection=enabled")
	kubectl("-n", "late", "create", "cronjob", "nightly", "--image=example.test/app:1", "--schedule=0 0 1 1 *")
	out, _ := l.run(t, exitOK, "explain", "cj/nightly", "-n", "late")
	if since := regexp.MustCompile(`telepod\.dev/injection=enabled \(since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\)\n`); !since.MatchString(out) {
		t.Errorf("no %s in\n%s", since, out)
	}
	kubectl("delete", "namespace", "late")

	const collectors = "daemonset/telepod-collector"
	selector := func() string {
		return kubectl("-n", "telepod", "get", collectors, "-o=jsonpath={.spec.template.spec.nodeSelector}")
	}
	if err := l.admin.Apply(t.Context(), string(read(t, "testdata/live/collector.yaml"))); err != nil {
		t.Fatal(err)
	}
	defer kubectl("-n", "telepod", "delete", collectors)
	l.sees(t, 1, nil, checks.Failed, collectors+" matches no node: ")
	l.revised(t, 1)
	kubectl("-n", "telepod", "patch", collectors, "--type=merge", `-p={"spec":{"template":{"spec":{"nodeSelector":{"pool":"app"}}}}}`)
	l.revised(t, 2)
	l.sees(t, 1, nil, checks.Failed, collectors+" runs on no node: its nodeSelector was changed by kubectl-patch at 20")
	kubectl("-n", "telepod", "rollout", "undo", collectors)
	if got := selector(); got != `{"pool":"apps"}` {
		t.Errorf("nodeSelector %s after the repair", got)
	}
}

// revised waits for a DaemonSet's revisions, which its controller records.
func (l *onCluster) revised(t *testing.T, want int) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, wait.ConditionFunc(func() (bool, error) {
		out, err := l.admin.Kubectl(t.Context(), "-n", "telepod", "get", "controllerrevisions", "-o=name")
		return len(strings.Fields(out)) == want, err
	}).WithContext())
	if err != nil {
		t.Fatalf("wait for revision %d: %v", want, err)
	}
}

// TestVisible: an annotation cannot add a line to the output, or control the terminal.
func TestVisible(t *testing.T) {
	manifest := strings.Replace(barePod, "name: p", `name: p, annotations: {telepod.dev/exclude-variables: "A*\n  repair: x", resource.opentelemetry.io/service.name: "x\u001b[2Jy"}`, 1)
	out, _ := inject(t, []byte(manifest), "explain", "-", "-v")
	if strings.Contains(out, "\x1b") || strings.Contains(out, "\n  repair: x") {
		t.Errorf("%q", out)
	}
}

// TestRepairsNameContext: commands contain the context if one was chosen.
func TestRepairsNameContext(t *testing.T) {
	for chosen, want := range map[string]string{
		"":          "  to inject them: kubectl label namespace shop telepod.dev/injection=enabled && kubectl -n shop rollout restart deployment/web\n",
		"prod-use1": "  to inject them: kubectl --context prod-use1 label namespace shop telepod.dev/injection=enabled && kubectl --context prod-use1 -n shop rollout restart deployment/web\n",
		"away from": "  to inject them: kubectl --context 'away from' label namespace shop telepod.dev/injection=enabled && kubectl --context 'away from' -n shop rollout restart deployment/web\n",
	} {
		l := &liveExplanation{flags: (&liveFlags{context: chosen}).selection()}
		l.Identity = fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}
		l.now.Plan = &injector.Plan{Decision: injector.Decision{Reason: injector.DefaultDisabled}}
		if out := (&explainFlags{}).liveText(terminal.Terminal{}, l, time.Now()); !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestRepairsOfLabels: a command replaces a label that is not valid, and no restart follows without an injector.
func TestRepairsOfLabels(t *testing.T) {
	const scale = "kubectl -n telepod scale deployment/telepod-injector --replicas=1"
	e := &liveExplanation{scale: scale}
	e.Identity = fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}
	e.namespace.Labels = map[string]string{injector.InjectionLabel: "Enabled"}
	e.now.Plan = &injector.Plan{Decision: injector.Decision{Reason: injector.DefaultDisabled}}
	want := "  to inject them: kubectl label --overwrite namespace shop telepod.dev/injection=enabled  # the injector is scaled to zero: start it before any restart: " + scale + "\n"
	if out := (&explainFlags{}).liveText(terminal.Terminal{}, e, time.Now()); !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	for state, want := range map[fleet.State]fleet.Repair{
		fleet.Bare:    {Note: "the injector is scaled to zero, so new pods would be bare: first " + scale + ", then kubectl -n shop rollout restart deployment/web"},
		fleet.Current: {},
	} {
		if got := (&live{scale: scale}).repairOf(e.Identity, state, fleet.Template{}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := (injector.Warning{Reason: injector.InvalidValue, Origin: injector.FromNamespace, Key: injector.InjectionLabel, Value: "Enabled"}).String(); !strings.HasPrefix(got, `invalid-value: namespace label telepod.dev/injection = "Enabled"`) {
		t.Error(got)
	}
}

// TestExplainNamesOtherInjectors of running pods once, even if the workload's template does not show them.
func TestExplainNamesOtherInjectors(t *testing.T) {
	l := &liveExplanation{now: planned{Plan: &injector.Plan{}}, findings: []fleet.Finding{{Others: []string{"Odigos"}}, {Others: []string{"Odigos", "Datadog"}}, {}}}
	const why = ": it injects this pod too; Telepod keeps the variables that it sets"
	if _, got := l.problems(); !slices.Equal(got, []string{"other-injector: Odigos" + why, "other-injector: Datadog" + why}) {
		t.Errorf("%q", got)
	}
}

// TestWorstFirst: a loss of telemetry comes before the state of the pods.
func TestWorstFirst(t *testing.T) {
	l := &liveExplanation{route: &route.Route{Status: checks.Failed, Verdict: "its telemetry is lost"}}
	l.now.Plan = &injector.Plan{}
	l.Workload = fleet.Workload{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, State: fleet.Current, Pods: 1, Affected: 1, Why: "up to date"}
	if out := (&explainFlags{}).liveText(terminal.Terminal{}, l, time.Now()); !strings.Contains(out, "\n  ✗ its telemetry is lost\n  current: its pod: up to date\n") {
		t.Error(out)
	}
}

// TestOtherContexts: no cluster is read or shown twice.
func TestOtherContexts(t *testing.T) {
	if got := otherContexts([]string{"eks", "aks", "eks", "aks", "gke"}, "eks"); !slices.Equal(got, []string{"aks", "gke"}) {
		t.Error(got)
	}
}
