package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

// site and siteInFull are two names of the central site, used as primary and backup.
const (
	site       = "telepod-central." + install.Namespace + ".svc"
	siteInFull = site + ".cluster.local"
)

// gated is a profile with a sidecar that starts before the application: an SDK does not retry a refused HTTP connection,
// and a Job may send before its sidecar is ready.
const gated = "gated"

// regionalValues make a region, and a site that forwards everything to the sink.
const regionalValues = `
cloud: {provider: aws, account: "` + account + `"}
cluster: {name: ` + clusterName + `}
environment: ` + environment + `
injector: {replicas: 1}
profiles: {` + gated + `: {inherits: aws, sidecar: {gateStartup: true}}}
central:
  enabled: true
  primary: ` + site + `:4318
  backup: ` + siteInFull + `:4318
  jaeger: sink.sink.svc:4317
  sampling: {keepPercent: 100}
  storage: {gigabytes: 0}
  service: {type: ClusterIP}
  resources: {requests: {cpu: 50m, memory: 64Mi}}
  config:
    exporters: {otlp_grpc/sink: {endpoint: "sink.sink.svc:4317", tls: {insecure: true}}}
    service: {pipelines: {metrics/none: {exporters: [otlp_grpc/sink]}, logs/none: {exporters: [otlp_grpc/sink]}}}
`

// logsOfBare makes the region read the log files of one namespace. Reading all would include the sink's own.
const logsOfBare = `
cloud: {regionFromNodes: true}
regional: {containerLogs: true, config: {receivers: {file_log: {include: ["/var/log/pods/bare_*/*/*.log"]}}}}
`

// TestRegion follows telemetry along its whole path: pod, regional Collector, central site, store.
func TestRegion(t *testing.T) {
	s := newRegion(t, cluster.Options{Name: "region", Nodes: []cluster.Node{{Labels: topology("us-east-1", "us-east-1a")}}}, logsOfBare)
	s.namespace(t, "bare", nil, nil)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"without telemetry", func(t *testing.T) { testIdleMemory(t, s) }},
		{"DaemonSet", func(t *testing.T) {
			for _, endpoint := range []string{"node", "service", "sidecar"} {
				for protocol, short := range map[string]string{"grpc": "grpc", "http/protobuf": "http"} {
					t.Run(endpoint+" "+protocol, func(t *testing.T) {
						t.Parallel()
						annotations := map[string]string{injector.EndpointAnnotation: endpoint, injector.ProtocolAnnotation: protocol}
						if endpoint == "sidecar" {
							annotations[injector.ProfileAnnotation] = gated
						}
						s.testInjected(t, sender(endpoint+"-"+short, annotations), endpoint == "sidecar")
					})
				}
			}
			t.Run("not injected", func(t *testing.T) {
				t.Parallel()
				s.testNotInjected(t)
			})
			t.Run("stock SDKs", func(t *testing.T) {
				t.Parallel()
				s.testSDKs(t)
			})
			t.Run("forged pod name", func(t *testing.T) {
				t.Parallel()
				s.testFalseClaim(t, "liar", map[string]string{
					"k8s.namespace.name": "victims", "k8s.pod.name": "victim",
					"telepod.sender.k8s.namespace.name": "bare", "telepod.sender.k8s.pod.name": "liar",
				})
			})
		}},
		{"host network", func(t *testing.T) {
			s.installRegion(t, "cloud: {regionFromNodes: true}\nregional: {hostNetwork: true}")
			s.testInjected(t, sender("host-network", nil), false)
		}},
		{"cluster reports", func(t *testing.T) {
			s.installRegion(t, "cloud: {region: us-east-1}\n"+reporting)
			s.testReport(t)
		}},
		{"enforced sender identity", func(t *testing.T) {
			s.installRegion(t, "cloud: {regionFromNodes: true}\nregional: {senderIdentity: enforce}")
			s.testFalseClaim(t, "forger", map[string]string{
				"k8s.namespace.name": "bare", "k8s.pod.name": "forger",
				"telepod.claimed.k8s.namespace.name": "victims", "telepod.claimed.k8s.pod.name": "victim",
			})
			s.testInjected(t, sender("enforced", nil), false)
		}},
		{"gateway", func(t *testing.T) {
			s.installRegion(t, "cloud: {regionFromNodes: true}\nregional: {mode: gateway, gateway: {persistent: false, replicas: 1}}")
			s.refresh(t)
			eventually(t, func(ctx context.Context) error { // the webhook sees the change
				made, _, err := s.dryRun(ctx, allowed(pod(telemetryNamespace, nil, nil)))
				if err == nil && status(t, made).Endpoint != "sidecar" {
					err = fmt.Errorf("pods still send to the %s", status(t, made).Endpoint)
				}
				return err
			})
			s.testInjected(t, sender("gateway", map[string]string{injector.ProfileAnnotation: gated}), true)
		}},
	} {
		if !t.Run(step.name, step.test) {
			s.explainAll(t)
		}
	}
}

