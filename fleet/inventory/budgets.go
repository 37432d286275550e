package inventory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
)

var budgetResource = schema.GroupVersionResource{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"}

// Budget is a PodDisruptionBudget with its selector.
type Budget struct {
	restart.Budget
	namespace string
	selector  labels.Selector
}

// Budgets lists the PodDisruptionBudgets of a namespace, or of all if it is empty.
func (c *Cluster) Budgets(ctx context.Context, namespace string) ([]Budget, error) {
	var found []Budget
	err := c.each(ctx, budgetResource, namespace, metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
		var b policyv1.PodDisruptionBudget
		err := fromUnstructured(object.Object, &b)
		if err != nil {
			return fmt.Errorf("read PodDisruptionBudget %s/%s: %w", object.GetNamespace(), object.GetName(), err)
		}
		s := b.Status
		budget := Budget{namespace: b.Namespace, Budget: restart.Budget{Name: b.Name, Observed: s.ObservedGeneration >= b.Generation,
			Allowed: int(s.DisruptionsAllowed), Healthy: int(s.CurrentHealthy), Expected: int(s.ExpectedPods), Needed: int(s.DesiredHealthy)}}
		if budget.selector, err = metav1.LabelSelectorAsSelector(b.Spec.Selector); err != nil {
			return fmt.Errorf("read PodDisruptionBudget %s/%s: %w", b.Namespace, b.Name, err)
		}
		found = append(found, budget)
		return nil
	})
	return found, err
}

// BudgetsOf returns the budgets that select the pods of a namespace with these labels.
func BudgetsOf(podNamespace string, podLabels map[string]string, all []Budget) []restart.Budget {
	var found []restart.Budget
	for _, b := range all {
		if b.namespace == podNamespace && b.selector.Matches(labels.Set(podLabels)) {
			found = append(found, b.Budget)
		}
	}
	return found
}

// Member is a running pod of a workload. Running contains everything but its state.
type Member struct {
	Pod     *fleet.Pod
	Running restart.Pod
}

// PodsOf lists the running pods of a workload, oldest first.
func (c *Cluster) PodsOf(ctx context.Context, r Rolling) ([]Member, error) {
	var found []Member
	err := c.each(ctx, podResource, r.Namespace, metav1.ListOptions{LabelSelector: r.Selector}, func(object *unstructured.Unstructured) error {
		pod, err := readPod(object)
		if err != nil || pod.Ended || !fleet.Belongs(pod.Pod, r.Identity) {
			return err
		}
		var typed corev1.Pod
		if err := fromUnstructured(object.Object, &typed); err != nil {
			return fmt.Errorf("read pod %s/%s: %w", r.Namespace, object.GetName(), err)
		}
		text, troubled := trouble(&typed)
		found = append(found, Member{pod, restart.Pod{UID: string(typed.UID), Ready: !troubled, Trouble: text, Pinned: pinned(typed.Annotations)}})
		return nil
	})
	slices.SortFunc(found, func(a, b Member) int {
		return cmp.Or(a.Pod.Created.Compare(b.Pod.Created), cmp.Compare(a.Pod.Metadata.Name, b.Pod.Metadata.Name))
	})
	return found, err
}

// pinned reports whether an annotation asks cluster autoscalers not to evict the pod.
func pinned(annotations map[string]string) bool {
	return annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false" || annotations["karpenter.sh/do-not-disrupt"] == "true"
}
