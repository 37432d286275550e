package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

var (
	podResource       = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

// EachPod calls do for every pod of a namespace that has not terminated, or of all namespaces if it is empty.
// selector is a label selector; empty means all pods.
func (c *Cluster) EachPod(ctx context.Context, namespace, selector string, do func(*fleet.Pod) error) error {
	options := metav1.ListOptions{LabelSelector: selector,
		FieldSelector: fields.AndSelectors(fields.OneTermNotEqualSelector("status.phase", "Succeeded"),
			fields.OneTermNotEqualSelector("status.phase", "Failed")).String()}
	return c.each(ctx, podResource, namespace, options, func(object *unstructured.Unstructured) error {
		pod, err := readPod(object)
		if err != nil || pod.Ended {
			return err
		}
		return do(pod)
	})
}

func readPod(object *unstructured.Unstructured) (*fleet.Pod, error) {
	raw, err := object.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("read pod %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	pod, err := fleet.ReadPod(raw)
	if err != nil {
		return nil, fmt.Errorf("read pod %s/%s: %w", object.GetNamespace(), object.GetName(), err)
	}
	return pod, nil
}

// Namespaces returns one namespace by its name, or all of them if that is empty.
func (c *Cluster) Namespaces(ctx context.Context, only string) (map[string]fleet.Namespace, error) {
	all := map[string]fleet.Namespace{}
	if only == "" {
		return all, c.each(ctx, namespaceResource, "", metav1.ListOptions{}, func(object *unstructured.Unstructured) error {
			all[object.GetName()] = namespace(object)
			return nil
		})
	}
	ns, found, err := c.NamespaceNamed(ctx, only)
	if err == nil && !found {
		err = fmt.Errorf("namespace %q does not exist: check -n and --context", only)
	}
	if err != nil {
		return nil, err
	}
	all[only] = ns
	return all, nil
}

// NamespaceNamed gets a namespace; found is false if it does not exist.
func (c *Cluster) NamespaceNamed(ctx context.Context, name string) (ns fleet.Namespace, found bool, err error) {
	object, err := c.objects.Resource(namespaceResource).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return ns, false, nil
	}
	if err != nil {
		return ns, false, readError("get", "namespaces", name, err)
	}
	return namespace(object), true, nil
}

func namespace(object *unstructured.Unstructured) fleet.Namespace {
	n := fleet.Namespace{Namespace: injector.Namespace{Name: object.GetName(), Labels: object.GetLabels(), Annotations: object.GetAnnotations()}}
	n.Labelled, n.Exactly = labelledAt(object.GetManagedFields())
	n.Exactly = n.Exactly || n.Labelled.Equal(object.GetCreationTimestamp().Time)
	return n
}

// labelledAt returns the latest time at which the label telepod.dev/injection can have been set. It is exact if only one
// manager has set the label, and no other field that could have changed later. It is zero if the API server does not
// report it.
func labelledAt(managed []metav1.ManagedFieldsEntry) (at time.Time, exactly bool) {
	for _, entry := range managed {
		if !owns(entry, "f:metadata", "f:labels", "f:"+injector.InjectionLabel) {
			continue
		}
		if !at.IsZero() { // with two managers, the first one set it
			return at, false
		}
		at, exactly = entry.Time.Time, leaves(entry) == 1
	}
	return at, exactly
}

// owns reports whether a manager has set a field, at a known time.
func owns(entry metav1.ManagedFieldsEntry, path ...string) bool {
	fields, ok := fieldsOf(entry)
	if !ok {
		return false
	}
	_, found, err := unstructured.NestedFieldNoCopy(fields, path...)
	return found && err == nil
}

func fieldsOf(entry metav1.ManagedFieldsEntry) (fields map[string]any, ok bool) {
	if entry.FieldsV1 == nil || entry.Time == nil {
		return nil, false
	}
	err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields)
	return fields, err == nil
}

// leaves counts the fields that a manager has set.
func leaves(entry metav1.ManagedFieldsEntry) int {
	fields, _ := fieldsOf(entry)
	return leavesOf(fields)
}

func leavesOf(fields map[string]any) (n int) {
	for name, value := range fields {
		switch inner, _ := value.(map[string]any); {
		case name == ".": // the map itself
		case len(inner) == 0:
			n++
		default:
			n += leavesOf(inner)
		}
	}
	return n
}

// kind is a kind of workload, or pods, with the names that kubectl accepts.
type kind struct {
	name     string
	aliases  []string
	resource schema.GroupVersionResource
}

// kinds returns the kinds that explain supports. Kinds of extensions may be missing in a cluster.
func kinds() []kind {
	apps := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: resource}
	}
	batch := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: resource}
	}
	return []kind{
		{"Deployment", []string{"deploy", "deployment", "deployments"}, apps("deployments")},
		{"StatefulSet", []string{"sts", "statefulset", "statefulsets"}, apps("statefulsets")},
		{"DaemonSet", []string{"ds", "daemonset", "daemonsets"}, apps("daemonsets")},
		{"ReplicaSet", []string{"rs", "replicaset", "replicasets"}, apps("replicasets")},
		{"Job", []string{"job", "jobs"}, batch("jobs")},
		{"CronJob", []string{"cj", "cronjob", "cronjobs"}, batch("cronjobs")},
		{"Rollout", []string{"ro", "rollout", "rollouts"}, schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}},
		{"Pod", []string{"po", "pod", "pods"}, podResource},
	}
}

// Kind resolves a word such as deploy or deployments.apps.
func Kind(word string) (string, bool) {
	k, ok := kindOf(word)
	return k.name, ok
}

func kindOf(word string) (kind, bool) {
	word, group, qualified := strings.Cut(strings.ToLower(word), ".")
	for _, k := range kinds() {
		for _, alias := range k.aliases {
			if alias == word && (!qualified || group == k.resource.Group || group == k.resource.Version+"."+k.resource.Group) {
				return k, true
			}
		}
	}
	return kind{}, false
}

// Kinds lists the words that Kind resolves.
func Kinds() []string {
	var words []string
	for _, k := range kinds() {
		words = append(words, k.aliases...)
	}
	return words
}
