package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
)

// selector selects the objects of a component of a release, such as injector or collector.
func (r Release) selector(component string) metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(labels.Set{"app.kubernetes.io/name": "telepod",
		"app.kubernetes.io/instance": r.Name, "app.kubernetes.io/component": component}).String()}
}

// Workloads lists the Deployments, StatefulSets and DaemonSets of a component, with their pods that are not ready.
func (c *Cluster) Workloads(ctx context.Context, release Release, component string) ([]checks.Workload, error) {
	var found []checks.Workload
	for _, word := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		k, _ := kindOf(word)
		err := c.each(ctx, k.resource, release.Namespace, release.selector(component), func(object *unstructured.Unstructured) error {
			w, err := replicas(k.name, object)
			found = append(found, w)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	var err error
	found[0].Troubles, err = c.troubles(ctx, release, component)
	return found, err
}

func replicas(kind string, object *unstructured.Unstructured) (checks.Workload, error) {
	w := checks.Workload{Kind: kind, Name: object.GetName(), Chart: object.GetLabels()["helm.sh/chart"], Version: object.GetLabels()["app.kubernetes.io/version"]}
	if kind == "DaemonSet" {
		var d appsv1.DaemonSet
		err := fromUnstructured(object.Object, &d)
		w.Desired, w.Ready, w.Updated = int(d.Status.DesiredNumberScheduled), int(d.Status.NumberReady), int(d.Status.UpdatedNumberScheduled)
		w.Labels, w.Pod, w.Selected = d.Spec.Template.Labels, d.Spec.Template.Spec, selected(object.GetManagedFields())
		return w, err
	}
	// Deployments and StatefulSets have these fields in common.
	var scaled struct {
		Spec struct {
			Replicas *int32
			Template corev1.PodTemplateSpec
		}
		Status struct{ ReadyReplicas, UpdatedReplicas int32 }
	}
	raw, err := object.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(raw, &scaled)
	}
	w.Updated, w.Labels, w.Pod = int(scaled.Status.UpdatedReplicas), scaled.Spec.Template.Labels, scaled.Spec.Template.Spec
	w.Scaled = scaledBy(object.GetManagedFields())
	w.Desired, w.Ready = 1, int(scaled.Status.ReadyReplicas) // 1 is the API's default
	if scaled.Spec.Replicas != nil {
		w.Desired = int(*scaled.Spec.Replicas)
	}
	return w, err
}

// troubles lists the pods of a component that are not ready, each with its node and a reason.
func (c *Cluster) troubles(ctx context.Context, release Release, component string) ([]string, error) {
	var list []string
	err := c.each(ctx, podResource, release.Namespace, release.selector(component), func(object *unstructured.Unstructured) error {
		var pod corev1.Pod
		if err := fromUnstructured(object.Object, &pod); err != nil {
			return fmt.Errorf("read pod %s/%s: %w", object.GetNamespace(), object.GetName(), err)
		}
		if reason, troubled := trouble(&pod); troubled {
			list = append(list, reason)
		}
		return nil
	})
	return list, err
}

// trouble returns the reason why a pod is not ready.
func trouble(pod *corev1.Pod) (text string, troubled bool) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return "", false
		}
	}
	text = "pod " + pod.Name + " is not ready"
	if pod.Spec.NodeName != "" {
		text += " on node " + pod.Spec.NodeName
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting := container.State.Waiting; waiting != nil && waiting.Reason != "" && waiting.Reason != "PodInitializing" && waiting.Reason != "ContainerCreating" {
			return fmt.Sprintf("%s: %s: %s", text, waiting.Reason, waiting.Message), true
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status == corev1.ConditionFalse && condition.Message != "" {
			return fmt.Sprintf("%s: %s", text, condition.Message), true
		}
	}
	return text, true
}

// selected returns the last change of a nodeSelector. It is changed as a whole.
func selected(managed []metav1.ManagedFieldsEntry) checks.Change {
	return lastChange(managed, "f:spec", "f:template", "f:spec", "f:nodeSelector")
}

// scaledBy returns the last change of the number of replicas, by someone other than an autoscaler. After kubectl scale
// --replicas=0 there is none: a Scale omits replicas that are zero, so the API server records no manager of the field.
func scaledBy(managed []metav1.ManagedFieldsEntry) checks.Change {
	return lastChange(slices.DeleteFunc(slices.Clone(managed), func(entry metav1.ManagedFieldsEntry) bool {
		manager := strings.ToLower(entry.Manager)
		// kube-controller-manager contains the HorizontalPodAutoscaler.
		return manager == "kube-controller-manager" || strings.Contains(manager, "autoscaler") || strings.HasPrefix(manager, "keda")
	}), "f:spec", "f:replicas")
}

// lastChange returns the last change of a field by a manager other than the one that installed the object. That one is
// Helm, or the manager of the selector of its pods, which is immutable.
func lastChange(managed []metav1.ManagedFieldsEntry, path ...string) (last checks.Change) {
	for _, entry := range managed {
		fields, ok := fieldsOf(entry)
		if !ok || strings.HasPrefix(strings.ToLower(entry.Manager), "helm") || owns(entry, "f:spec", "f:selector") || entry.Time.Time.Before(last.At) {
			continue
		}
		if owns(entry, path...) {
			last = checks.Change{Manager: fleet.Printable(entry.Manager), At: entry.Time.Time, Exactly: leavesOf(fields) == 1}
		}
	}
	return last
}
