package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
)

// patience is longer than the slowest wait.
const patience = 90 * time.Second

// eventually retries until done returns nil, or fails with the last error.
func eventually(t *testing.T, done func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := done(ctx)
		if ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		t.Fatalf("gave up after %s: %v", patience, last)
	}
}

func (s *stage) apply(t *testing.T, manifests string) {
	t.Helper()
	if err := s.Apply(t.Context(), manifests); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// schedule runs a CronJob now that is due every minute: its controller catches up on a run that it seems to have missed.
func (s *stage) schedule(t *testing.T, namespace, cronJob string) {
	t.Helper()
	last := time.Now().Add(-90 * time.Second).UTC().Format(time.RFC3339)
	s.kubectl(t, "patch", "cronjob", cronJob, "--namespace="+namespace, "--subresource=status", "--type=merge", `--patch={"status": {"lastScheduleTime": "`+last+`"}}`)
}

// namespace creates a namespace and waits for the service account that its pods need.
func (s *stage) namespace(t *testing.T, name string, labels, annotations map[string]string) {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: annotations}}
	if _, err := s.client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func(ctx context.Context) error {
		_, err := s.client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func enabled() map[string]string { return map[string]string{injector.InjectionLabel: "enabled"} }

// pod is the default pod of the tests, usually created as a dry run.
func pod(namespace string, labels, annotations map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "app-", Namespace: namespace, Labels: labels, Annotations: annotations},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(bool),
			Containers:                   []corev1.Container{{Name: "app", Image: cluster.AppImage, ImagePullPolicy: corev1.PullNever}},
		},
	}
}

// dryRun returns the pod as it would be stored, and the warnings in the response.
func (s *stage) dryRun(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, []string, error) {
	client, received, err := s.clientWithWarnings()
	if err != nil {
		return nil, nil, err
	}
	made, err := client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{
		DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
	})
	return made, received.texts, err
}

// clientWithWarnings returns a client that records warnings.
func (s *stage) clientWithWarnings() (kubernetes.Interface, *warnings, error) {
	received := &warnings{}
	config := rest.CopyConfig(s.config)
	config.WarningHandler = received
	client, err := kubernetes.NewForConfig(config)
	return client, received, err
}

func (s *stage) mustDryRun(t *testing.T, pod *corev1.Pod) (*corev1.Pod, []string) {
	t.Helper()
	made, warnings, err := s.dryRun(t.Context(), pod)
	if err != nil {
		t.Fatal(err)
	}
	return made, warnings
}

type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, text)
}

// status returns the pod's status annotation; nil if the pod was not injected.
func status(t *testing.T, pod *corev1.Pod) *injector.Status {
	t.Helper()
	text, ok := pod.Annotations[injector.StatusAnnotation]
	if !ok {
		return nil
	}
	s := &injector.Status{}
	if err := json.Unmarshal([]byte(text), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func variable(pod *corev1.Pod, name string) string {
	for _, v := range pod.Spec.Containers[0].Env {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// pods lists the pods that match a selector.
func (s *stage) pods(ctx context.Context, namespace, selector string) ([]corev1.Pod, error) {
	list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// environment returns the environment that the application in a pod has printed, as a line of JSON.
func (s *stage) environment(ctx context.Context, pod *corev1.Pod) (map[string]string, error) {
	logs, err := s.client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "app"}).DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	env := map[string]string{}
	if err := json.Unmarshal([]byte(strings.SplitN(string(logs), "\n", 2)[0]), &env); err != nil {
		return nil, fmt.Errorf("read the environment that pod %s printed: %w: %.200q", pod.Name, err, logs)
	}
	return env, nil
}

// replicas returns the webhook's pods that are ready and not terminating.
func (s *stage) replicas(ctx context.Context) ([]corev1.Pod, error) {
	all, err := s.pods(ctx, install.Namespace, "app.kubernetes.io/component=injector")
	return slices.DeleteFunc(all, func(p corev1.Pod) bool {
		return p.DeletionTimestamp != nil || !isReady(&p)
	}), err
}

// ask sends a GET request to a port of one replica; the parameters have no values.
func (s *stage) ask(ctx context.Context, replica, port, path string, parameters ...string) (string, error) {
	request := s.client.CoreV1().RESTClient().Get().
		AbsPath("/api/v1/namespaces/" + install.Namespace + "/pods/" + replica + ":" + port + "/proxy" + path)
	for _, name := range parameters {
		request.Param(name, "")
	}
	out, err := request.DoRaw(ctx)
	return string(out), err
}

// metric sums a series over the replicas. The series is written as in Prometheus, name{label="value"}; without labels
// it includes all series with that name.
func (s *stage) metric(ctx context.Context, series string) (float64, error) {
	each, err := s.metrics(ctx, series)
	sum := 0.0
	for _, value := range each {
		sum += value
	}
	return sum, err
}

// metrics returns the sum for each replica.
func (s *stage) metrics(ctx context.Context, series string) ([]float64, error) {
	replicas, err := s.replicas(ctx)
	if err != nil {
		return nil, err
	}
	var each []float64
	for _, replica := range replicas {
		text, err := s.ask(ctx, replica.Name, "8080", "/metrics")
		if err != nil {
			return nil, err
		}
		sum := 0.0
		for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), " ")
			if base, _, _ := strings.Cut(name, "{"); name != series && base != series {
				continue
			}
			var v float64
			if _, err := fmt.Sscan(value, &v); err != nil {
				return nil, fmt.Errorf("read %s: %w", lines.Text(), err)
			}
			sum += v
		}
		each = append(each, sum)
	}
	return each, nil
}

// explain logs the webhook's last lines and the state of its pods.
func (s *stage) explain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, args := range [][]string{
		{"get", "pods", "--all-namespaces", "--output=wide"},
		{"logs", "--namespace=" + install.Namespace, "--selector=app.kubernetes.io/component=injector", "--tail=15", "--prefix", "--ignore-errors"},
	} {
		out, err := s.Kubectl(ctx, args...)
		t.Logf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
