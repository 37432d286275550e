package helm_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestInjectorNetworkPolicy checks the injector's policy against the values: it selects only the webhook's pods, only
// its sources reach the webhook's port, and everyone reaches metrics and health.
func TestInjectorNetworkPolicy(t *testing.T) {
	named := func(list []*unstructured.Unstructured, name string) (found *networkingv1.NetworkPolicy) {
		for _, object := range list {
			if object.GetKind() == "NetworkPolicy" && object.GetName() == name {
				found = &networkingv1.NetworkPolicy{}
				if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, found); err != nil {
					t.Fatal(err)
				}
			}
		}
		return found
	}
	if policy := named(objects(t, "--values", presets(t)["aws"]), "telepod-injector"); policy != nil {
		t.Errorf("a NetworkPolicy that the values do not enable: %+v", policy.Spec)
	}
	all := objects(t, "--values", presets(t)["aws"], "--set-json", `injector.networkPolicy=`+
		`{"enabled": true, "sources": [{"ipBlock": {"cidr": "10.20.0.0/28", "except": ["10.20.0.1/32"]}}, {"namespaceSelector": {"matchLabels": {"tunnel": "yes"}}}]}`)
	policy := named(all, "telepod-injector")
	if policy == nil {
		t.Fatal("no NetworkPolicy telepod-injector")
	}
	ports := func(names ...string) (list []networkingv1.NetworkPolicyPort) {
		for _, name := range names {
			list = append(list, networkingv1.NetworkPolicyPort{Port: &intstr.IntOrString{Type: intstr.String, StrVal: name}})
		}
		return list
	}
	want := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{
			"app.kubernetes.io/name": "telepod", "app.kubernetes.io/instance": "telepod", "app.kubernetes.io/component": "injector",
		}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
		Ingress: []networkingv1.NetworkPolicyIngressRule{
			{
				From: []networkingv1.NetworkPolicyPeer{
					{IPBlock: &networkingv1.IPBlock{CIDR: "10.20.0.0/28", Except: []string{"10.20.0.1/32"}}},
					{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"tunnel": "yes"}}},
				},
				Ports: ports("webhook"),
			},
			{Ports: ports("metrics", "health")},
		},
	}
	if diff := cmp.Diff(want, policy.Spec); diff != "" {
		t.Errorf("the policy (-want +got):\n%s", diff)
	}
	selector := labels.SelectorFromSet(policy.Spec.PodSelector.MatchLabels)
	selected := map[string][]string{} // ports of the containers, by workload
	for _, object := range all {
		if pod, ok := podOf("", object); ok && selector.Matches(labels.Set(pod.Labels)) {
			selected[object.GetKind()+" "+object.GetName()] = portNames(pod)
		}
	}
	if names := slices.Collect(maps.Keys(selected)); !slices.Equal(names, []string{"Deployment telepod-injector"}) {
		t.Errorf("the policy selects %v, want only the injector", names)
	}
	for _, name := range []string{"webhook", "metrics", "health"} {
		if !slices.Contains(selected["Deployment telepod-injector"], name) {
			t.Errorf("the injector has no port %s: %v", name, selected)
		}
	}
}

func portNames(pod *corev1.Pod) (names []string) {
	for _, c := range pod.Spec.Containers {
		for _, port := range c.Ports {
			names = append(names, port.Name)
		}
	}
	return names
}
