package webhook

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"

	"github.com/telepod/telepod/injector"
)

// Namespaces caches the labels and annotations of namespaces that affect injection. It drops other keys, and
// namespaces without relevant ones, so memory does not grow with the cluster. Reads are lock-free: a change
// replaces the map.
type Namespaces struct {
	current atomic.Pointer[map[string]injector.Namespace]
	changed atomic.Pointer[chan struct{}] // closed by the next change
	synced  atomic.Bool
	mu      sync.Mutex // one writer at a time
}

// NewNamespaces returns an empty store.
func NewNamespaces() *Namespaces {
	n := &Namespaces{}
	n.current.Store(&map[string]injector.Namespace{})
	changed := make(chan struct{})
	n.changed.Store(&changed)
	return n
}

// Lookup returns the known data of a namespace; for most namespaces that is only the name.
func (n *Namespaces) Lookup(name string) injector.Namespace {
	if ns, ok := (*n.current.Load())[name]; ok {
		return ns
	}
	return injector.Namespace{Name: name}
}

// Await is like Lookup, but first waits, up to patience, until current accepts the data. The watch can lag behind
// the API server: a namespace and its first pod may be created together, and the pod's request may arrive before
// the namespace's event.
func (n *Namespaces) Await(name string, current func(injector.Namespace) bool, patience time.Duration) injector.Namespace {
	var late <-chan time.Time
	for {
		changed := *n.changed.Load() // before the lookup, so no change is missed
		ns := n.Lookup(name)
		if current(ns) {
			return ns
		}
		if late == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case <-changed:
		case <-late:
			return ns
		}
	}
}

// Len returns the number of namespaces kept.
func (n *Namespaces) Len() int { return len(*n.current.Load()) }

// Synced reports whether all namespaces have been read once.
func (n *Namespaces) Synced() bool { return n.synced.Load() }

// Follow watches the API server until ctx ends. client-go logs and retries errors.
func (n *Namespaces) Follow(ctx context.Context, client metadata.Interface) {
	api := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := api.List(ctx, o)
			if err != nil {
				return nil, err
			}
			list.Items = slim(list.Items)
			return list, nil
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := api.Watch(ctx, o)
			if err != nil {
				return nil, err
			}
			return watch.Filter(w, slimEvent), nil
		},
	}
	cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(source, client),
		&metav1.PartialObjectMetadata{}, n, cache.ReflectorOptions{Name: "namespaces"}).RunWithContext(ctx)
}

// slim drops irrelevant data before other code refers to the page.
func slim(items []metav1.PartialObjectMetadata) []metav1.PartialObjectMetadata {
	var kept []metav1.PartialObjectMetadata
	for i := range items {
		if m, ok := relevant(&items[i]); ok {
			kept = append(kept, *m)
		}
	}
	return kept
}

// slimEvent does the same for events. A namespace without relevant data counts as deleted.
func slimEvent(e watch.Event) (watch.Event, bool) {
	m, ok := e.Object.(*metav1.PartialObjectMetadata)
	if !ok || (e.Type != watch.Added && e.Type != watch.Modified) {
		return e, true // bookmarks, deletions, errors
	}
	slim, matters := relevant(m)
	switch {
	case matters:
		return watch.Event{Type: e.Type, Object: slim}, true
	case e.Type == watch.Modified:
		return watch.Event{Type: watch.Deleted, Object: slim}, true
	}
	return watch.Event{}, false
}

// relevant returns a copy with only the relevant data, and whether there is any.
func relevant(m *metav1.PartialObjectMetadata) (*metav1.PartialObjectMetadata, bool) {
	slim := &metav1.PartialObjectMetadata{TypeMeta: m.TypeMeta, ObjectMeta: metav1.ObjectMeta{
		Name: strings.Clone(m.Name), ResourceVersion: m.ResourceVersion,
		Labels:      pick(m.Labels, injector.Domain),
		Annotations: pick(m.Annotations, injector.Domain, injector.ResourcePrefix),
	}}
	return slim, slim.Labels != nil || slim.Annotations != nil
}

func pick(values map[string]string, prefixes ...string) map[string]string {
	var picked map[string]string
	for key, value := range values {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) {
				if picked == nil {
					picked = map[string]string{}
				}
				picked[strings.Clone(key)] = strings.Clone(value)
				break
			}
		}
	}
	return picked
}

// The methods below implement cache.ReflectorStore.

// Add implements cache.ReflectorStore.
func (n *Namespaces) Add(object any) error {
	n.change(func(all map[string]injector.Namespace) { put(all, object) })
	return nil
}

// Update implements cache.ReflectorStore.
func (n *Namespaces) Update(object any) error { return n.Add(object) }

// Delete implements cache.ReflectorStore.
func (n *Namespaces) Delete(object any) error {
	if m, ok := object.(*metav1.PartialObjectMetadata); ok {
		n.change(func(all map[string]injector.Namespace) { delete(all, m.Name) })
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (n *Namespaces) Replace(objects []any, _ string) error {
	n.change(func(all map[string]injector.Namespace) {
		clear(all)
		for _, object := range objects {
			put(all, object)
		}
	})
	n.synced.Store(true)
	return nil
}

// Resync implements cache.ReflectorStore.
func (n *Namespaces) Resync() error { return nil }

func put(all map[string]injector.Namespace, object any) {
	if m, ok := object.(*metav1.PartialObjectMetadata); ok {
		all[m.Name] = injector.Namespace{Name: m.Name, Labels: m.Labels, Annotations: m.Annotations}
	}
}

func (n *Namespaces) change(apply func(map[string]injector.Namespace)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := maps.Clone(*n.current.Load())
	apply(all)
	n.current.Store(&all)
	next := make(chan struct{})
	close(*n.changed.Swap(&next))
}
