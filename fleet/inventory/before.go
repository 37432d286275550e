package inventory

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet/checks"
)

var (
	reviewResource  = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}
	storageResource = schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}
)

// Allowed asks the API server which objects the user may create. Nothing is stored.
func (c *Cluster) Allowed(ctx context.Context, namespace string, rights []checks.Right) (map[checks.Right]bool, error) {
	allowed := map[checks.Right]bool{}
	for _, right := range rights {
		attributes := map[string]any{"verb": "create", "group": right.Group, "resource": right.Resource}
		if right.Namespaced {
			attributes["namespace"] = namespace
		}
		review := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{"resourceAttributes": attributes},
		}}
		answer, err := c.objects.Resource(reviewResource).Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return nil, readError("create", "selfsubjectaccessreviews", "", err)
		}
		allowed[right], _, _ = unstructured.NestedBool(answer.Object, "status", "allowed")
	}
	return allowed, nil
}

// NamespaceLabels returns the labels of a namespace; nil if it does not exist.
func (c *Cluster) NamespaceLabels(ctx context.Context, name string) (map[string]string, error) {
	ns, found, err := c.NamespaceNamed(ctx, name)
	if found && ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	return ns.Labels, err
}

// StorageClasses returns the storage classes, and whether each is the default.
func (c *Cluster) StorageClasses(ctx context.Context) (map[string]bool, error) {
	found := map[string]bool{}
	err := c.each(ctx, storageResource, "", metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		found[object.GetName()] = object.GetAnnotations()["storageclass.kubernetes.io/is-default-class"] == "true"
		return nil
	})
	return found, err
}

// Serves reports whether the API server serves an extension's API group.
func (c *Cluster) Serves(ctx context.Context, group string) (bool, error) {
	err := c.rest.Get().AbsPath("apis", group).Do(ctx).Error()
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("ask the API server for %s: %w", group, brief(err))
	}
	return err == nil, nil
}

// PodWebhooks lists the MutatingWebhookConfigurations that apply to the creation of pods.
func (c *Cluster) PodWebhooks(ctx context.Context) ([]string, error) {
	var found []string
	err := c.each(ctx, webhookResource, "", metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		var configuration admissionv1.MutatingWebhookConfiguration
		if err := fromUnstructured(object.Object, &configuration); err != nil {
			return fmt.Errorf("read MutatingWebhookConfiguration %s: %w", object.GetName(), err)
		}
		if slices.ContainsFunc(configuration.Webhooks, changesPods) {
			found = append(found, configuration.Name)
		}
		return nil
	})
	return found, err
}

func changesPods(w admissionv1.MutatingWebhook) bool {
	return slices.ContainsFunc(w.Rules, func(rule admissionv1.RuleWithOperations) bool {
		return slices.Contains(rule.Resources, "pods") || slices.Contains(rule.Resources, "*") || slices.Contains(rule.Resources, "*/*")
	})
}
