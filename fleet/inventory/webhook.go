package inventory

import (
	"context"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/injector"
)

var (
	webhookResource = schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"}
	serviceResource = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	sliceResource   = schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
)

// Hooks returns the webhooks of a MutatingWebhookConfiguration; none if it does not exist.
func (c *Cluster) Hooks(ctx context.Context, name string) ([]checks.Hook, error) {
	object, err := c.objects.Resource(webhookResource).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, readError("get", "mutatingwebhookconfigurations "+name, "", err)
	}
	var configuration admissionv1.MutatingWebhookConfiguration
	if err := fromUnstructured(object.Object, &configuration); err != nil {
		return nil, fmt.Errorf("read MutatingWebhookConfiguration %s: %w", name, err)
	}
	var hooks []checks.Hook
	for _, w := range configuration.Webhooks {
		h := checks.Hook{Configuration: name, Name: w.Name, CABundle: w.ClientConfig.CABundle, Selector: w.NamespaceSelector}
		if s := w.ClientConfig.Service; s != nil {
			h.Service = s.Namespace + "/" + s.Name
		}
		hooks = append(hooks, h)
	}
	return hooks, nil
}

// Services reads the Services of hooks.
func (c *Cluster) Services(ctx context.Context, hooks []checks.Hook) (map[string]checks.Service, error) {
	found := map[string]checks.Service{}
	for _, h := range hooks {
		if _, done := found[h.Service]; done || h.Service == "" {
			continue
		}
		namespace, name, _ := strings.Cut(h.Service, "/")
		s, err := c.service(ctx, namespace, name)
		if err != nil {
			return nil, err
		}
		found[h.Service] = s
	}
	return found, nil
}

func (c *Cluster) service(ctx context.Context, namespace, name string) (checks.Service, error) {
	_, err := c.objects.Resource(serviceResource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return checks.Service{}, nil
	}
	if err != nil {
		return checks.Service{}, readError("get", "services "+name, namespace, err)
	}
	s := checks.Service{Exists: true}
	options := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name}
	err = c.each(ctx, sliceResource, namespace, options, func(object *unstructured.Unstructured) error {
		var slice discoveryv1.EndpointSlice
		if err := fromUnstructured(object.Object, &slice); err != nil {
			return fmt.Errorf("read EndpointSlice %s/%s: %w", namespace, object.GetName(), err)
		}
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready { // nil means ready: discovery/v1
				s.Ready++
			}
		}
		return nil
	})
	return s, err
}

// probeImage is never pulled: a dry run creates no pod.
const probeImage = "telepod.invalid/probe"

// Probe creates a pod that requests injection itself, as a dry run: nothing is stored, and nothing runs. The
// webhook answers dry runs like any other request.
func (c *Cluster) Probe(ctx context.Context, namespace string) (checks.Probe, error) {
	probe := checks.Probe{Namespace: namespace}
	created, err := c.objects.Resource(podResource).Namespace(namespace).Create(ctx, probePod(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return probe, fmt.Errorf("create a pod in namespace %s as a dry run: %w", namespace, brief(err))
	}
	_, probe.Injected = created.GetAnnotations()[injector.StatusAnnotation]
	return probe, nil
}

func probePod() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"generateName": "telepod-probe-", "labels": map[string]any{injector.InjectKey: "true"}},
		"spec": map[string]any{
			"automountServiceAccountToken": false,
			"securityContext":              map[string]any{"runAsNonRoot": true, "runAsUser": int64(65532), "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
			"containers": []any{map[string]any{"name": "probe", "image": probeImage,
				"securityContext": map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}}}},
		},
	}}
}
