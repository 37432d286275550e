package certs

import (
	"context"
	"log/slog"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// named is one object to watch. The field selector on its name keeps memory at one object, and lets
// RBAC name it (resourceNames apply to a list or watch with that selector).
type named struct {
	what, name string
	example    runtime.Object
	// client shows the reflector what the other side supports.
	client any
	list   func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch  func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// follow calls trigger at each change of the object, including when it is first seen, and trouble when
// the watch fails; it retries until ctx ends.
func (n named) follow(ctx context.Context, trigger func(), trouble func(error)) {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, n.name).String()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return n.list(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return n.watch(ctx, o)
		},
	}
	informer := cache.NewSharedIndexInformer(cache.ToListWatcherWithWatchListSemantics(lw, n.client), n.example, 0, nil)
	// These two fail only on an informer that is already running.
	_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { trouble(err) })
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { trigger() },
		UpdateFunc: func(any, any) { trigger() },
		DeleteFunc: func(any) { trigger() },
	})
	informer.RunWithContext(ctx)
}

// logTrouble is the trouble handler for watches with errors that are also reported elsewhere.
func (n named) logTrouble(log *slog.Logger) func(error) {
	return func(err error) {
		log.Debug("watch interrupted, trying again", "kind", n.what, "name", n.name, "error", err)
	}
}
