package inventory

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet/checks"
)

var (
	nodeResource    = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	policyResource  = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}
	bindingResource = schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}
)

// Nodes lists the nodes.
func (c *Cluster) Nodes(ctx context.Context) ([]checks.Node, error) {
	var found []checks.Node
	err := c.each(ctx, nodeResource, "", metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		var node corev1.Node
		if err := fromUnstructured(object.Object, &node); err != nil {
			return fmt.Errorf("read node %s: %w", object.GetName(), err)
		}
		found = append(found, readNode(&node))
		return nil
	})
	return found, err
}

func readNode(node *corev1.Node) checks.Node {
	n := checks.Node{Name: node.Name, Kubelet: node.Status.NodeInfo.KubeletVersion, Labels: node.Labels, Taints: node.Spec.Taints}
	n.Provider, _, _ = strings.Cut(node.Spec.ProviderID, "://")
	for _, condition := range node.Status.Conditions {
		switch {
		case condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue:
			n.NotReadySince = condition.LastTransitionTime.Time
		case condition.Type == corev1.NodeDiskPressure && condition.Status == corev1.ConditionTrue:
			n.DiskPressure = true
		}
	}
	return n
}

// Policies lists the NetworkPolicies of a namespace.
func (c *Cluster) Policies(ctx context.Context, namespace string) ([]networkingv1.NetworkPolicy, error) {
	var found []networkingv1.NetworkPolicy
	err := c.each(ctx, policyResource, namespace, metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		var policy networkingv1.NetworkPolicy
		if err := fromUnstructured(object.Object, &policy); err != nil {
			return fmt.Errorf("read NetworkPolicy %s/%s: %w", namespace, object.GetName(), err)
		}
		found = append(found, policy)
		return nil
	})
	return found, err
}

// Bindings reports for each name whether the ClusterRoleBinding exists.
func (c *Cluster) Bindings(ctx context.Context, names ...string) (map[string]bool, error) {
	exists := map[string]bool{}
	for _, name := range names {
		_, err := c.objects.Resource(bindingResource).Get(ctx, name, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return nil, readError("get", "clusterrolebindings "+name, "", err)
		}
		exists[name] = err == nil
	}
	return exists, nil
}
