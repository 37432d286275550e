package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

const (
	telemetryNamespace = "telemetry"
	itemsOfJob         = 3            // of each signal
	team               = "a,b=c %é+d" // needs encoding
)

func testTelemetry(t *testing.T, s *stage) {
	s.startSink(t)
	labels := enabled()
	labels["pod-security.kubernetes.io/enforce"] = "restricted"
	s.namespace(t, telemetryNamespace, labels, map[string]string{injector.ResourcePrefix + "team": team})
	s.waitForProfile(t, telemetryNamespace, "aws")
	t.Run("rollout", func(t *testing.T) {
		t.Parallel()
		s.testRollout(t)
	})
	for _, endpoint := range []string{"sidecar", "node", "service"} {
		for protocol, short := range map[string]string{"grpc": "grpc", "http/protobuf": "http"} {
			t.Run(endpoint+" "+protocol, func(t *testing.T) {
				t.Parallel()
				annotations := map[string]string{injector.EndpointAnnotation: endpoint, injector.ProtocolAnnotation: protocol}
				if endpoint == "sidecar" {
					// The SDK does not retry a refused HTTP connection, and the Job may send before the sidecar is ready.
					annotations[injector.ProfileAnnotation] = gated
				}
				s.testTelemetryArrives(t, endpoint+"-"+short, annotations)
			})
		}
	}
	t.Run("a failing sidecar", func(t *testing.T) {
		t.Parallel()
		s.testFailingSidecar(t, "broken", "exit_code=1")
	})
	t.Run("a sidecar without enough memory", func(t *testing.T) {
		t.Parallel()
		s.testFailingSidecar(t, "starved", "the memory limit that the supervisor gives it")
	})
	t.Run("a sidecar that the kernel kills", func(t *testing.T) {
		t.Parallel()
		s.testKilledSidecar(t)
	})
	t.Run("a failing sidecar that gates the application", func(t *testing.T) {
		t.Parallel()
		s.testStartupLimit(t, s.testFailingSidecar(t, "broken-gate", "exit_code=1"))
	})
	t.Run("a failing Job fails despite its sidecar", func(t *testing.T) {
		t.Parallel()
		j := job("fails", cluster.AppImage, []string{"exit", "1"}, map[string]string{injector.SidecarAnnotation: "true"})
		if condition := s.runJob(t, j); condition != batchv1.JobFailed {
			t.Errorf("the Job's last condition is %s", condition)
		}
	})
}

func (s *stage) startSink(t *testing.T) {
	t.Helper()
	s.apply(t, sinkManifests(t, "testdata/sink.yaml"))
	s.kubectl(t, "rollout", "status", "--namespace=sink", "daemonset/sink", "--timeout=2m")
}

// sinkManifests reads a sink's manifests and fills in image and configuration.
func sinkManifests(t *testing.T, file string) string {
	t.Helper()
	manifests, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	image, err := install.CollectorImage()
	if err != nil {
		t.Fatal(err)
	}
	config := "    " + strings.ReplaceAll(collector.SinkConfig(), "\n", "\n    ")
	return strings.NewReplacer("SINK_CONFIG", config, "SINK_IMAGE", image).Replace(string(manifests))
}

// testRollout rolls out a Deployment with sidecars, which must become ready and healthy.
func (s *stage) testRollout(t *testing.T) {
	s.apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: rollout, namespace: `+telemetryNamespace+`}
