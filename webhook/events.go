package webhook

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"github.com/telepod/telepod/injector"
)

// component is the source of the events.
const component = "telepod"

// eventWriter writes events about pods that need attention on their controllers, because the pods do not exist
// yet. Writing is asynchronous: client-go merges equal events, limits the rate for each object, and drops events
// instead of waiting. The text never quotes the pod: any client that reaches the port could otherwise choose
// what is written in any namespace, about any object.
type eventWriter struct {
	recorder record.EventRecorder
	stop     func()
}

func newEventWriter(ctx context.Context, client typedcorev1.EventsGetter) *eventWriter {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.Events("")})
	return &eventWriter{
		recorder: broadcaster.NewRecorder(runtime.NewScheme(), corev1.EventSource{Component: component}),
		stop:     broadcaster.Shutdown,
	}
}

// record writes events about what needs attention: mistakes in annotations, a sidecar that was left out,
// a refusal, a failure. Dry runs leave no trace in the cluster.
func (w *eventWriter) record(a admission) {
	if a.request.DryRun || len(a.Warnings) == 0 {
		return
	}
	owner := ownerOf(a)
	if owner == nil {
		return
	}
	if a.Plan == nil || a.Verdict == Denied {
		w.recorder.Event(owner, corev1.EventTypeWarning, string(a.Reason), "pods: "+a.Reason.Text())
	}
	if a.Plan == nil {
		return
	}
	for _, warning := range a.Plan.Warnings[:min(len(a.Plan.Warnings), maxWarnings)] {
		w.recorder.Event(owner, corev1.EventTypeWarning, string(warning.Reason), warning.Plain())
	}
	for _, skip := range a.Plan.Remarks()[:min(len(a.Plan.Remarks()), maxWarnings)] {
		if skip.Reason == injector.OtherInjector {
			continue // needs no attention
		}
		w.recorder.Event(owner, corev1.EventTypeWarning, string(skip.Reason), skip.Plain())
	}
}

// ownerOf returns the pod's controller, or nil.
func ownerOf(a admission) *corev1.ObjectReference {
	if a.Pod == nil {
		return nil
	}
	for _, owner := range a.Pod.Metadata.OwnerReferences {
		if owner.Controller {
			// Copies: a queued event must not keep the whole request in memory.
			return &corev1.ObjectReference{
				APIVersion: strings.Clone(owner.APIVersion), Kind: strings.Clone(owner.Kind),
				Namespace: strings.Clone(a.request.Namespace), Name: strings.Clone(owner.Name),
				UID: types.UID(strings.Clone(owner.UID)),
			}
		}
	}
	return nil
}
