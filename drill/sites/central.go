package sites

import (
	"context"
	"fmt"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/drill"
)

// Central is the central site of a cluster: a [drill.Central] and a [drill.Spare].
type Central struct {
	*Cluster
	// Drill is the ID that marks changed objects.
	Drill  string
	Method drill.Method
}

var (
	_ drill.Central = Central{}
	_ drill.Spare   = Central{}
)

// Ready implements [drill.Central].
func (c Central) Ready(ctx context.Context) (bool, error) {
	site, err := c.site(ctx)
	if err != nil {
		return false, err
	}
	ready, err := c.readyPods(ctx)
	wanted := replicas(site)
	return len(ready) >= wanted && wanted > 0, err
}

// Healthy implements [drill.Spare]: every Collector of the site must be ready and report itself healthy.
func (c Central) Healthy(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	if by, marked := site.Annotations[markDrill]; marked {
		return fmt.Errorf("StatefulSet %s in %s was failed by drill %s: wait until it finishes, or run telepod drill restore", site.Name, c.Name, by)
	}
	ready, err := c.readyPods(ctx)
	if err != nil {
		return err
	}
	if wanted := replicas(site); wanted == 0 || len(ready) < wanted {
		return fmt.Errorf("StatefulSet %s in %s has %d of %d Collectors ready", site.Name, c.Name, len(ready), wanted)
	}
	for _, pod := range ready {
		if err := c.proxy(c.client.CoreV1().RESTClient().Get(), pod, portHealth, "").Do(ctx).Error(); err != nil {
			return fmt.Errorf("ask Collector %s in %s for its health: %w", pod, c.Name, brief(err))
		}
	}
	return nil
}

// site returns the StatefulSet that receives data from the regions.
func (c Central) site(ctx context.Context) (*apps.StatefulSet, error) {
	sets, err := c.client.AppsV1().StatefulSets(c.Release.Namespace).List(ctx, meta.ListOptions{LabelSelector: c.Release.selector("central")})
	if err != nil {
		return nil, fmt.Errorf("find the central site in %s: %w", c.Name, err)
	}
	if len(sets.Items) != 1 {
		return nil, fmt.Errorf("find the central site in %s: release %s in namespace %s has %d StatefulSets of the component central; check that central.enabled is set there",
			c.Name, c.Release.Name, c.Release.Namespace, len(sets.Items))
	}
	return &sets.Items[0], nil
}

func (c Central) readyPods(ctx context.Context) ([]string, error) {
	pods, err := c.pods(ctx, "central")
	if err != nil {
		return nil, err
	}
	var ready []string
	for _, pod := range pods {
		if isReady(pod) {
			ready = append(ready, pod.Name)
		}
	}
	return ready, nil
}

func replicas(set *apps.StatefulSet) int {
	if set.Spec.Replicas == nil {
		return 1
	}
	return int(*set.Spec.Replicas)
}
