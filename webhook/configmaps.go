package webhook

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/tools/cache"
)

// ConfigMaps caches the keys of ConfigMaps that can be names of variables. It requests only metadata from the
// API server: the managed fields list the keys, and values are never transferred. Reads are lock-free.
type ConfigMaps struct {
	all     sync.Map // "namespace/name" to []string
	size    atomic.Int64
	kept    atomic.Int64
	changed atomic.Pointer[chan struct{}] // closed by the next change
	synced  atomic.Bool
	mu      sync.Mutex // one writer at a time
}

const (
	// maxConfigMapBytes limits names and keys in memory. ConfigMaps that do not fit stay unknown.
	maxConfigMapBytes = 16 << 20
	// configMapOverhead is the size of an entry without its text.
	configMapOverhead = 160
	// maxConfigMapKeys limits one ConfigMap: an object of 1 MiB can have 100,000 keys.
	maxConfigMapKeys = 1000
	// configMapPage is the page size of the first list.
	configMapPage = 200
)

// NewConfigMaps returns an empty store.
func NewConfigMaps() *ConfigMaps {
	c := &ConfigMaps{}
	changed := make(chan struct{})
	c.changed.Store(&changed)
	return c
}

// Keys returns the keys of a ConfigMap that can be names of variables; known is false if the watch has not
// received it, or it has no managed fields.
func (c *ConfigMaps) Keys(namespace, name string) (keys []string, known bool) {
	if v, ok := c.all.Load(namespace + "/" + name); ok {
		return v.([]string), true
	}
	return nil, false
}

// Await waits, up to patience, until all of the ConfigMaps are known: one may have been created together with
// the pod that uses it. It reports whether any is known.
func (c *ConfigMaps) Await(ctx context.Context, namespace string, names []string, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		changed := *c.changed.Load() // before the check, so no change is missed
		missing := 0
		for _, name := range names {
			if _, known := c.Keys(namespace, name); !known {
				missing++
			}
		}
		if missing == 0 {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return missing < len(names)
		}
	}
}

// Len returns the number of known ConfigMaps.
func (c *ConfigMaps) Len() int { return int(c.kept.Load()) }

// Synced reports whether all ConfigMaps have been read once.
func (c *ConfigMaps) Synced() bool { return c.synced.Load() }

// Follow watches the API server until ctx ends, except for namespaces that are never injected. client-go
// logs and retries errors.
func (c *ConfigMaps) Follow(ctx context.Context, client metadata.Interface, without []string) {
	api := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"})
	selector := fields.Everything()
	for _, namespace := range without {
		selector = fields.AndSelectors(selector, fields.OneTermNotEqualSelector("metadata.namespace", namespace))
	}
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector.String()
			list, err := api.List(ctx, o)
			if err != nil {
				return nil, err
			}
			for i := range list.Items {
				list.Items[i] = *keysOnly(&list.Items[i])
			}
			return list, nil
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector.String()
			w, err := api.Watch(ctx, o)
			if err != nil {
				return nil, err
			}
			return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
				if m, ok := e.Object.(*metav1.PartialObjectMetadata); ok && e.Type != watch.Bookmark {
					e.Object = keysOnly(m)
				}
				return e, true
			}), nil
		},
	}
	reflector := cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(source, client),
		&metav1.PartialObjectMetadata{}, c, cache.ReflectorOptions{Name: "configmaps"})
	reflector.WatchListPageSize = configMapPage
	reflector.RunWithContext(ctx)
}

