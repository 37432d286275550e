package sites

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	apps "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"

	"github.com/telepod/telepod/drill"
)

// What changed objects carry: the drill that changed them and, on a StatefulSet, what to go back to.
const (
	markDrill    = "telepod.dev/drill"
	markReplicas = "telepod.dev/drill-replicas"
)

// Fail implements [drill.Central]. A drill that was ended from elsewhere, before it has failed anything,
// does not do so any more.
func (c Central) Fail(ctx context.Context) error {
	if err := c.stillHeld(ctx, c.Drill); err != nil {
		return err
	}
	switch c.Method {
	case drill.Scale:
		return c.scaleDown(ctx)
	case drill.Partition:
		return c.cutOff(ctx)
	case drill.Kill:
		return c.kill(ctx)
	}
	return fmt.Errorf("fail the primary: there is no method %q", c.Method)
}

// Hold implements [drill.Central]. It is an error when the drill was ended from elsewhere.
func (c Central) Hold(ctx context.Context) error {
	if err := c.stillHeld(ctx, c.Drill); err != nil {
		return err
	}
	switch c.Method {
	case drill.Kill:
		return c.kill(ctx)
	case drill.Scale:
		return c.stillDown(ctx)
	}
	return nil
}

// Restore implements [drill.Central]. It undoes every method, whichever drill it was.
func (c Central) Restore(ctx context.Context) error {
	return errors.Join(c.scaleUp(ctx), c.join(ctx))
}

func (c Central) scaleDown(ctx context.Context) error {
	return inTurn(func() error { return c.tryScaleDown(ctx) })
}

// inTurn tries again what came between two others' changes: the StatefulSet's controller writes to it, too.
func inTurn(change func() error) error {
	return retry.RetryOnConflict(wait.Backoff{Steps: 8, Duration: 20 * time.Millisecond, Factor: 2, Jitter: 0.2}, change)
}

func (c Central) tryScaleDown(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	if by, marked := site.Annotations[markDrill]; marked {
		return fmt.Errorf("scale %s down: drill %s has done so already; run telepod drill restore", site.Name, by)
	}
	return c.scale(ctx, site, 0, map[string]any{markDrill: c.Drill, markReplicas: strconv.Itoa(replicas(site))})
}

// stillDown finds out that something, such as Argo CD or an autoscaler, undoes the drill.
func (c Central) stillDown(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return nil // the API server may be away for a moment, and the site is down all the same
	}
	if now := replicas(site); now > 0 {
		return fmt.Errorf("something else has scaled %s to %d: pause what manages it (Argo CD, an autoscaler) for the drill", site.Name, now)
	}
	return nil
}

func (c Central) scaleUp(ctx context.Context) error {
	return inTurn(func() error { return c.tryScaleUp(ctx) })
}

func (c Central) tryScaleUp(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	before, marked := site.Annotations[markReplicas]
	if !marked {
		return nil
	}
	wanted, err := strconv.Atoi(before)
	if err != nil {
		return fmt.Errorf("scale %s up again: its annotation %s is %q: scale it by hand, and remove the annotation", site.Name, markReplicas, before)
	}
	if now := replicas(site); now > 0 {
		wanted = now // somebody has done so already, and knows better
	}
	return c.scale(ctx, site, wanted, map[string]any{markDrill: nil, markReplicas: nil})
}

// scale changes replicas and annotations at once, and only if the object is as it was seen.
func (c Central) scale(ctx context.Context, site *apps.StatefulSet, wanted int, annotations map[string]any) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": site.ResourceVersion, "annotations": annotations},
		"spec":     map[string]any{"replicas": wanted},
	})
	if err != nil {
		return fmt.Errorf("scale %s: %w", site.Name, err)
	}
	_, err = c.client.AppsV1().StatefulSets(site.Namespace).Patch(ctx, site.Name, types.MergePatchType, patch, meta.PatchOptions{})
	if err != nil {
		return fmt.Errorf("scale StatefulSet %s in %s to %d: %w", site.Name, c.Name, wanted, err)
	}
	return nil
}

// kill ends the site's pods with a second of grace. With none, a StatefulSet would replace a pod that may
// still write its queue.
func (c Central) kill(ctx context.Context) error {
	pods, err := c.pods(ctx, "central")
	if err != nil {
		return err
	}
	second := int64(1)
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		err := c.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, meta.DeleteOptions{GracePeriodSeconds: &second})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("kill pod %s in %s: %w", pod.Name, c.Name, err)
		}
	}
	return nil
}
