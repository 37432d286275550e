package checks

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// network judges NetworkPolicies for the pods of the release. Policies are additive: traffic of a selected pod is allowed
// if at least one of them allows it.
func (s Snapshot) network(r *report) {
	r.check(codePolicy)
	if r.unknown("NetworkPolicies", s.Policies.Err) {
		return
	}
	before := len(r.lines)
	for _, way := range []struct {
		part  Answer[Part]
		ports []string
		from  string
	}{
		{s.Injector, []string{"webhook"}, "the API server"}, {s.Collectors, []string{"otlp-grpc", "otlp-http"}, "pods"}, {s.Central, []string{"otlp-http"}, "regions"},
	} {
		for _, w := range way.part.Value.Workloads {
			for _, name := range way.ports {
				s.ingress(r, w, name, way.from)
			}
		}
	}
	for _, part := range []Answer[Part]{s.Injector, s.Collectors, s.Central, s.Samplers} {
		for _, w := range part.Value.Workloads {
			s.egress(r, w)
		}
	}
	if len(r.lines) == before {
		r.ok("no NetworkPolicy in namespace %s blocks a required port; those in other namespaces were not checked", s.Namespace)
	}
}

func (s Snapshot) ingress(r *report, w Workload, name, from string) {
	port, found := containerPort(w.Pod, name)
	if !found {
		return
	}
	closing := s.selecting(w, networkingv1.PolicyTypeIngress)
	if len(closing) == 0 || slices.ContainsFunc(closing, func(p networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool { return opens(rule.Ports, port) })
	}) {
		return
	}
	status := Failed
	if name == "webhook" && s.Probe.Value.Injected && s.Probe.Err == nil {
		status = Warning // this network does not enforce policies, or not for the API server
	}
	r.add(status, s.in("delete networkpolicy %s  # or change it to allow port %d", closing[0].Name, port.ContainerPort), "NetworkPolicy %s blocks port %d of %s for %s", names(closing), port.ContainerPort, w.Object(), from)
}

// egress: all components need egress to the API server, DNS, the sites or stores. Their addresses are unknown here,
// so only a policy without any rule is certainly wrong.
func (s Snapshot) egress(r *report, w Workload) {
	closing := s.selecting(w, networkingv1.PolicyTypeEgress)
	if len(closing) == 0 || slices.ContainsFunc(closing, func(p networkingv1.NetworkPolicy) bool { return len(p.Spec.Egress) > 0 }) {
		return
	}
	r.add(Failed, s.in("delete networkpolicy %s  # or change it to allow egress", closing[0].Name), "NetworkPolicy %s blocks all egress of %s: DNS, the API server, sites and stores", names(closing), w.Object())
}

func (s Snapshot) selecting(w Workload, kind networkingv1.PolicyType) (found []networkingv1.NetworkPolicy) {
	for _, p := range s.Policies.Value {
		selector, err := metav1.LabelSelectorAsSelector(&p.Spec.PodSelector)
		if err == nil && slices.Contains(p.Spec.PolicyTypes, kind) && selector.Matches(labels.Set(w.Labels)) {
			found = append(found, p)
		}
	}
	return found
}

// opens reports whether a rule's ports include a port; a rule without ports allows all.
func opens(ports []networkingv1.NetworkPolicyPort, to corev1.ContainerPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		switch {
		case p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return p.Port.StrVal == to.Name
		case p.EndPort != nil:
			return p.Port.IntVal <= to.ContainerPort && to.ContainerPort <= *p.EndPort
		}
		return p.Port.IntVal == to.ContainerPort
	})
}

func containerPort(pod corev1.PodSpec, name string) (corev1.ContainerPort, bool) {
	for _, c := range pod.Containers {
		for _, p := range c.Ports {
			if p.Name == name {
				return p, true
			}
		}
	}
	return corev1.ContainerPort{}, false
}

func names(policies []networkingv1.NetworkPolicy) string {
	var list []string
	for _, p := range policies {
		list = append(list, p.Name)
	}
	return strings.Join(list, ", ")
}

// cloudHint explains why the API server may not reach the webhook in a cloud.
func (s Snapshot) cloudHint() string {
	for _, n := range s.Nodes.Value {
		port := "its port"
		for _, w := range s.Injector.Value.Workloads {
			if p, found := containerPort(w.Pod, "webhook"); found {
				port = fmt.Sprintf("port %d", p.ContainerPort)
			}
		}
		switch n.Provider {
		case "gce":
			return "on GKE with private nodes, a firewall rule has to let the control plane reach " + port + " of nodes (only 443 and 10250 are open): set injector.port to 10250, or add the rule"
		case "aws":
			return "on EKS, security groups have to let the control plane reach " + port + ", and with an overlay network (Calico, Cilium) it cannot reach pods: set injector.hostNetwork"
		case "azure":
			return "on AKS, the admissions enforcer changes selectors unless the configuration has the annotation admissions.enforcer/disabled, and a network security group may block " + port
		}
	}
	return "a firewall or NetworkPolicy between control plane and pods, or a CA that is not in caBundle"
}
