package inventory

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Node returns the provider id and the labels of one of the cluster's nodes; both are empty if there is none.
func (c *Cluster) Node(ctx context.Context) (providerID string, labels map[string]string, err error) {
	list, err := c.objects.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nodes"}).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return "", nil, readError("list", "nodes", "", err)
	}
	if len(list.Items) == 0 {
		return "", nil, nil
	}
	id, _, err := unstructured.NestedString(list.Items[0].Object, "spec", "providerID")
	return id, list.Items[0].GetLabels(), err
}
