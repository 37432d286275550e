package inventory

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/metrics"
)

// The ports of metrics: templates/_metrics.tpl and the injector's Deployment.
const (
	CollectorMetrics = 8888
	InjectorMetrics  = 8080
)

// Instances lists the pods of a component: injector, collector, central or sampler. Their metrics are not read.
func (c *Cluster) Instances(ctx context.Context, release Release, component string) ([]fleet.Instance, error) {
	var found []fleet.Instance
	err := c.each(ctx, podResource, release.Namespace, release.selector(component), func(object *unstructured.Unstructured) error {
		var pod corev1.Pod
		if err := fromUnstructured(object.Object, &pod); err != nil {
			return fmt.Errorf("read pod %s/%s: %w", object.GetNamespace(), object.GetName(), err)
		}
		if pod.DeletionTimestamp == nil {
			found = append(found, instance(&pod))
		}
		return nil
	})
	return found, err
}

func instance(pod *corev1.Pod) fleet.Instance {
	i := fleet.Instance{Namespace: pod.Namespace, Pod: pod.Name, Node: pod.Spec.NodeName}
	text, troubled := trouble(pod)
	i.Ready, i.Trouble = !troubled, text
	if len(pod.Spec.Containers) > 0 {
		i.Image = pod.Spec.Containers[0].Image
	}
	return i
}

// How many pods are asked at the same time, and how long one may take.
const (
	readersOfMetrics = 16
	metricsLimit     = 3 * time.Second
)

// ReadMetrics asks every ready instance with a node for its metrics, through the API server's proxy, and keeps the answers in
// Metrics and MetricsErr.
func (c *Cluster) ReadMetrics(ctx context.Context, instances []fleet.Instance, port int) {
	var wait sync.WaitGroup
	turn := make(chan struct{}, readersOfMetrics)
	for i := range instances {
		of := &instances[i]
		if !of.Ready || of.Node == "" {
			of.MetricsErr = errors.New("its pod is not ready")
			continue
		}
		turn <- struct{}{}
		wait.Go(func() {
			of.Metrics, of.MetricsErr = c.metrics(ctx, of, port)
			<-turn
		})
	}
	wait.Wait()
}

func (c *Cluster) metrics(ctx context.Context, of *fleet.Instance, port int) (metrics.Set, error) {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	body, err := c.rest.Get().AbsPath(proxyPath(of.Namespace, of.Pod, port)...).Suffix("metrics").MaxRetries(0).Stream(ctx)
	if err != nil {
		return metrics.Set{}, proxyError("get", of.Pod, err)
	}
	defer body.Close()
	set, err := metrics.Read(body)
	if err != nil {
		return set, fmt.Errorf("port %d of pod %s: %w", port, of.Pod, err)
	}
	return set, nil
}

// proxyPath leads through the API server to a port of a pod.
func proxyPath(namespace, pod string, port int) []string {
	return []string{"api", "v1", "namespaces", namespace, "pods", pod + ":" + strconv.Itoa(port), "proxy"}
}

// proxyError is what the pod answered, or why there was no answer.
func proxyError(verb, pod string, err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	switch {
	case !ok:
		return fmt.Errorf("ask pod %s: %w", pod, err)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s pods/proxy: %w: 'telepod rbac' prints the rights that are needed", verb, brief(err))
	}
	if details := status.ErrStatus.Details; details != nil {
		for _, cause := range details.Causes {
			if cause.Type == metav1.CauseTypeUnexpectedServerResponse && cause.Message != "" {
				return fmt.Errorf("ask pod %s: %s", pod, cause.Message)
			}
		}
	}
	return fmt.Errorf("ask pod %s: %w", pod, brief(err))
}
