package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
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
	i := fleet.Instance{Namespace: pod.Namespace, Pod: pod.Name, Node: cmp.Or(pod.Spec.NodeName, intendedNode(pod)), Created: pod.CreationTimestamp.Time}
	text, troubled := trouble(pod)
	i.Ready, i.Trouble = !troubled, text
	if len(pod.Spec.Containers) > 0 {
		i.Image = pod.Spec.Containers[0].Image
	}
	return i
}

// intendedNode returns the node that the DaemonSet's controller has chosen for a pod. The scheduler may refuse it.
func intendedNode(pod *corev1.Pod) string {
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return ""
	}
	for _, term := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, field := range term.MatchFields {
			if field.Key == metav1.ObjectNameField && field.Operator == corev1.NodeSelectorOpIn && len(field.Values) == 1 {
				return field.Values[0]
			}
		}
	}
	return ""
}

// The number of pods that are queried concurrently, and the timeout for each.
const (
	readersOfMetrics = 64
	metricsLimit     = 3 * time.Second
)

// ReadMetrics reads the metrics of every ready instance through the API server's proxy, into Metrics and MetricsErr.
// The previous reading moves to Earlier.
func (c *Cluster) ReadMetrics(ctx context.Context, instances []fleet.Instance, port int) {
	atOnce(instances, func(of *fleet.Instance, turn turns) { turn.take(func() { c.readMetrics(ctx, of, port) }) })
}

// Again selects the instances that are read a second time, and when.
type Again struct {
	After time.Duration
	If    func(fleet.Instance) bool
}

// ReadMetricsAgain reads the metrics like ReadMetrics, and some a second time, with the ends of the logs. An instance that
// does not answer does not delay others. If the second reading fails, the first one is kept.
func (c *Cluster) ReadMetricsAgain(ctx context.Context, instances []fleet.Instance, port int, again Again) {
	atOnce(instances, func(of *fleet.Instance, turn turns) {
		turn.take(func() { c.readMetrics(ctx, of, port) })
		if !of.Ready || of.MetricsErr != nil || !again.If(*of) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again.After):
		}
		turn.take(func() {
			second := *of
			if c.readMetrics(ctx, &second, port); second.MetricsErr == nil {
				*of = second
			}
			of.Log = c.log(ctx, of, false)
		})
	})
}

func (c *Cluster) readMetrics(ctx context.Context, of *fleet.Instance, port int) {
	if !of.Ready {
		of.MetricsErr = errors.New("its pod is not ready")
		return
	}
	set, err := c.metrics(ctx, of, port)
	if !of.Metrics.Empty() && err == nil {
		of.Earlier, of.Twice = of.Metrics, true
	}
	of.Metrics, of.MetricsErr = set, err
}

// turns limits how many functions run at the same time.
type turns chan struct{}

func (t turns) take(do func()) {
	t <- struct{}{}
	defer func() { <-t }()
	do()
}

// atOnce calls a function for every instance concurrently. The function uses a turn for each of its requests.
func atOnce(instances []fleet.Instance, do func(*fleet.Instance, turns)) {
	var wait sync.WaitGroup
	turn := make(turns, readersOfMetrics)
	for i := range instances {
		wait.Go(func() { do(&instances[i], turn) })
	}
	wait.Wait()
}

func (c *Cluster) metrics(ctx context.Context, of *fleet.Instance, port int) (metrics.Set, error) {
	if ctx.Err() != nil {
		return metrics.Set{}, fmt.Errorf("pod %s was not queried: the time limit was reached", of.Pod)
	}
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	began := time.Now()
	body, err := c.rest.Get().AbsPath(proxyPath(of.Namespace, of.Pod, port)...).Suffix("metrics").MaxRetries(0).Stream(ctx)
	if err == nil {
		defer body.Close()
		var set metrics.Set
		if set, err = metrics.Read(body); err == nil {
			return set, nil
		}
		err = fmt.Errorf("port %d of pod %s: %w", port, of.Pod, err)
	} else {
		err = proxyError("get", of.Namespace, of.Pod, err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("pod %s%s did not answer within %.1f s", of.Pod, on(of.Node), time.Since(began).Seconds())
	}
	return metrics.Set{}, err
}

func on(node string) string {
	if node == "" {
		return ""
	}
	return " on node " + node
}

// proxyPath returns the path to a port of a pod through the API server.
func proxyPath(namespace, pod string, port int) []string {
	return []string{"api", "v1", "namespaces", namespace, "pods", pod + ":" + strconv.Itoa(port), "proxy"}
}

// proxyError returns the pod's error response, or the reason why there was none.
func proxyError(verb, namespace, pod string, err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	switch {
	case !ok:
		return fmt.Errorf("pod %s: %w", pod, err)
	case apierrors.IsForbidden(err):
		return readError(verb, "pods/proxy", namespace, err)
	}
	if details := status.ErrStatus.Details; details != nil {
		for _, cause := range details.Causes {
			if cause.Type == metav1.CauseTypeUnexpectedServerResponse && cause.Message != "" {
				return fmt.Errorf("pod %s: %s", pod, cause.Message)
			}
		}
	}
	return fmt.Errorf("pod %s: %w", pod, brief(err))
}

// collectorOTLP is the port of OTLP over HTTP.
const collectorOTLP = 4318

// SendTraces posts an OTLP request in protobuf to a Collector. It needs permission to create pods/proxy.
func (c *Cluster) SendTraces(ctx context.Context, to fleet.Instance, body []byte) error {
	answer, err := c.rest.Post().AbsPath(proxyPath(to.Namespace, to.Pod, collectorOTLP)...).Suffix("v1", "traces").
		SetHeader("Content-Type", "application/x-protobuf").Body(body).MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		if message := statusMessage(answer); message != "" {
			return fmt.Errorf("pod %s: %s", to.Pod, message)
		}
		return proxyError("create", to.Namespace, to.Pod, err)
	}
	return nil
}

// statusMessage returns the message of the google.rpc.Status in an error response of OTLP over HTTP; empty if the response
// is something else, such as one from the API server.
func statusMessage(answer []byte) string {
	var s spb.Status
	if err := proto.Unmarshal(answer, &s); err != nil || s.GetCode() == 0 {
		return ""
	}
	return fleet.Printable(s.GetMessage())
}
