package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata/fake"

	"github.com/telepod/telepod/injector"
)

func namespace(name string, labels, annotations map[string]string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: "1", Labels: labels, Annotations: annotations},
	}
}

var namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

func TestNamespacesFollowTheCluster(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := metav1.AddMetaToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	client := fake.NewSimpleMetadataClient(scheme,
		namespace("shop", map[string]string{"telepod.dev/injection": "enabled", "team": "a"},
			map[string]string{"telepod.dev/profile": "gcp", "resource.opentelemetry.io/team": "a", "kubectl.kubernetes.io/last": "x"}),
		namespace("plain", map[string]string{"team": "b"}, nil))
	n := NewNamespaces()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { n.Follow(ctx, client); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	eventually(t, "sync", n.Synced)
	want := injector.Namespace{Name: "shop", Labels: map[string]string{"telepod.dev/injection": "enabled"},
		Annotations: map[string]string{"telepod.dev/profile": "gcp", "resource.opentelemetry.io/team": "a"}}
	if diff := cmp.Diff(want, n.Lookup("shop")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(injector.Namespace{Name: "plain"}, n.Lookup("plain")); diff != "" || n.Len() != 1 {
		t.Errorf("%d kept; %s", n.Len(), diff)
	}
	tracker := client.Tracker()
	if err := tracker.Update(namespaceResource, namespace("plain", map[string]string{"telepod.dev/injection": "disabled"}, nil), ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "plain to be labelled", func() bool { return n.Lookup("plain").Labels["telepod.dev/injection"] == "disabled" })
	if err := tracker.Update(namespaceResource, namespace("plain", nil, nil), ""); err != nil {
		t.Fatal(err)
	}
	eventually(t, "plain to be dropped", func() bool { return n.Len() == 1 })
	if err := tracker.Delete(namespaceResource, "", "shop"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "shop to be deleted", func() bool { return n.Len() == 0 })
}

func TestUnrelatedNamespacesAreNotKept(t *testing.T) {
	var items []metav1.PartialObjectMetadata
	for i := range 10_000 {
		items = append(items, *namespace(fmt.Sprint("ns-", i), map[string]string{"kubernetes.io/metadata.name": fmt.Sprint("ns-", i)}, nil))
	}
	items = append(items, *namespace("shop", nil, map[string]string{"telepod.dev/sidecar": "true"}))
	if kept := slim(items); len(kept) != 1 || cap(kept) > 1 || kept[0].Name != "shop" {
		t.Errorf("kept %d", len(kept))
	}
	for _, kind := range []watch.EventType{watch.Added, watch.Modified} {
		event, keep := slimEvent(watch.Event{Type: kind, Object: &items[0]})
		if wantKeep := kind == watch.Modified; keep != wantKeep || keep && event.Type != watch.Deleted {
			t.Errorf("%s of an unrelated namespace: keep %v as %s", kind, keep, event.Type)
		}
	}
}

func TestReadersSeeWholeMaps(t *testing.T) {
	n := NewNamespaces()
	before := n.current.Load()
	if err := n.Add(namespace("a", map[string]string{"telepod.dev/injection": "enabled"}, nil)); err != nil {
		t.Fatal(err)
	}
	if len(*before) != 0 || !slices.Equal(slices.Collect(maps.Keys(*n.current.Load())), []string{"a"}) {
		t.Error("a change modified a map that readers use")
	}
}

// TestNamespacesAwait checks that Await waits for the event of a namespace that has just opted in, but not longer than
// patience.
func TestNamespacesAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNamespaces()
		start := time.Now()
		if got := n.Await("shop", isEnabled, patience); got.Labels != nil || time.Since(start) != patience {
			t.Errorf("without an event, after %s: %v", time.Since(start), got)
		}
		go func() {
			time.Sleep(patience / 2)
			_ = n.Add(namespace("other", map[string]string{injector.InjectionLabel: "enabled"}, nil))
			_ = n.Add(namespace("shop", map[string]string{injector.InjectionLabel: "enabled"}, map[string]string{injector.ProfileAnnotation: "gcp"}))
		}()
		start = time.Now()
		got := n.Await("shop", isEnabled, patience)
		if got.Annotations[injector.ProfileAnnotation] != "gcp" || time.Since(start) != patience/2 {
			t.Errorf("after %s: %v", time.Since(start), got)
		}
		start = time.Now()
		if n.Await("shop", isEnabled, patience); time.Since(start) != 0 {
			t.Error("waited although the label is known")
		}
	})
}

// TestAdmitterAwaitsSelectedNamespaces checks that the admitter waits only if the API server has matched a label that
// the watch does not have yet.
func TestAdmitterAwaitsSelectedNamespaces(t *testing.T) {
	for _, c := range []struct {
		name      string
		selection Selection
		known     map[string]string
		defaultOn bool
		waits     bool
		enabled   bool
	}{
		{"label not received yet", NamespaceSelected, nil, false, true, true},
		{"label known", NamespaceSelected, map[string]string{injector.InjectionLabel: "enabled"}, false, false, true},
		{"still disabled", NamespaceSelected, map[string]string{injector.InjectionLabel: "disabled"}, false, true, true},
		{"still disabled, on by default", NamespaceSelected, map[string]string{injector.InjectionLabel: "disabled"}, true, true, false},
		{"invalid label, on by default", NamespaceSelected, map[string]string{injector.InjectionLabel: "yes"}, true, false, false},
		{"selected by the default", NamespaceSelected, nil, true, false, false},
		{"annotated pod elsewhere", Unselected, nil, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			waited := false
			a := &Admitter{
				Namespace: func(name string) injector.Namespace { return injector.Namespace{Name: name, Labels: c.known} },
				Await: func(name string, _ func(injector.Namespace) bool, _ time.Duration) injector.Namespace {
					waited = true
					return injector.Namespace{Name: name, Labels: c.known}
				},
				DefaultOn: c.defaultOn,
			}
			got := a.namespace("shop", c.selection)
			if enabled := isEnabled(got); waited != c.waits || enabled != c.enabled || c.selection == NamespaceSelected && !isNotDisabled(got) {
				t.Errorf("waited %t, enabled %t, labels %v", waited, enabled, got.Labels)
			}
		})
	}
}
