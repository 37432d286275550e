package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/restart"
)

// fieldManager identifies our changes in managedFields. Argo CD and Flux do not revert fields of other managers.
const fieldManager = "telepod-restart"

// Cluster carries out moves in a cluster; a [restart.Cluster].
type Cluster struct {
	*inventory.Cluster
	Judge fleet.Judge
	// ProbeNamespace is the namespace for trial pods, which are then not created from a workload's template. If it is
	// empty, trial pods are created in the workload's namespace, from its template.
	ProbeNamespace string
	Now            func() time.Time
}

// Observe reads a workload, its budgets, its pods and its namespace. The namespace is read last: a pod that was created
// after the label of its namespace was removed is never judged by that label.
func (c *Cluster) Observe(ctx context.Context, id fleet.Identity) (restart.Observation, error) {
	r, found, err := c.Rolling(ctx, id)
	if err != nil || !found {
		return restart.Observation{Gone: err == nil}, err
	}
	seen := restart.Observation{Rollout: r.Rollout, OptedOut: r.OptedOut}
	all, err := c.Budgets(ctx, id.Namespace)
	if err != nil {
		return seen, err
	}
	seen.Budgets = inventory.BudgetsOf(r.Namespace, r.Labels, all)
	pods, err := c.PodsOf(ctx, r)
	if err != nil {
		return seen, err
	}
	ns, found, err := c.NamespaceNamed(ctx, id.Namespace)
	if err != nil || !found {
		return restart.Observation{Gone: err == nil}, err
	}
	seen.OptedOut = seen.OptedOut || ns.OptedOut()
	for _, pod := range pods {
		pod.Running.Finding = c.Judge.Pod(pod.Pod, ns)
		seen.Pods = append(seen.Pods, pod.Running)
	}
	return seen, nil
}

// Try creates a pod as a dry run. The API server's warnings and errors about the pod are part of the result.
func (c *Cluster) Try(ctx context.Context, id fleet.Identity) (restart.Trial, error) {
	var pod *fleet.Pod
	var err error
	namespace := id.Namespace
	if c.ProbeNamespace != "" {
		namespace = c.ProbeNamespace
		pod, err = c.TrialOfProbe(ctx, namespace)
	} else {
		r, found, getErr := c.Rolling(ctx, id)
		if getErr != nil {
			return restart.Trial{}, getErr
		}
		if !found {
			return restart.Trial{}, fmt.Errorf("%s %s/%s was deleted meanwhile", id.Kind, id.Namespace, id.Name)
		}
		pod, err = c.Trial(ctx, r)
	}
	if ctx.Err() != nil {
		return restart.Trial{}, ctx.Err()
	}
	if err != nil {
		return restart.Trial{Err: err}, nil
	}
	ns, found, err := c.NamespaceNamed(ctx, namespace)
	if err == nil && !found {
		err = fmt.Errorf("namespace %s was deleted meanwhile", namespace)
	}
	if err != nil {
		return restart.Trial{}, err
	}
	return restart.Trial{Finding: c.Judge.Pod(pod, ns)}, nil
}

// Begin starts a rollout.
func (c *Cluster) Begin(ctx context.Context, id fleet.Identity) error {
	r, found, err := c.Rolling(ctx, id)
	if err != nil {
		return err
	}
	if !found || !r.Settled() {
		return fmt.Errorf("%w: it changed meanwhile", restart.ErrNotNow)
	}
	mark := restart.Mark{At: c.Now().UTC().Format(time.RFC3339Nano), Before: restartedAt(r.Object)}
	text, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	return c.patch(ctx, r, string(text), mark.At)
}

// Undo restores the pod template from before a restart, unless it has been changed since.
func (c *Cluster) Undo(ctx context.Context, id fleet.Identity) (bool, error) {
	r, found, err := c.Rolling(ctx, id)
	if err != nil || !found {
		return false, err
	}
	var mark restart.Mark
	text := r.Object.GetAnnotations()[restart.MarkAnnotation]
	at := restartedAt(r.Object)
	if json.Unmarshal([]byte(text), &mark) != nil || at == nil || *at != mark.At {
		return false, nil
	}
	var before any
	if mark.Before != nil {
		before = *mark.Before
	}
	return true, c.patch(ctx, r, nil, before)
}

// Finish removes the mark.
func (c *Cluster) Finish(ctx context.Context, id fleet.Identity) error {
	r, found, err := c.Rolling(ctx, id)
	if err != nil || !found || !r.Marked {
		return err
	}
	return c.merge(ctx, r, map[string]any{"metadata": map[string]any{"annotations": map[string]any{restart.MarkAnnotation: nil}}})
}

func restartedAt(workload *unstructured.Unstructured) *string {
	annotations, _, _ := unstructured.NestedStringMap(workload.Object, "spec", "template", "metadata", "annotations")
	if at, ok := annotations[restart.RestartedAnnotation]; ok {
		return &at
	}
	return nil
}

// patch sets the mark and the annotation of the template; nil removes one.
func (c *Cluster) patch(ctx context.Context, r inventory.Rolling, mark, at any) error {
	annotations := func(key string, value any) map[string]any { return map[string]any{key: value} }
	metadata := map[string]any{"resourceVersion": r.Object.GetResourceVersion(), "annotations": annotations(restart.MarkAnnotation, mark)}
	template := map[string]any{"metadata": map[string]any{"annotations": annotations(restart.RestartedAnnotation, at)}}
	return c.merge(ctx, r, map[string]any{"metadata": metadata, "spec": map[string]any{"template": template}})
}

func (c *Cluster) merge(ctx context.Context, r inventory.Rolling, patch map[string]any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = c.Objects().Resource(resourceOf(r.Kind)).Namespace(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: fieldManager})
	if apierrors.IsConflict(err) {
		return fmt.Errorf("%w: another client changed it", restart.ErrNotNow)
	}
	return changeError("patch", r.Identity, err)
}

func resourceOf(kind string) schema.GroupVersionResource {
	resource := map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}[kind]
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}
}

// Evict evicts a pod, unless a PodDisruptionBudget forbids it or another pod has its name.
func (c *Cluster) Evict(ctx context.Context, id fleet.Identity, pod restart.Pod) error {
	eviction := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction",
		"metadata":      map[string]any{"name": pod.Name, "namespace": id.Namespace},
		"deleteOptions": map[string]any{"preconditions": map[string]any{"uid": pod.UID}},
	}}
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	_, err := c.Objects().Resource(pods).Namespace(id.Namespace).Create(ctx, eviction, metav1.CreateOptions{}, "eviction")
	switch {
	case apierrors.IsTooManyRequests(err):
		return fmt.Errorf("%w: a PodDisruptionBudget does not allow the eviction of pod %s", restart.ErrNotNow, pod.Name)
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return fmt.Errorf("%w: pod %s is gone", restart.ErrNotNow, pod.Name)
	}
	return changeError("evict pod "+pod.Name+" of", id, err)
}

func changeError(verb string, id fleet.Identity, err error) error {
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%s %s %s/%s: %w: 'telepod rbac --restart' prints the required permissions", verb, id.Kind, id.Namespace, id.Name, err)
	}
	return fmt.Errorf("%s %s %s/%s: %w", verb, id.Kind, id.Namespace, id.Name, err)
}
