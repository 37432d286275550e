package rollout

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"github.com/telepod/telepod/fleet/restart"
)

// Events records actions as events of the workloads. client-go aggregates equal events and limits their rate.
type Events struct {
	broadcaster record.EventBroadcaster
	recorder    record.EventRecorder
}

// NewEvents starts a recorder. Close it after use.
func NewEvents(ctx context.Context, client kubernetes.Interface) *Events {
	b := record.NewBroadcaster(record.WithContext(ctx))
	b.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return &Events{b, b.NewRecorder(runtime.NewScheme(), corev1.EventSource{Component: "telepod-repair"})}
}

// Write writes an event for the workload with this UID.
func (e *Events) Write(event restart.Event, uid string) {
	kind := corev1.EventTypeWarning
	if event.Reason == restart.Evicted || event.Reason == restart.Repaired {
		kind = corev1.EventTypeNormal
	}
	e.recorder.Event(&corev1.ObjectReference{APIVersion: "apps/v1", Kind: event.Kind, Namespace: event.Namespace, Name: event.Name, UID: types.UID(uid)},
		kind, string(event.Reason), event.Reason.Text()+": "+event.Text)
}

// Close stops writing.
func (e *Events) Close() { e.broadcaster.Shutdown() }
