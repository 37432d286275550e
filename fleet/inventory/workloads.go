package inventory

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

// Object is a workload, or a pod.
type Object struct {
	fleet.Identity
	fleet.Template
	// Selector matches its pods, perhaps among others; empty if labels cannot identify them.
	Selector string
	// JSON is the whole object.
	JSON []byte
}

// Get gets a workload or a pod by a word for its kind (see Kind), its namespace and its name.
func (c *Cluster) Get(ctx context.Context, id fleet.Identity) (Object, error) {
	k, ok := kindOf(id.Kind)
	if !ok {
		return Object{}, fmt.Errorf("get %s: unknown kind", id.Kind)
	}
	object, err := c.objects.Resource(k.resource).Namespace(id.Namespace).Get(ctx, id.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Object{}, fmt.Errorf("%s %q does not exist in namespace %s of context %s: check the name, -n and --context", k.name, id.Name, id.Namespace, c.Context)
	}
	if err != nil {
		return Object{}, readError("get", k.resource.Resource, id.Namespace, err)
	}
	o := Object{Identity: fleet.Identity{Namespace: id.Namespace, Kind: k.name, Name: id.Name}, Template: template(object)}
	if o.JSON, err = object.MarshalJSON(); err != nil {
		return Object{}, fmt.Errorf("read %s %s/%s: %w", k.name, id.Namespace, id.Name, err)
	}
	o.Selector, err = selector(object)
	return o, err
}

// Templates reads the workloads of one kind, in a namespace or in all if it is empty. If the kind is not installed, there
// are none.
func (c *Cluster) Templates(ctx context.Context, word, namespace string) (map[fleet.Identity]fleet.Template, error) {
	k, ok := kindOf(word)
	if !ok {
		return nil, nil
	}
	found := map[fleet.Identity]fleet.Template{}
	err := c.each(ctx, k.resource, namespace, metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		found[fleet.Identity{Namespace: object.GetNamespace(), Kind: k.name, Name: object.GetName()}] = template(object)
		return nil
	})
	return found, err
}

func template(object *unstructured.Unstructured) fleet.Template {
	annotations, _, _ := unstructured.NestedMap(object.Object, "spec", "template", "metadata", "annotations")
	paused, _, _ := unstructured.NestedBool(object.Object, "spec", "paused")
	strategy, _, _ := unstructured.NestedString(object.Object, "spec", "updateStrategy", "type")
	_, injected := annotations[injector.StatusAnnotation]
	return fleet.Template{Injected: injected, Paused: paused, OnDelete: strategy == "OnDelete"}
}

func selector(object *unstructured.Unstructured) (string, error) {
	raw, found, err := unstructured.NestedMap(object.Object, "spec", "selector")
	if err != nil || !found {
		return "", nil
	}
	var parsed metav1.LabelSelector
	if err := fromUnstructured(raw, &parsed); err != nil {
		return "", fmt.Errorf("read the selector of %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return metav1.FormatLabelSelector(&parsed), nil
}
