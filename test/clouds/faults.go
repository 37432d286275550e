package clouds

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/install"
)

// collectorProgram is the file name of the Collector in its image.
const collectorProgram = "otelcol"

// KillPrimary sends SIGKILL to the processes of the primary site, and prevents their restart. It returns the time of
// the first kill; the disk stays.
func (e *Estate) KillPrimary(ctx context.Context) (at time.Time, err error) {
	s := e.Primary()
	node := s.Telemetry().Name
	killed, err := s.Kill(node, collectorProgram)
	at = time.Now()
	if err == nil && killed == 0 {
		err = errors.New("no process found")
	}
	if err != nil {
		return at, fmt.Errorf("kill the primary site: %w", err)
	}
	// The kubelet restarts containers until it has received the new scale: kill those, too.
	repeat, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for repeat.Err() == nil {
			_, _ = s.Kill(node, collectorProgram) // repeated anyway
			time.Sleep(50 * time.Millisecond)
		}
	}()
	if err := s.scaleCentral(ctx, 0); err != nil {
		return at, fmt.Errorf("keep the primary site down: %w", err)
	}
	return at, s.awaitCentral(ctx, 0)
}

// StartPrimary restarts the primary site, and returns when it is ready.
func (e *Estate) StartPrimary(ctx context.Context) error {
	if err := e.Primary().scaleCentral(ctx, 1); err != nil {
		return fmt.Errorf("start the primary site: %w", err)
	}
	return e.Primary().awaitCentral(ctx, 1)
}

// CutPrimary cuts the network of the primary site's node: packets to it are dropped.
func (e *Estate) CutPrimary(ctx context.Context) error {
	return e.Primary().CutNode(ctx, e.Primary().Telemetry().Name)
}

// JoinPrimary restores the network.
func (e *Estate) JoinPrimary(ctx context.Context) error {
	return e.Primary().JoinNode(ctx, e.Primary().Telemetry().Name)
}

// CutRegion cuts the links of a cloud to both central sites.
func (e *Estate) CutRegion(cloud string) {
	for _, l := range e.centralLinks(cloud) {
		l.Cut()
	}
}

// JoinRegion restores the links.
func (e *Estate) JoinRegion(cloud string) error {
	var errs []error
	for _, l := range e.centralLinks(cloud) {
		errs = append(errs, l.Restore())
	}
	return errors.Join(errs...)
}

func (e *Estate) centralLinks(from string) (links []*Link) {
	for _, l := range e.Links() {
		if l.From == from && l.What == "central" {
			links = append(links, l)
		}
	}
	return links
}

func (s *Site) scaleCentral(ctx context.Context, replicas int32) error {
	sets := s.Client.AppsV1().StatefulSets(install.Namespace)
	scale, err := sets.GetScale(ctx, central, metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = replicas
	_, err = sets.UpdateScale(ctx, central, scale, metav1.UpdateOptions{})
	return err
}

func (s *Site) awaitCentral(ctx context.Context, replicas int32) error {
	return await.Success(ctx, patience, func(ctx context.Context) error {
		set, err := s.Client.AppsV1().StatefulSets(install.Namespace).Get(ctx, central, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !settled(set, replicas) {
			return fmt.Errorf("%s has %d pods, %d of them ready, and should have %d", central, set.Status.Replicas, set.Status.ReadyReplicas, replicas)
		}
		return nil
	})
}

func settled(set *appsv1.StatefulSet, replicas int32) bool {
	return set.Status.ObservedGeneration >= set.Generation && set.Status.Replicas == replicas && set.Status.ReadyReplicas == replicas
}