spec:
  replicas: 2
  selector: {matchLabels: {app: rollout}}
  template:
    metadata: {labels: {app: rollout}, annotations: {telepod.dev/sidecar: "true"}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: `+cluster.AppImage+`
          imagePullPolicy: Never
          args: [get, "http://$(K8S_POD_IP):13133/", --, sleep, 1h]
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}`)
	s.kubectl(t, "rollout", "status", "--namespace="+telemetryNamespace, "deployment/rollout", "--timeout=2m")
	eventually(t, func(ctx context.Context) error {
		pods, err := s.pods(ctx, telemetryNamespace, "app=rollout")
		for _, p := range pods {
			logs, logErr := s.client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: "app"}).DoRaw(ctx)
			if !strings.Contains(string(logs), "-> 200 ") {
				err = errors.Join(err, logErr, fmt.Errorf("%s: the sidecar's health: %q", p.Name, logs))
			}
			for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
				if !c.Ready || c.RestartCount > 0 {
					err = errors.Join(err, fmt.Errorf("%s/%s: ready %t, %d restarts", p.Name, c.Name, c.Ready, c.RestartCount))
				}
			}
			if st := p.Status.InitContainerStatuses; len(st) != 1 || st[0].Name != injector.SidecarName {
				err = errors.Join(err, fmt.Errorf("%s: init containers %+v, want the sidecar", p.Name, st))
			}
		}
		return err
	})
}

// testFailingSidecar runs a Collector that cannot start. Its supervisor must retry, and the application's pod must become
// ready all the same.
func (s *stage) testFailingSidecar(t *testing.T, profile, reason string) *corev1.Pod {
	p := allowed(pod(telemetryNamespace, nil, map[string]string{
		injector.SidecarAnnotation: "true", injector.ProfileAnnotation: profile,
	}))
	p.GenerateName, p.Name, p.Spec.Containers[0].Args = "", "beside-"+profile, []string{"sleep", "1h"}
	if _, err := s.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		logs, err := s.client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: injector.SidecarName}).DoRaw(ctx)
		if n := strings.Count(string(logs), "Collector exited"); err == nil && (n < 3 || !strings.Contains(string(logs), reason)) {
			err = fmt.Errorf("the Collector has exited %d times, want 3, with %q: %s", n, reason, logs)
		}
		return err
	})
	var made *corev1.Pod
	eventually(t, func(ctx context.Context) (err error) {
		made, err = s.client.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
		if err == nil && !isReady(made) {
			err = fmt.Errorf("the pod is not ready: %+v", made.Status.Conditions)
		}
		return err
	})
	for _, c := range slices.Concat(made.Status.InitContainerStatuses, made.Status.ContainerStatuses) {
		if !c.Ready || c.RestartCount > 0 {
			t.Errorf("%s: ready %t, %d restarts", c.Name, c.Ready, c.RestartCount)
		}
	}
	return made
}

// testStartupLimit checks that the startup limit let the application of a pod start without a Collector.
func (s *stage) testStartupLimit(t *testing.T, p *corev1.Pod) {
	t.Helper()
	sidecar, app := p.Status.InitContainerStatuses[0].State.Running, p.Status.ContainerStatuses[0].State.Running
	if waited := app.StartedAt.Sub(sidecar.StartedAt.Time); waited < 4*time.Second { // both are rounded to seconds
		t.Errorf("the application started %s after the sidecar, want the startup limit of 5s", waited)
	}
	logs, err := s.client.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: injector.SidecarName}).DoRaw(t.Context())
	if err != nil || !strings.Contains(string(logs), "limit=5s") {
		t.Errorf("the sidecar's log does not report the startup limit: %v: %s", err, logs)
	}
	path := "/api/v1/namespaces/" + p.Namespace + "/pods/" + p.Name + ":8889/proxy/metrics"
	metrics, err := s.client.CoreV1().RESTClient().Get().AbsPath(path).DoRaw(t.Context())
	if err != nil || !strings.Contains(string(metrics), "telepod_supervisor_startup_limit_reached 1\n") {
		t.Errorf("the sidecar's metrics do not report the startup limit: %v: %s", err, metrics)
	}
}

// testTelemetryArrives runs a Job that sends with a stock SDK, and checks its telemetry at the sink.
func (s *stage) testTelemetryArrives(t *testing.T, name string, annotations map[string]string) {
	t.Helper()
	s.testTelemetryOf(t, sender(name, annotations), annotations[injector.EndpointAnnotation] == "sidecar")
}

// sender is a Job that sends some items of each signal.
func sender(name string, annotations map[string]string) *batchv1.Job {
	n := itemsOfJob
	return job(name, install.SDKImage, []string{fmt.Sprintf("-spans=%d", n), fmt.Sprintf("-points=%d", n), fmt.Sprintf("-records=%d", n)}, annotations)
}

func (s *stage) testTelemetryOf(t *testing.T, j *batchv1.Job, sidecar bool) (items []collector.Item) {
	t.Helper()
	name := j.Name
	if condition := s.runJob(t, j); condition != batchv1.JobComplete {
		t.Fatalf("the Job's last condition is %s: %s", condition, s.jobLog(t.Context(), name))
	}
	pods, err := s.pods(t.Context(), telemetryNamespace, "job-name="+name)
	if err != nil || len(pods) != 1 {
		t.Fatalf("%d pods, %v: want one, without a retry", len(pods), err)
	}
	if st := status(t, &pods[0]); st == nil || (st.Sidecar == injector.SidecarNative) != sidecar {
		t.Errorf("status %+v, want a native sidecar: %t", st, sidecar)
	}
	node, err := s.client.CoreV1().Nodes().Get(t.Context(), pods[0].Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"service.name": name, "service.namespace": telemetryNamespace, "team": team,
		"cloud.provider": "aws", "cloud.platform": "aws_eks",
		"k8s.job.name": name, "k8s.pod.name": pods[0].Name, "k8s.pod.uid": string(pods[0].UID), "k8s.node.name": node.Name,
		"k8s.namespace.name": telemetryNamespace, "k8s.container.name": "app",
	}
	maps.DeleteFunc(node.Labels, func(label, _ string) bool { return !strings.HasPrefix(label, "topology.kubernetes.io/") })
	for label, attribute := range map[string]string{"region": "cloud.region", "zone": "cloud.availability_zone"} {
		if value := node.Labels["topology.kubernetes.io/"+label]; value != "" {
			want[attribute] = value
		}
	}
	all := map[string]int{collector.Span: itemsOfJob, collector.Metric: itemsOfJob, collector.Log: itemsOfJob}
	eventually(t, func(ctx context.Context) (err error) {
		items, err = s.receivedFrom(ctx, telemetryNamespace, name)
		counts := map[string]int{}
		for _, item := range items {
			counts[item.Signal]++
		}
		if diff := cmp.Diff(all, counts); err == nil && diff != "" {
			err = fmt.Errorf("items that arrived (-want +got):\n%s", diff)
		}
		return err
	})
	for _, item := range items {
		got := maps.Clone(item.Resource)
		maps.DeleteFunc(got, func(key, _ string) bool { return want[key] == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("resource of a %s (-want +got):\n%s", item.Signal, diff)
		}
	}
	return items
}

// received returns the items at the sinks with this service.name in their resource.
func (s *stage) received(ctx context.Context, service string) ([]collector.Item, error) {
	return s.atSink(ctx, func(item collector.Item) bool { return item.Resource["service.name"] == service })
}

// receivedFrom returns the items that also have this service.namespace: workloads of several namespaces may have the same
// name.
func (s *stage) receivedFrom(ctx context.Context, namespace, service string) ([]collector.Item, error) {
	items, err := s.received(ctx, service)
	return slices.DeleteFunc(items, func(item collector.Item) bool { return item.Resource["service.namespace"] != namespace }), err
}

// atSink returns the items at the sinks that match.
func (s *stage) atSink(ctx context.Context, matches func(collector.Item) bool) (found []collector.Item, err error) {
	sinks, err := s.pods(ctx, "sink", "app=sink")
	if err != nil {
		return nil, err
	}
	for _, sink := range sinks {
		log, err := s.client.CoreV1().Pods("sink").GetLogs(sink.Name, &corev1.PodLogOptions{}).Stream(ctx)
		if err != nil {
			return nil, err
		}
		items, err := collector.ReadItems(log)
		log.Close()
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if matches(item) {
				found = append(found, item)
			}
		}
	}
	return found, nil
}

// job returns a Job without retries that PodSecurity restricted admits.
func job(name, image string, args []string, annotations map[string]string) *batchv1.Job {
	p := allowed(pod(telemetryNamespace, nil, annotations))
	p.GenerateName, p.Namespace = "", ""
	p.Spec.RestartPolicy = corev1.RestartPolicyNever
	p.Spec.Containers[0].Image, p.Spec.Containers[0].Args = image, args
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: telemetryNamespace},
		Spec:       batchv1.JobSpec{BackoffLimit: new(int32), Template: corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec}},
	}
}

// runJob runs a Job and returns its final condition.
func (s *stage) runJob(t *testing.T, j *batchv1.Job) (ended batchv1.JobConditionType) {
	t.Helper()
	jobs := s.client.BatchV1().Jobs(j.Namespace)
	if _, err := jobs.Create(t.Context(), j, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		now, err := jobs.Get(ctx, j.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, c := range now.Status.Conditions {
			if (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue {
				ended = c.Type
				return nil
			}
		}
		return fmt.Errorf("Job %s is still running: %+v: %s", j.Name, now.Status, s.jobLog(ctx, j.Name))
	})
	return ended
}

func (s *stage) jobLog(ctx context.Context, name string) string {
	out, err := s.Kubectl(ctx, "logs", "--namespace="+telemetryNamespace, "--selector=job-name="+name, "--all-containers", "--tail=8", "--prefix")
	return fmt.Sprint(out, err)
}
