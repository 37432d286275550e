package sites

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
)

// Ports of the chart's Collectors.
const (
	portOTLP    = 4318
	portMetrics = 8888
	portHealth  = 13133
)

// Region is a [drill.Region]: the regional Collectors of a cluster.
type Region struct {
	*Cluster
	// Most is the maximum number of Collectors to watch; zero means all.
	Most int
}

var _ drill.Region = Region{}

// Name implements [drill.Region].
func (r Region) Name() string { return r.Cluster.Name }

// Collectors implements [drill.Region]. It returns the Collectors that are ready.
func (r Region) Collectors(ctx context.Context) ([]string, error) {
	pods, err := r.pods(ctx, "collector")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, pod := range pods {
		if isReady(pod) {
			names = append(names, pod.Name)
		}
	}
	slices.Sort(names)
	if r.Most > 0 && len(names) > r.Most {
		names = names[:r.Most]
	}
	return names, nil
}

// Sample implements [drill.Region].
func (r Region) Sample(ctx context.Context, collector string) (drill.Sample, error) {
	text, err := r.proxy(r.client.CoreV1().RESTClient().Get(), collector, portMetrics, "metrics").DoRaw(ctx)
	if err != nil {
		return drill.Sample{}, fmt.Errorf("read its metrics: %w", brief(err))
	}
	sample := readMetrics(text)
	sample.At = time.Now()
	return sample, nil
}

// Send implements [drill.Region].
func (r Region) Send(ctx context.Context, id string, canaries []drill.Canary) error {
	body, err := canary.Request(id, canaries, time.Now())
	if err != nil {
		return fmt.Errorf("encode canaries: %w", err)
	}
	post := r.proxy(r.client.CoreV1().RESTClient().Post(), canaries[0].Name, portOTLP, "v1/traces")
	if err := post.SetHeader("Content-Type", "application/x-protobuf").Body(body).Do(ctx).Error(); err != nil {
		return fmt.Errorf("send canaries: %w", brief(err))
	}
	return nil
}

// proxy sends a request to a pod's port through the API server.
func (c *Cluster) proxy(request *rest.Request, pod string, port int, path string) *rest.Request {
	return request.Namespace(c.Release.Namespace).Resource("pods").
		Name(pod + ":" + strconv.Itoa(port)).SubResource("proxy").Suffix(strings.Split(path, "/")...).MaxRetries(0)
}

func (c *Cluster) pods(ctx context.Context, component string) ([]core.Pod, error) {
	pods, err := c.client.CoreV1().Pods(c.Release.Namespace).List(ctx, meta.ListOptions{LabelSelector: c.Release.selector(component)})
	if err != nil {
		return nil, fmt.Errorf("list the pods of release %s in namespace %s: %w", c.Release.Name, c.Release.Namespace, err)
	}
	return pods.Items, nil
}

func isReady(pod core.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(pod.Status.Conditions, func(c core.PodCondition) bool {
		return c.Type == core.PodReady && c.Status == core.ConditionTrue
	})
}

// brief extracts the pod's response from a proxy error, or the reason why there was none.
func brief(err error) error {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return err
	}
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == meta.CauseTypeUnexpectedServerResponse && cause.Message != "" {
			return fmt.Errorf("%w: %s", err, cause.Message)
		}
	}
	return err
}
