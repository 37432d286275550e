package inventory

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/restart"
	"github.com/telepod/telepod/injector"
)

// Rolling is a Deployment, StatefulSet or DaemonSet, and the progress of its rollout.
type Rolling struct {
	fleet.Identity
	fleet.Template
	restart.Rollout
	// OptedOut: an annotation on it or on its pod template forbids repair.
	OptedOut bool
	// Marked: it has the annotation of a restart.
	Marked bool
	// Selector matches its pods; Labels are the pods' labels.
	Selector string
	Labels   map[string]string
	// Object is the whole object.
	Object *unstructured.Unstructured
}

// Restartable returns the kinds with a rollout.
func Restartable() []string { return []string{"Deployment", "StatefulSet", "DaemonSet"} }

// EachRolling calls do for every workload with a rollout; an empty namespace means all.
func (c *Cluster) EachRolling(ctx context.Context, namespace string, do func(Rolling) error) error {
	for _, name := range Restartable() {
		k, _ := kindOf(name)
		err := c.each(ctx, k.resource, namespace, metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
			r, err := rolling(k.name, object)
			if err != nil {
				return err
			}
			return do(r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Rolling gets one workload; found is false if it does not exist.
func (c *Cluster) Rolling(ctx context.Context, id fleet.Identity) (r Rolling, found bool, err error) {
	k, _ := kindOf(id.Kind)
	object, err := c.objects.Resource(k.resource).Namespace(id.Namespace).Get(ctx, id.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Rolling{}, false, nil
	}
	if err != nil {
		return Rolling{}, false, readError("get", k.resource.Resource, id.Namespace, err)
	}
	r, err = rolling(k.name, object)
	return r, true, err
}

func rolling(kind string, object *unstructured.Unstructured) (Rolling, error) {
	r := Rolling{Identity: fleet.Identity{Namespace: object.GetNamespace(), Kind: kind, Name: object.GetName()}, Template: template(object), Object: object}
	_, r.Marked = object.GetAnnotations()[restart.MarkAnnotation]
	annotations, _, _ := unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "annotations")
	r.OptedOut = object.GetAnnotations()[injector.RepairAnnotation] == "false" || annotations[injector.RepairAnnotation] == "false"
	r.Labels, _, _ = unstructured.NestedStringMap(object.Object, "spec", "template", "metadata", "labels")
	var err error
	if r.Selector, err = selector(object); err != nil {
		return r, err
	}
	switch kind {
	case "Deployment":
		r.Rollout, err = deploymentRollout(object)
	case "StatefulSet":
		r.Rollout, err = statefulSetRollout(object)
	default:
		r.Rollout, err = daemonSetRollout(object)
	}
	if err != nil {
		return r, fmt.Errorf("read %s %s/%s: %w", kind, r.Namespace, r.Name, err)
	}
	return r, nil
}

func deploymentRollout(object *unstructured.Unstructured) (restart.Rollout, error) {
	var d appsv1.Deployment
	if err := fromUnstructured(object.Object, &d); err != nil {
		return restart.Rollout{}, err
	}
	s := d.Status
	r := restart.Rollout{Observed: s.ObservedGeneration >= d.Generation, Desired: replicasOf(d.Spec.Replicas),
		Current: int(s.Replicas), Updated: int(s.UpdatedReplicas), Available: int(s.AvailableReplicas)}
	for _, condition := range s.Conditions {
		if r.Observed && condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse && condition.Reason == "ProgressDeadlineExceeded" {
			r.Failed = condition.Message
		}
	}
	r.Away = r.Desired
	if u := d.Spec.Strategy.RollingUpdate; u != nil && d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		r.Away = scaled(u.MaxUnavailable, r.Desired, false)
		if r.Away == 0 && scaled(u.MaxSurge, r.Desired, true) == 0 {
			r.Away = 1 // like the Deployment's controller
		}
	}
	return r, nil
}

func statefulSetRollout(object *unstructured.Unstructured) (restart.Rollout, error) {
	var set appsv1.StatefulSet
	if err := fromUnstructured(object.Object, &set); err != nil {
		return restart.Rollout{}, err
	}
	s := set.Status
	r := restart.Rollout{Observed: s.ObservedGeneration >= set.Generation, Desired: replicasOf(set.Spec.Replicas),
		Current: int(s.Replicas), Updated: int(s.UpdatedReplicas), Available: int(s.AvailableReplicas), Away: 1}
	if u := set.Spec.UpdateStrategy.RollingUpdate; u != nil {
		r.Partitioned = u.Partition != nil && *u.Partition > 0
		if u.MaxUnavailable != nil {
			r.Away = max(1, scaled(u.MaxUnavailable, r.Desired, true))
		}
	}
	return r, nil
}

func daemonSetRollout(object *unstructured.Unstructured) (restart.Rollout, error) {
	var set appsv1.DaemonSet
	if err := fromUnstructured(object.Object, &set); err != nil {
		return restart.Rollout{}, err
	}
	s := set.Status
	r := restart.Rollout{Observed: s.ObservedGeneration >= set.Generation, Desired: int(s.DesiredNumberScheduled),
		Current: int(s.DesiredNumberScheduled), Updated: int(s.UpdatedNumberScheduled), Available: int(s.NumberAvailable), Away: 1}
	if u := set.Spec.UpdateStrategy.RollingUpdate; u != nil {
		r.Away = scaled(u.MaxUnavailable, r.Desired, true)
		if scaled(u.MaxSurge, r.Desired, true) > 0 {
			r.Away = 0
		}
	}
	return r, nil
}

func replicasOf(n *int32) int {
	if n == nil {
		return 1 // the API's default
	}
	return int(*n)
}

// scaled returns a number, or a percentage of all; nil means 0.
func scaled(value *intstr.IntOrString, all int, roundUp bool) int {
	if value == nil {
		return 0
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(value, all, roundUp)
	if err != nil {
		return 0 // the API server rejects invalid values
	}
	return n
}
