package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

const reporting = `
regional:
  clusterMetrics: true
  events: true
  nodeMetrics: true
  scrape: {annotated: true, interval: 5s}
  reporter: {resources: {requests: {cpu: 20m, memory: 64Mi}}}
  config: {receivers: {kubeletstats: {collection_interval: 5s}, host_metrics: {collection_interval: 5s}}}
`

// served is the configuration of a pod with metrics to scrape, which is a Collector.
const served = "yaml:{receivers: {otlp: {protocols: {grpc: {}}}}, exporters: {nop: {}}, service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}, " +
	"telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: '${env:POD_IP}', port: 8888}}}}]}}}}"

// testReport checks that reports of a real kubelet and API server arrive, with the identity of the object they describe.
func (s *stage) testReport(t *testing.T) {
	t.Helper()
	s.namespace(t, "web", nil, nil)
	image, err := install.CollectorImage()
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.client.CoreV1().Pods("web").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app.kubernetes.io/name": "web"},
			Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8888"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "server", Image: image, Args: []string{"--config=" + served},
			Env: []corev1.EnvVar{{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}}},
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// A pod that fits no node has an event, and a phase.
	lost := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "lost"}, Spec: corev1.PodSpec{
		NodeSelector: map[string]string{"no": "where"}, Containers: []corev1.Container{{Name: "c", Image: image}}}}
	if lost, err = s.client.CoreV1().Pods("web").Create(t.Context(), lost, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	everywhere := map[string]string{"cloud.provider": "aws", "cloud.region": "us-east-1", "k8s.cluster.name": clusterName}
	web := map[string]string{"k8s.namespace.name": "web", "k8s.pod.name": "web", "k8s.pod.uid": string(made.UID), "k8s.node.name": "region-n1"}
	for _, want := range []wanted{
		{"an event", collector.Log, "0/1 nodes are available", map[string]string{"k8s.namespace.name": "web", "k8s.pod.name": "lost", "k8s.pod.uid": string(lost.UID), "service.name": "kubernetes-events"}},
		{"a pod's phase", collector.Metric, "k8s.pod.phase", map[string]string{"k8s.namespace.name": "web", "k8s.pod.name": "lost", "k8s.pod.uid": string(lost.UID)}},
		{"a Deployment's replicas", collector.Metric, "k8s.deployment.available", map[string]string{"k8s.deployment.name": "telepod-reporter"}},
		{"a node's condition", collector.Metric, "k8s.node.condition_ready", map[string]string{"k8s.node.name": "region-n1"}},
		{"a node's file system", collector.Metric, "k8s.node.filesystem.usage", map[string]string{"k8s.node.name": "region-n1"}},
		{"a node's disks", collector.Metric, "system.disk.io", map[string]string{"k8s.node.name": "region-n1"}},
		{"a pod's network", collector.Metric, "k8s.pod.network.io", web},
		{"a scraped metric", collector.Metric, "otelcol_process_uptime", joined(web, map[string]string{"service.name": "web"})},
	} {
		t.Run(want.what, func(t *testing.T) {
			want.resource = joined(want.resource, everywhere)
			eventually(t, func(ctx context.Context) error { return s.has(ctx, want) })
		})
	}
}

// wanted is an item that must arrive, with these resource attributes.
type wanted struct {
	what, signal, name string
	resource           map[string]string
}

// has returns nil if the wanted item has arrived, otherwise an error with the resource of the last candidate.
func (s *stage) has(ctx context.Context, want wanted) error {
	items, err := s.atSink(ctx, func(item collector.Item) bool {
		return item.Signal == want.signal && strings.Contains(item.Name, want.name)
	})
	nearest := map[string]string{}
	for _, item := range items {
		matching := 0
		for key, value := range want.resource {
			if item.Resource[key] == value {
				matching++
			}
		}
		if matching == len(want.resource) {
			return nil
		}
		nearest = item.Resource
	}
	return errors.Join(err, fmt.Errorf("%d items of %s %q, none with %v; the last has %v", len(items), want.signal, want.name, want.resource, nearest))
}

func joined(a, b map[string]string) map[string]string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}