// keysOnly returns a copy with the name and, as annotations without values, the keys; nil annotations
// mean that the keys are unknown.
func keysOnly(m *metav1.PartialObjectMetadata) *metav1.PartialObjectMetadata {
	slim := &metav1.PartialObjectMetadata{TypeMeta: m.TypeMeta, ObjectMeta: metav1.ObjectMeta{
		Name: strings.Clone(m.Name), Namespace: strings.Clone(m.Namespace), ResourceVersion: m.ResourceVersion}}
	keys := map[string]string{}
	for i := range m.ManagedFields {
		if m.ManagedFields[i].FieldsV1 == nil || !dataKeys(m.ManagedFields[i].FieldsV1.GetRawBytes(), keys) {
			return slim
		}
	}
	if len(m.ManagedFields) > 0 && len(keys) <= maxConfigMapKeys {
		slim.Annotations = keys
	}
	return slim
}

// dataKeys collects the keys of data from the managed fields of one manager: {"f:data":{"f:KEY":{}}}
// (structured-merge-diff, FieldsV1). It returns false if they cannot be parsed.
func dataKeys(raw []byte, keys map[string]string) bool {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	data := false
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return dec.StackDepth() == 0 && dec.InputOffset() > 0
		}
		name := ""
		if token.Kind() == '"' {
			name = token.String()
		}
		switch depth := dec.StackDepth(); {
		case depth == 1 && name != "":
			data = name == "f:data"
		case depth == 2 && data && name != "":
			if key, ok := strings.CutPrefix(name, "f:"); ok && variableName(key) && len(keys) <= maxConfigMapKeys {
				keys[strings.Clone(key)] = ""
			}
		}
	}
}

// variableName reports whether a key can be the end of the name of a variable that Telepod sets.
func variableName(key string) bool {
	for i := range len(key) {
		c := key[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return key != ""
}

// The methods below implement cache.ReflectorStore.

// Add implements cache.ReflectorStore.
func (c *ConfigMaps) Add(object any) error {
	c.change(func() { c.put(object) })
	return nil
}

// Update implements cache.ReflectorStore.
func (c *ConfigMaps) Update(object any) error { return c.Add(object) }

// Delete implements cache.ReflectorStore.
func (c *ConfigMaps) Delete(object any) error {
	if m, ok := object.(*metav1.PartialObjectMetadata); ok {
		c.change(func() { c.remove(m.Namespace + "/" + m.Name) })
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (c *ConfigMaps) Replace(objects []any, _ string) error {
	c.change(func() {
		there := map[string]bool{}
		for _, object := range objects {
			if m, ok := object.(*metav1.PartialObjectMetadata); ok {
				there[m.Namespace+"/"+m.Name] = true
			}
		}
		c.all.Range(func(key, _ any) bool {
			if !there[key.(string)] {
				c.remove(key.(string))
			}
			return true
		})
		for _, object := range objects {
			c.put(object)
		}
	})
	c.synced.Store(true)
	return nil
}

// Resync implements cache.ReflectorStore.
func (c *ConfigMaps) Resync() error { return nil }

func (c *ConfigMaps) put(object any) {
	m, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return
	}
	key := m.Namespace + "/" + m.Name
	if m.Annotations == nil {
		c.remove(key)
		return
	}
	keys := make([]string, 0, len(m.Annotations))
	for name := range m.Annotations {
		keys = append(keys, name)
	}
	if was, ok := c.all.Load(key); ok { // replaced in one step, so readers always find it
		c.size.Add(-sizeOf(key, was.([]string)))
		c.kept.Add(-1)
	}
	if size := sizeOf(key, keys); c.size.Load()+size <= maxConfigMapBytes {
		c.all.Store(key, keys)
		c.size.Add(size)
		c.kept.Add(1)
	} else {
		c.all.Delete(key)
	}
}

func (c *ConfigMaps) remove(key string) {
	if v, ok := c.all.LoadAndDelete(key); ok {
		c.size.Add(-sizeOf(key, v.([]string)))
		c.kept.Add(-1)
	}
}

func sizeOf(key string, keys []string) int64 {
	n := int64(configMapOverhead + len(key))
	for _, k := range keys {
		n += int64(len(k)) + 16
	}
	return n
}

func (c *ConfigMaps) change(apply func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply()
	next := make(chan struct{})
	close(*c.changed.Swap(&next))
}
