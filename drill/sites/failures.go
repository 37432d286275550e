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

// Annotations of changed objects: the drill and, on a StatefulSet, the original number of replicas.
const (
	markDrill    = "telepod.dev/drill"
	markReplicas = "telepod.dev/drill-replicas"
)

// Fail implements [drill.Central]. It returns an error if the drill was ended from elsewhere before it failed
// anything.
func (c Central) Fail(ctx context.Context) error {
	if err := c.checkLease(ctx, c.Drill); err != nil {
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
	return fmt.Errorf("fail the primary: unknown method %q", c.Method)
}

// Hold implements [drill.Central]. It returns an error if the drill was ended from elsewhere.
func (c Central) Hold(ctx context.Context) error {
	if err := c.checkLease(ctx, c.Drill); err != nil {
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

// Restore implements [drill.Central]. It undoes every method of any drill.
func (c Central) Restore(ctx context.Context) error {
	return errors.Join(c.scaleUp(ctx), c.rejoin(ctx))
}

func (c Central) scaleDown(ctx context.Context) error {
	return retryConflicts(func() error { return c.tryScaleDown(ctx) })
}

// retryConflicts retries on conflicts: the StatefulSet's controller also writes to the object.
func retryConflicts(change func() error) error {
	return retry.RetryOnConflict(wait.Backoff{Steps: 8, Duration: 20 * time.Millisecond, Factor: 2, Jitter: 0.2}, change)
}

func (c Central) tryScaleDown(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return err
	}
	if by, marked := site.Annotations[markDrill]; marked {
		return fmt.Errorf("scale %s down: drill %s has already done that; run telepod drill restore", site.Name, by)
	}
	return c.scale(ctx, site, 0, map[string]any{markDrill: c.Drill, markReplicas: strconv.Itoa(replicas(site))})
}

// stillDown detects that something, such as Argo CD or an autoscaler, scaled the site up again.
func (c Central) stillDown(ctx context.Context) error {
	site, err := c.site(ctx)
	if err != nil {
		return nil // the API server may be unavailable for a moment; the site is still down
	}
	if now := replicas(site); now > 0 {
		return fmt.Errorf("something else has scaled %s to %d: pause what manages it (Argo CD, an autoscaler) for the drill", site.Name, now)
	}
	return nil
}

func (c Central) scaleUp(ctx context.Context) error {
	return retryConflicts(func() error { return c.tryScaleUp(ctx) })
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
		wanted = now // already scaled up by someone else; keep that
	}
	return c.scale(ctx, site, wanted, map[string]any{markDrill: nil, markReplicas: nil})
}

// scale changes replicas and annotations in one request, and only if the object has not changed since it was
// read.
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

// kill deletes the site's pods with a grace period of one second. With none, the StatefulSet could start a
// replacement while the old pod still writes its queue.
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
