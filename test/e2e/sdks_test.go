package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

const sdksNamespace = "sdks"

// loadScriptApps loads the images of the applications for Node.js and Deno.
func (s *stage) loadScriptApps(t *testing.T) {
	t.Helper()
	images, err := install.ScriptApps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		if err := s.LoadImage(t.Context(), image); err != nil {
			t.Fatal(err)
		}
	}
}

// testSDKs runs stock SDKs in workloads of each kind, in a namespace with nothing but the label. All their signals must
// arrive, under a service name that is the same for every run.
func (s *stage) testSDKs(t *testing.T) {
	s.loadScriptApps(t)
	s.namespace(t, sdksNamespace, enabled(), nil)
	s.waitForProfile(t, sdksNamespace, "aws")
	s.kubectl(t, "apply", "--namespace="+sdksNamespace, "--filename=testdata/sdks.yaml")
	s.schedule(t, sdksNamespace, "go-cron")
	t.Cleanup(func() { // no more runs while later tests change the region
		if out, err := s.Kubectl(context.Background(), "delete", "--namespace="+sdksNamespace, "cronjob/go-cron"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	type workload struct {
		name, owner string // owner is the attribute with the workload's name
		service     string
		signals     []string
	}
	workloads := []workload{
		{"node-settings", "k8s.deployment.name", "named-by-config", allSignals()},
		{"node-set", "k8s.statefulset.name", "node-set", allSignals()},
		{"go-cron", "k8s.cronjob.name", "go-cron", allSignals()},
	}
	for _, cell := range protocolCells() {
		s.create(t, cell)
		workloads = append(workloads, workload{cell.name, "k8s.job.name", cell.name, cell.signals})
	}
	for _, want := range workloads {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			eventually(t, func(ctx context.Context) error {
				return s.arrived(ctx, want.name, want.service, want.owner, want.signals)
			})
		})
	}
}

func allSignals() []string { return []string{collector.Span, collector.Metric, collector.Log} }

// protocolCell is a Job with an SDK. A variable or the application's code selects the protocol.
type protocolCell struct {
	name, image string
	args        []string
	env         map[string]string
	annotations map[string]string
	signals     []string
}

// protocolCells returns a Job for each combination of SDK, protocol, and source of the protocol. Applications with a
// hard-coded exporter send their spans only with that.
func protocolCells() []protocolCell {
	all, spans := allSignals(), allSignals()[:1]
	sendAll := []string{"-spans=1", "-points=1", "-records=1"}
	by := func(protocol string) map[string]string {
		return map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
	}
	tracesBy := func(protocol string) map[string]string {
		return map[string]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": protocol}
	}
	grpc := map[string]string{injector.ProtocolAnnotation: "grpc"} // Telepod's variables name the port for gRPC
	cells := []protocolCell{
		{"go", install.SDKImage, sendAll, nil, nil, all},
		{"go-grpc", install.SDKImage, sendAll, by("grpc"), nil, all},
		{"go-http", install.SDKImage, sendAll, by("http/protobuf"), nil, all},
		{"go-traces-grpc", install.SDKImage, sendAll, tracesBy("grpc"), nil, all},
		{"go-only-grpc", install.SDKImage, []string{"-span-exporter=grpc"}, nil, nil, spans},
		{"go-only-http", install.SDKImage, []string{"-span-exporter=http"}, nil, nil, spans},
		{"go-only-http-grpc", install.SDKImage, []string{"-span-exporter=http"}, nil, grpc, spans},

		{"node", install.NodeAppImage, nil, nil, nil, all},
		{"node-grpc", install.NodeAppImage, nil, by("grpc"), nil, all},
		{"node-http", install.NodeAppImage, nil, by("http/protobuf"), nil, all},
		{"node-json", install.NodeAppImage, nil, by("http/json"), nil, all},
		{"node-traces-grpc", install.NodeAppImage, nil, tracesBy("grpc"), nil, all},
		{"node-only-grpc", install.NodeAppImage, []string{"-span-exporter=grpc"}, nil, nil, all},
		{"node-only-http", install.NodeAppImage, []string{"-span-exporter=proto"}, nil, nil, all},
		{"node-only-json", install.NodeAppImage, []string{"-span-exporter=http"}, nil, nil, all},
		{"node-only-json-grpc", install.NodeAppImage, []string{"-span-exporter=http"}, nil, grpc, all},
	}
	for name, env := range map[string]map[string]string{"deno": {}, "deno-http": by("http/protobuf"), "deno-json": by("http/json")} {
		env["OTEL_DENO"] = "true" // enables its SDK
		cells = append(cells, protocolCell{name, install.DenoAppImage, nil, env, nil, all})
	}
	return cells
}

func (s *stage) create(t *testing.T, c protocolCell) {
	t.Helper()
	j := job(c.name, c.image, c.args, c.annotations)
	j.Namespace = sdksNamespace
	j.Spec.Template.Labels = map[string]string{"app": c.name}
	j.Spec.BackoffLimit = nil // a pod that fails is replaced
	for name, value := range c.env {
		j.Spec.Template.Spec.Containers[0].Env = append(j.Spec.Template.Spec.Containers[0].Env, corev1.EnvVar{Name: name, Value: value})
	}
	if _, err := s.client.BatchV1().Jobs(j.Namespace).Create(t.Context(), j, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// arrived returns an error until the signals of a workload's pods have arrived, with their identity.
func (s *stage) arrived(ctx context.Context, workload, service, owner string, signals []string) error {
	pods, err := s.pods(ctx, sdksNamespace, "app="+workload)
	if err != nil {
		return err
	}
	uids := map[string]string{} // by pod
	for _, pod := range pods {
		uids[pod.Name] = string(pod.UID)
	}
	items, err := s.receivedFrom(ctx, sdksNamespace, service)
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, signal := range signals {
		missing[signal] = true
	}
	want := map[string]string{
		"service.name": service, "service.namespace": sdksNamespace, owner: workload,
		"k8s.namespace.name": sdksNamespace, "k8s.container.name": "app", "k8s.cluster.name": clusterName,
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.account.id": account, "cloud.availability_zone": "us-east-1a",
		"deployment.environment.name": environment,
	}
	for _, item := range items {
		delete(missing, item.Signal)
		got := maps.Clone(item.Resource)
		if uid := uids[got["k8s.pod.name"]]; uid == "" || uid != got["k8s.pod.uid"] {
			err = errors.Join(err, fmt.Errorf("%s of pod %s, %s; the workload has %v", item.Signal, got["k8s.pod.name"], got["k8s.pod.uid"], uids))
		}
		maps.DeleteFunc(got, func(key, _ string) bool { return want[key] == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			err = errors.Join(err, fmt.Errorf("resource of a %s (-want +got):\n%s", item.Signal, diff))
		}
	}
	if len(missing) > 0 {
		err = errors.Join(err, fmt.Errorf("%v have not arrived; %s", missing, s.logsOf(ctx, workload)))
	}
	return err
}

func (s *stage) logsOf(ctx context.Context, workload string) string {
	out, err := s.Kubectl(ctx, "logs", "--namespace="+sdksNamespace, "--selector=app="+workload, "--all-containers", "--tail=8", "--prefix", "--ignore-errors")
	return fmt.Sprint(out, err)
}
