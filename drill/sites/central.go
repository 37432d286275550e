package sites

import (
	"context"
	"fmt"
	"strings"
	"time"

	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/inventory"
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

// Is implements [drill.Role], with central.role of the chart. If no Collector answers, nothing contradicts.
func (c Central) Is(ctx context.Context, site drill.Site) error {
	found := c.live.Part(ctx, inventory.Release(c.Release), "central", inventory.CollectorMetrics)
	if role := checks.SiteName(found.Value.Instances); role != "" && role != string(site) {
		return fmt.Errorf("%s has central.role %s, so it is not the %s: set --primary and --backup to the contexts of the sites with these roles", c.Name, role, site)
	}
	return nil
}

// Running implements [drill.Central].
func (c Central) Running(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	if err := c.unmarked(site); err != nil {
		return err
	}
	if wanted := replicas(site); wanted > 0 {
		ready, err := c.readyPods(ctx)
		if err != nil || len(ready) >= wanted {
			return err
		}
		return fmt.Errorf("StatefulSet %s in %s has %d of %d pods ready: telepod check shows why", site.Name, c.Name, len(ready), wanted)
	}
	found, err := c.live.Workloads(ctx, inventory.Release(c.Release), "central")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("StatefulSet %s in %s is scaled to zero, and not by a drill", site.Name, c.Name)
	}
	s := checks.Snapshot{Kubectl: "kubectl --context " + c.Name, Namespace: c.Release.Namespace}
	return fmt.Errorf("StatefulSet %s in %s is %s, and no drill has marked it; to scale it up: %s", site.Name, c.Name, found[0].Zero(), s.ScaleUp(found[0]))
}

// unmarked returns an error if a drill has failed the site and not restored it.
func (c Central) unmarked(site *apps.StatefulSet) error {
	if by, marked := site.Annotations[markDrill]; marked {
		return fmt.Errorf("StatefulSet %s in %s was failed by drill %s: wait until it finishes, or run telepod drill restore", site.Name, c.Name, by)
	}
	return nil
}

// Healthy implements [drill.Spare]: 'telepod check' must find nothing wrong with the site.
func (c Central) Healthy(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	if err := c.unmarked(site); err != nil {
		return err
	}
	release := inventory.Release(c.Release)
	found := checks.Ill(checks.Snapshot{Now: time.Now(),
		Central:  c.live.Part(ctx, release, "central", inventory.CollectorMetrics),
		Samplers: c.live.Part(ctx, release, "sampler", inventory.CollectorMetrics)})
	if len(found) > 0 {
		return fmt.Errorf("the site in %s: %s: telepod check shows the details", c.Name, strings.Join(found, "; "))
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
