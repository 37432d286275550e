package e2e

import (
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// account, clusterName and environment are the cluster's configured identity; its region comes from the nodes.
const (
	account     = "123456789012"
	clusterName = "prod"
	environment = "e2e"
)

const values = `
cloud: {provider: aws, regionFromNodes: true, account: "` + account + `"}
cluster: {name: ` + clusterName + `}
environment: ` + environment + `
profiles:
  gcp-euw1: {inherits: gcp, identity: {region: europe-west1, account: shop-prod, cluster: prod-euw1}}
  gated: {inherits: aws, sidecar: {gateStartup: true}}
  # A Collector that cannot start.
  broken: {inherits: aws, sidecar: {config: "receivers: {nonsense: {}}\nexporters: {debug: {}}\nextensions: {health_check: {}}\nservice: {extensions: [health_check], pipelines: {traces: {receivers: [nonsense], exporters: [debug]}}}\n"}}
  # A Collector that needs more memory than its container has: it collects no garbage.
  starved: {inherits: aws, sidecar: {resources: {requests: {memory: 24Mi}, limits: {memory: 24Mi}}, env: [{name: GOGC, value: "off"}, {name: GOMEMLIMIT, value: 1GiB}]}}
  # A Collector that its application waits for, for a limited time.
  broken-gate:
    inherits: broken
    sidecar: {gateStartup: true, env: [{name: COLLECTOR_STARTUP_LIMIT, value: 5s}, {name: COLLECTOR_SUPERVISOR_LISTEN, value: "$(K8S_POD_IP):8889"}]}
  azure-weu: {inherits: azure, identity: {region: westeurope, account: 2f6c1d4e, cluster: prod-weu}}
`

func TestInjector(t *testing.T) {
	audit := t.TempDir()
	s := newStage(t, cluster.Options{
		Nodes: []cluster.Node{
			{Labels: topology("us-east-1", "us-east-1a"), ProviderID: "aws:///us-east-1a/i-0123456789abcdef0"},
			{Labels: topology("us-west-2", "us-west-2b"), ProviderID: "aws:///us-west-2b/i-0fedcba9876543210"},
		},
		APIServerFlags: auditFlags(t, audit),
	}, install.Options{Values: values})
	s.audit = audit + "/log"

	// Tests that do not interfere run in parallel; the others run in sequence.
	undisturbed := t.Run("without disruption", func(t *testing.T) {
		run := func(name string, test func(*testing.T, *stage)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, s)
			})
		}
		run("variables", testClouds)
		run("precedence", testPrecedence)
		run("unknown fields", testUnknownFields)
		run("telemetry", testTelemetry)
		run("reasons", testReasons)
	})
	if !undisturbed {
		s.explain(t)
	}
	for _, step := range []struct {
		name string
		test func(*testing.T, *stage)
	}{
		{"pods that never reach the webhook", testPodsWithoutWebhookCalls},
		{"profiles change", testProfilesChange},
		{"disruptions under load", testDisruptions},
		{"outage", testOutage},
		{"injected by default", testInjectedByDefault},
		{"memory", testMemory},
		{"uninstall", testUninstall},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.test(t, s) }) {
			s.explain(t)
		}
	}
}

// stage is a cluster with Telepod installed.
type stage struct {
	*cluster.Cluster
	client kubernetes.Interface
	config *rest.Config
	audit  string // the API server's audit log

	prerequisites string // manifests that the chart expects
}

func newStage(t *testing.T, o cluster.Options, i install.Options) *stage {
	t.Helper()
	s := emptyStage(t, o)
	s.install(t, i)
	return s
}

// emptyStage starts a cluster without Telepod.
func emptyStage(t *testing.T, o cluster.Options) *stage {
	t.Helper()
	skipWithoutNodes(t)
	var err error
	if o.Images == nil {
		if o.Images, err = install.Images(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{Cluster: cluster.ForTest(t, o)}
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.Kubeconfig()); err != nil {
		t.Fatal(err)
	}
	s.config.QPS, s.config.WarningHandler = -1, rest.NoWarnings{}
	if s.client, err = kubernetes.NewForConfig(s.config); err != nil {
		t.Fatal(err)
	}
	return s
}

func skipWithoutNodes(t *testing.T) {
	t.Helper()
	if os.Getenv(cluster.KubeconfigVariable) != "" {
		t.Skip("needs nodes that load images from this machine, not an existing cluster")
	}
	if testing.Short() {
		t.Skip("starts a cluster; run without -short")
	}
	if os.Geteuid() != 0 {
		t.Skip("needs nodes, which need root")
	}
}

func topology(region, zone string) map[string]string {
	return map[string]string{"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone}
}

// upgrade upgrades Telepod with more values, given as YAML.
func (s *stage) upgrade(t *testing.T, more string) {
	t.Helper()
	s.install(t, install.Options{Values: values + more})
}

func (s *stage) install(t *testing.T, i install.Options) {
	t.Helper()
	if err := install.Telepod(t.Context(), s.Cluster, i); err != nil {
		t.Fatal(err)
	}
}

func auditFlags(t *testing.T, dir string) []string {
	t.Helper()
	policy := dir + "/policy.yaml"
	err := os.WriteFile(policy, []byte(strings.TrimSpace(`
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, verbs: [create], resources: [{group: "", resources: [pods]}], namespaces: [`+reasonsNamespace+`, `+outageNamespace+`]}
  - {level: None}
`)), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"--audit-policy-file=" + policy, "--audit-log-path=" + dir + "/log"}
}
