package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

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
	eventually(t, "plain to be forgotten", func() bool { return n.Len() == 1 })
	if err := tracker.Delete(namespaceResource, "", "shop"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "shop to be gone", func() bool { return n.Len() == 0 })
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
		t.Error("a reader's map was changed under it")
	}
}
