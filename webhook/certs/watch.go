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

// named is one object to watch. With a field selector on its name, only one object is in memory, and RBAC can name
// it (resourceNames apply to a list or watch with that selector).
type named struct {
	what, name string
	example    runtime.Object
	// client shows the reflector which kinds of list the server supports.
	client any
	list   func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch  func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// follow calls trigger for the object's first state and each change, and trouble if the watch fails. It retries until
// ctx ends.
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

// logTrouble returns a trouble function for watches whose errors are also reported elsewhere.
func (n named) logTrouble(log *slog.Logger) func(error) {
	return func(err error) {
		log.Debug("watch interrupted, retrying", "kind", n.what, "name", n.name, "error", err)
	}
}