func TestRegionWithIPv6(t *testing.T) {
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil {
		t.Skip("the kernel has no IPv6")
	}
	s := newRegion(t, cluster.Options{Name: "six", IPv6: true, Nodes: make([]cluster.Node, 1)}, "cloud: {region: us-east-1}")
	p := pod(telemetryNamespace, nil, nil)
	p = allowed(p)
	p.Name, p.Spec.RestartPolicy, p.Spec.Containers[0].Args = "seen", corev1.RestartPolicyNever, []string{"json"}
	if _, err := s.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		env, err := s.environment(ctx, p)
		if want := "http://[" + env["K8S_NODE_IP"] + "]:4318"; err == nil && (env["OTEL_EXPORTER_OTLP_ENDPOINT"] != want || !strings.Contains(want, "::")) {
			err = fmt.Errorf("the endpoint is %s, want %s, an IPv6 address", env["OTEL_EXPORTER_OTLP_ENDPOINT"], want)
		}
		return err
	})
	for _, endpoint := range []string{"node", "service", "sidecar"} {
		t.Run(endpoint, func(t *testing.T) {
			s.testInjected(t, sender(endpoint, map[string]string{injector.EndpointAnnotation: endpoint}), endpoint == "sidecar")
		})
	}
	if t.Failed() {
		s.explainAll(t)
	}
}

