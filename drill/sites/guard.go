package sites

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/drill"
)

const markOperator = "telepod.dev/operator"

// undoWithin is the time limit for releasing the Leases after a failed Acquire.
const undoWithin = 30 * time.Second

// Guard is a Lease in each central cluster that prevents two drills at the same time, whichever site they fail.
// A Lease counts regardless of its age: its drill may have left the site failed.
type Guard struct {
	Clusters []*Cluster
	Drill    string
	Operator string
}

var _ drill.Guard = Guard{}

// Acquire implements [drill.Guard].
func (g Guard) Acquire(ctx context.Context) error {
	for i, cluster := range g.Clusters {
		if err := g.acquire(ctx, cluster); err != nil {
			// This one as well: it may exist, if only the response was lost.
			undo := Guard{Clusters: g.Clusters[:i+1], Drill: g.Drill}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin)
			defer cancel()
			return errors.Join(err, undo.Release(ctx))
		}
	}
	return nil
}

func (g Guard) acquire(ctx context.Context, c *Cluster) error {
	now := meta.NewMicroTime(time.Now())
	leases := c.client.CoordinationV1().Leases(c.Release.Namespace)
	_, err := leases.Create(ctx, &coordination.Lease{
		ObjectMeta: meta.ObjectMeta{Name: c.leaseName(), Annotations: map[string]string{markOperator: g.Operator}},
		Spec:       coordination.LeaseSpec{HolderIdentity: &g.Drill, AcquireTime: &now},
	}, meta.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		if err != nil {
			return fmt.Errorf("start a drill in %s: %w", c.Name, err)
		}
		return nil
	}
	held, err := leases.Get(ctx, c.leaseName(), meta.GetOptions{})
	if err != nil {
		return fmt.Errorf("start a drill in %s: another one is running: %w", c.Name, err)
	}
	since := "some time"
	if held.Spec.AcquireTime != nil {
		since = held.Spec.AcquireTime.UTC().Format(time.DateTime + " UTC")
	}
	return fmt.Errorf("start a drill in %s: drill %s by %s has been running since %s: wait until it finishes, or run telepod drill restore if it ended without restoring",
		c.Name, holder(held), held.Annotations[markOperator], since)
}

// Release implements [drill.Guard]: it deletes the Leases of this drill.
func (g Guard) Release(ctx context.Context) error {
	return g.release(ctx, func(lease *coordination.Lease) bool { return holder(lease) == g.Drill })
}

// Clear deletes the Leases of every drill.
func (g Guard) Clear(ctx context.Context) error {
	return g.release(ctx, func(*coordination.Lease) bool { return true })
}

func (g Guard) release(ctx context.Context, which func(*coordination.Lease) bool) error {
	var all error
	for _, c := range g.Clusters {
		leases := c.client.CoordinationV1().Leases(c.Release.Namespace)
		lease, err := leases.Get(ctx, c.leaseName(), meta.GetOptions{})
		if err == nil && which(lease) {
			err = leases.Delete(ctx, lease.Name, meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &lease.UID}})
		}
		if err != nil && !apierrors.IsNotFound(err) {
			all = errors.Join(all, fmt.Errorf("end a drill in %s: %w", c.Name, err))
		}
	}
	return all
}

// checkLease returns an error if a drill's Lease no longer exists. A Lease that cannot be read counts as
// existing.
func (c *Cluster) checkLease(ctx context.Context, drill string) error {
	lease, err := c.client.CoordinationV1().Leases(c.Release.Namespace).Get(ctx, c.leaseName(), meta.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && holder(lease) != drill {
		return fmt.Errorf("drill %s was ended by telepod drill restore", drill)
	}
	return nil
}

func holder(lease *coordination.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

func (c *Cluster) leaseName() string { return c.Release.Name + "-drill" }
