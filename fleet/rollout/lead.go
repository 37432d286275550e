package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/telepod/telepod/fleet/restart"
)

// StopAnnotation is on the Lease while repair has stopped: "reason: details". Removing it resumes repair.
const StopAnnotation = "telepod.dev/repair-stopped"

// Timing of the election: client-go's defaults for Kubernetes' components.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// Elector elects a leader with an existing Lease.
type Elector struct {
	Client           kubernetes.Interface
	Namespace, Lease string
	healthy          *leaderelection.HealthzAdaptor
}

// NewElector prepares an election without sending requests.
func NewElector(client kubernetes.Interface, namespace, lease string) *Elector {
	return &Elector{client, namespace, lease, leaderelection.NewLeaderHealthzAdaptor(leaseDuration)}
}

// Healthy fails if this process is the leader and cannot renew the Lease.
func (e *Elector) Healthy(r *http.Request) error { return e.healthy.Check(r) }

// Run waits until this process is the leader, then calls lead, and cancels its context if the Lease is lost. It returns
// after lead has returned. The Lease is not released: another process becomes the leader only once it has expired.
func (e *Elector) Run(ctx context.Context, lead func(context.Context)) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("get the name of this host: %w", err)
	}
	var leading atomic.Bool
	over := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Lease}, Client: e.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())}},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, Name: e.Lease, WatchDog: e.healthy,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				leading.Store(true)
				defer close(over)
				lead(ctx)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("elect a leader: %w", err)
	}
	elector.Run(ctx)
	if leading.Load() {
		<-over
	}
	if ctx.Err() == nil {
		return errors.New("another process became the leader, or the API server did not answer")
	}
	return nil
}

// Stop records in an annotation of the Lease why repair has stopped.
type Stop struct {
	Client           kubernetes.Interface
	Namespace, Lease string
	Now              func() time.Time
}

// Stopped reads the annotation.
func (s Stop) Stopped(ctx context.Context) (restart.Reason, string, error) {
	lease, err := s.Client.CoordinationV1().Leases(s.Namespace).Get(ctx, s.Lease, metav1.GetOptions{})
	if err != nil {
		return "", "", fmt.Errorf("read Lease %s/%s: %w", s.Namespace, s.Lease, err)
	}
	text := lease.Annotations[StopAnnotation]
	if text == "" {
		return "", "", nil
	}
	word, details, _ := strings.Cut(text, ": ")
	for _, m := range restart.Reasons() {
		if string(m.Reason) == word {
			return m.Reason, details, nil
		}
	}
	return restart.Interrupted, text, nil // written by hand
}

// Stop writes the annotation.
func (s Stop) Stop(ctx context.Context, f restart.Failure) error {
	const longest = 1000
	text := fmt.Sprintf("%s: %s/%s in namespace %s at %s: %s", f.Reason, f.Kind, f.Name, f.Namespace, s.Now().UTC().Format(time.RFC3339), f.Text)
	text = text[:min(len(text), longest)]
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{StopAnnotation: strings.ToValidUTF8(text, "")}}})
	if err != nil {
		return err
	}
	_, err = s.Client.CoordinationV1().Leases(s.Namespace).Patch(ctx, s.Lease, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	if err != nil {
		return fmt.Errorf("annotate Lease %s/%s: %w", s.Namespace, s.Lease, err)
	}
	return nil
}