// newRegion starts a cluster with a region, a site and a sink, and a namespace that has opted in.
func newRegion(t *testing.T, o cluster.Options, values string) *stage {
	t.Helper()
	skipWithoutNodes(t)
	var err error
	if o.Images, err = install.Images(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := emptyStage(t, o)
	s.apply(t, sinkManifests(t, "testdata/jaeger.yaml"))
	s.prerequisites = siteCertificates(t)
	s.installRegion(t, values)
	labels := enabled()
	labels["pod-security.kubernetes.io/enforce"] = "restricted"
	s.namespace(t, telemetryNamespace, labels, map[string]string{injector.ResourcePrefix + "team": team})
	s.waitForProfile(t, telemetryNamespace, "aws")
	return s
}

func (s *stage) installRegion(t *testing.T, values string) {
	t.Helper()
	// The DaemonSet uses a directory and two ports of its node.
	s.install(t, install.Options{Values: merged(t, []string{regionalValues, values}), Manifests: s.prerequisites, PodSecurity: "privileged"})
}

// secretAttributes contain a secret, which an application may send by mistake.
var secretAttributes = corev1.EnvVar{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "password=hunter2,note=mine"}

// testInjected sends from an injected pod.
func (s *stage) testInjected(t *testing.T, j *batchv1.Job, sidecar bool) {
	t.Helper()
	j.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{secretAttributes}
	items := s.testTelemetryOf(t, j, sidecar)
	if sent := s.jobLog(t.Context(), j.Name); !strings.Contains(sent, "hunter2") {
		t.Errorf("the application sent no secret, so the test proves nothing: %s", sent)
	}
	for _, item := range items {
		withoutSecret(t, item)
	}
}

// testNotInjected sends from a pod without injection. The regional Collector must add all attributes of pod and cloud, from
// the API server and its own configuration. The pod's output must arrive, too.
func (s *stage) testNotInjected(t *testing.T) {
	p := pod("bare", nil, map[string]string{injector.ResourcePrefix + "team": team})
	p.Name, p.GenerateName = "bare", ""
	p.Spec.Containers[0].Image, p.Spec.Containers[0].Args = install.SDKImage, []string{"-spans=1", "-points=1", "-records=1", "-every=1s"}
	p.Spec.Containers[0].Env = []corev1.EnvVar{secretAttributes,
		{Name: "OTEL_SERVICE_NAME", Value: "bare"},
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://telepod-collector." + install.Namespace + ".svc:4317"},
		{Name: "OTEL_EXPORTER_OTLP_PROTOCOL", Value: "grpc"},
	}
	// The pod sends repeatedly: its first items may arrive before the Collector has learned the pod's address, which is
	// the only thing that identifies it.
	p, err := s.client.CoreV1().Pods("bare").Create(t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.region": "us-east-1", "cloud.availability_zone": "us-east-1a",
		"cloud.account.id": account, "k8s.cluster.name": clusterName, "deployment.environment.name": environment,
		"k8s.namespace.name": "bare", "k8s.pod.name": "bare", "k8s.pod.uid": string(p.UID), "k8s.node.name": "region-n1",
		"service.name": "bare", "team": team,
	}
	eventually(t, func(ctx context.Context) error {
		items, err := s.received(ctx, "bare")
		last := map[string]collector.Item{} // by kind
		for _, item := range items {
			kind := item.Signal
			if strings.HasPrefix(item.Name, `{"resource"`) {
				kind = "printed line"
			}
			last[kind] = item
		}
		for _, kind := range []string{collector.Span, collector.Metric, collector.Log, "printed line"} {
			got := maps.Clone(last[kind].Resource)
			maps.DeleteFunc(got, func(key, _ string) bool { return want[key] == "" })
			if diff := cmp.Diff(want, got); diff != "" {
				err = errors.Join(err, fmt.Errorf("resource of the last %s of %d items (-want +got):\n%s", kind, len(items), diff))
			}
			if _, found := last[kind].Resource["password"]; found {
				t.Errorf("the password of a %s left the region", kind)
			}
		}
		return err
	})
}

// testFalseClaim sends from a pod that claims another pod's name, and another sender's identity.
func (s *stage) testFalseClaim(t *testing.T, name string, want map[string]string) {
	p := pod("bare", nil, nil)
	p.Name, p.GenerateName = name, ""
	p.Spec.Containers[0].Image, p.Spec.Containers[0].Args = install.SDKImage, []string{"-spans=1", "-points=1", "-records=1", "-every=1s"}
	p.Spec.Containers[0].Env = []corev1.EnvVar{
		{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "k8s.namespace.name=victims,k8s.pod.name=victim,telepod.sender.k8s.pod.name=innocent"},
		{Name: "OTEL_SERVICE_NAME", Value: name},
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://telepod-collector." + install.Namespace + ".svc:4317"},
		{Name: "OTEL_EXPORTER_OTLP_PROTOCOL", Value: "grpc"},
	}
	if _, err := s.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The pod sends repeatedly, until the Collector has learned its address.
	eventually(t, func(ctx context.Context) error {
		items, err := s.received(ctx, name)
		last := map[string]collector.Item{}
		for _, item := range items {
			if !strings.HasPrefix(item.Name, `{"resource"`) { // a printed line, which claims nothing
				last[item.Signal] = item
			}
		}
		for _, signal := range []string{collector.Span, collector.Metric, collector.Log} {
			got := maps.Clone(last[signal].Resource)
			maps.DeleteFunc(got, func(key, _ string) bool {
				return key != "k8s.namespace.name" && key != "k8s.pod.name" && !strings.HasPrefix(key, "telepod.sender.") && !strings.HasPrefix(key, "telepod.claimed.")
			})
			if diff := cmp.Diff(want, got); diff != "" {
				err = errors.Join(err, fmt.Errorf("resource of the last %s of %d items (-want +got):\n%s", signal, len(items), diff))
			}
		}
		return err
	})
}

func withoutSecret(t *testing.T, item collector.Item) {
	t.Helper()
	if _, found := item.Resource["password"]; found || item.Resource["note"] != "mine" {
		t.Errorf("%s: has a password: %t; note is %q, want mine", item.Signal, found, item.Resource["note"])
	}
}
