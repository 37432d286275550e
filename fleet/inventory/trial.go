package inventory

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/telepod/telepod/fleet"
)

// Objects returns this connection's client, for package rollout: this package changes no objects.
func (c *Cluster) Objects() dynamic.Interface { return c.objects }

// Trial creates a pod from a workload's template as a dry run: nothing is stored, and nothing runs. It returns the
// pod as it would have been created.
func (c *Cluster) Trial(ctx context.Context, r Rolling) (*fleet.Pod, error) {
	pod, err := podOf(r.Object)
	if err != nil {
		return nil, err
	}
	return c.dryRun(ctx, r.Namespace, pod)
}

// TrialOfProbe does the same for a pod that requests injection itself, like Probe's.
func (c *Cluster) TrialOfProbe(ctx context.Context, namespace string) (*fleet.Pod, error) {
	return c.dryRun(ctx, namespace, probePod())
}

func (c *Cluster) dryRun(ctx context.Context, namespace string, pod *unstructured.Unstructured) (*fleet.Pod, error) {
	created, err := c.objects.Resource(podResource).Namespace(namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, readError("create", "pods (as a dry run)", namespace, err)
	}
	return readPod(created)
}

// podOf returns a pod as the controller of a workload would create it, without owner and node.
func podOf(workload *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	template, found, err := unstructured.NestedMap(workload.Object, "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("read %s %s/%s: it has no pod template", workload.GetKind(), workload.GetNamespace(), workload.GetName())
	}
	pod := &unstructured.Unstructured{Object: template}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	const longest = 40 // the API server adds five characters
	name := workload.GetName()
	pod.SetGenerateName(name[:min(len(name), longest)] + "-")
	pod.SetNamespace(workload.GetNamespace())
	return pod, claims(workload, pod)
}

// claims adds the volumes that a StatefulSet's controller creates from its volumeClaimTemplates.
func claims(workload, pod *unstructured.Unstructured) error {
	templates, _, _ := unstructured.NestedSlice(workload.Object, "spec", "volumeClaimTemplates")
	volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
	for _, claim := range templates {
		object, _ := claim.(map[string]any)
		name, _, _ := unstructured.NestedString(object, "metadata", "name")
		volumes = append(volumes, map[string]any{"name": name, "emptyDir": map[string]any{}})
	}
	if len(templates) == 0 {
		return nil
	}
	return unstructured.SetNestedSlice(pod.Object, volumes, "spec", "volumes")
}
