package inventory

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet"
)

// Release locates Telepod in a cluster: the namespace and the name of its Helm release.
type Release struct{ Namespace, Name string }

// Installation is the configuration of a release's injector.
type Installation struct {
	// Name is the name of its Deployment.
	Name string
	// Installed is when the Deployment was created.
	Installed time.Time
	// Version is the chart's app version, from the Deployment's label.
	Version string
	// Desired and Ready count its pods.
	Desired, Ready int
	// Revision is the revision of the release, from the Deployment's label.
	Revision string
	// Arguments are the arguments after 'telepod webhook'.
	Arguments []string
	// Environment contains the variables with literal values.
	Environment map[string]string
	// Profiles are the files of its ConfigMap, by their names.
	Profiles map[string]string
}

var (
	deploymentResource = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	configMapResource  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
)

// Installation finds the injector's Deployment by the chart's labels, and reads its profiles.
func (c *Cluster) Installation(ctx context.Context, release Release) (Installation, error) {
	var found []*appsv1.Deployment
	err := c.each(ctx, deploymentResource, release.Namespace, release.selector("injector"), func(object *unstructured.Unstructured) error {
		d := &appsv1.Deployment{}
		found = append(found, d)
		return fromUnstructured(object.Object, d)
	})
	if err != nil {
		return Installation{}, err
	}
	if len(found) != 1 {
		return Installation{}, fmt.Errorf("release %s in namespace %s of context %s has %d injectors: check --release and --telepod-namespace, or use flags for the profile and the cluster's facts",
			release.Name, release.Namespace, c.Context, len(found))
	}
	return c.read(ctx, found[0])
}

func (c *Cluster) read(ctx context.Context, d *appsv1.Deployment) (Installation, error) {
	i := Installation{Name: d.Name, Installed: d.CreationTimestamp.Time, Version: d.Labels["app.kubernetes.io/version"], Revision: d.Labels[fleet.RevisionLabel], Environment: map[string]string{}}
	i.Desired, i.Ready = 1, int(d.Status.ReadyReplicas)
	if d.Spec.Replicas != nil {
		i.Desired = int(*d.Spec.Replicas)
	}
	pod := d.Spec.Template.Spec
	if len(pod.Containers) == 0 || len(pod.Containers[0].Args) == 0 || pod.Containers[0].Args[0] != "webhook" {
		return i, fmt.Errorf("read Deployment %s/%s: its first container does not run 'telepod webhook'", d.Namespace, d.Name)
	}
	i.Arguments = pod.Containers[0].Args[1:]
	for _, v := range pod.Containers[0].Env {
		if v.ValueFrom == nil {
			i.Environment[v.Name] = v.Value
		}
	}
	var err error
	for _, volume := range pod.Volumes {
		if volume.Name == "profiles" && volume.ConfigMap != nil {
			i.Profiles, err = c.ConfigMap(ctx, d.Namespace, volume.ConfigMap.Name)
		}
	}
	return i, err
}

// ConfigMap reads one of the chart's ConfigMaps.
func (c *Cluster) ConfigMap(ctx context.Context, namespace, name string) (map[string]string, error) {
	object, err := c.objects.Resource(configMapResource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("ConfigMap %s/%s does not exist, but pods of the release need it: install the chart again", namespace, name)
	}
	if err != nil {
		return nil, readError("get", "configmaps "+name, namespace, err)
	}
	var m corev1.ConfigMap
	if err := fromUnstructured(object.Object, &m); err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	return m.Data, nil
}

func fromUnstructured(object map[string]any, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object, into)
}
