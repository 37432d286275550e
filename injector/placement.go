package injector

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/profiles"
)

// Fields and values by which a pod shows that its node is not an ordinary machine of the cluster.
const (
	// AKS documents this label and taint for its virtual nodes; the taint keeps all other pods away.
	virtualNodeType           = "virtual-kubelet" // value of the node's label "type"
	virtualNodeTaint          = "virtual-kubelet.io/provider"
	legacyVirtualNodeTaint    = "azure.com/aci"
	fargateProfileLabel       = "eks.amazonaws.com/fargate-profile" // set by EKS's own webhook
	fargateScheduler          = "fargate-scheduler"
	nodeTypeLabel             = "type"
	fieldPodIP, fieldPodIPs   = "status.podIP", "status.podIPs"
	fieldHostIP, fieldHostIPs = "status.hostIP", "status.hostIPs"
)

// placement is the kind of node that the pod will run on, as far as its own fields show it.
type placement int

const (
	ordinaryNode placement = iota
	// windowsNode does not run the regional DaemonSet, which is for Linux.
	windowsNode
	// fargateNode runs no DaemonSets.
	fargateNode
	// virtualNode runs no DaemonSets. Its kubelet refuses env from status.podIP and status.hostIP, init
	// containers with probes or resources, and args without a command.
	virtualNode
)

func (p *Pod) placement() placement {
	switch {
	case p.Spec.Virtual || p.Spec.NodeSelector[nodeTypeLabel] == virtualNodeType:
		return virtualNode
	case p.Metadata.Labels[fargateProfileLabel] != "" || p.Spec.SchedulerName == fargateScheduler:
		return fargateNode
	case p.windows():
		return windowsNode
	}
	return ordinaryNode
}

// virtualKey reports whether a toleration's key is a taint of virtual nodes.
func virtualKey(key string) bool { return key == virtualNodeTaint || key == legacyVirtualNodeTaint }

// placePod adapts the endpoint and the variables to the pod's node. A node without the DaemonSet has no
// Collector, so the pod sends to the Service instead, unless the pod itself sets node.
func (p *planner) placePod() {
	at, s := p.request.Pod.placement(), &p.plan.Settings
	if p.noDaemonSet && s.Endpoint.Value == profiles.EndpointNode && (s.Endpoint.Origin != FromPod || at == virtualNode) && p.hasService() {
		s.Endpoint = Setting[string]{profiles.EndpointService, FromPlacement}
	}
	p.variables = p.profile.variables
	if at == virtualNode {
		p.withoutAddresses()
	}
}

func (p *planner) hasService() bool { return p.profile.OTLP.ServiceHost != "" }

// withoutAddresses leaves out variables that a virtual node's kubelet refuses, and those that refer to them.
func (p *planner) withoutAddresses() {
	refused := []string{fieldPodIP, fieldPodIPs, fieldHostIP, fieldHostIPs}
	var left []string
	p.variables = slices.DeleteFunc(slices.Clone(p.variables), func(v *EnvVar) bool {
		bad := fieldOf(v.EnvVar) != "" && slices.Contains(refused, fieldOf(v.EnvVar))
		if bad {
			left = append(left, v.Name)
			p.plan.skip("", v.Name, VirtualNode)
		}
		return bad
	})
	p.plan.remark("", strings.Join(left, ", "), VirtualNode)
}

func fieldOf(v corev1.EnvVar) string {
	if v.ValueFrom == nil || v.ValueFrom.FieldRef == nil {
		return ""
	}
	return v.ValueFrom.FieldRef.FieldPath
}

// upstream returns the destination of the pod's sidecar, and of containers that cannot use the sidecar: the
// profile's endpoint. The endpoint "sidecar" is for pods on nodes without a DaemonSet, such as those of
// Fargate. The pod's fields may not show that, so the sidecar sends to the Service.
func (p *planner) upstream() Setting[string] {
	up := upstream(p.profile.Resolved)
	if up.Value == profiles.EndpointNode && (p.noDaemonSet || p.plan.Settings.sidecarEndpoint) && p.hasService() {
		return Setting[string]{profiles.EndpointService, FromPlacement}
	}
	return up
}

// url returns the URL for node, service or sidecar, or the URL itself. For HTTP, SDKs append /v1/traces and
// so on (OTLP exporter specification).
func (p *planner) url(endpoint, protocol string) string {
	o := &p.profile.OTLP
	port := o.GRPCPort
	if protocol == profiles.ProtocolHTTP {
		port = o.HTTPPort
	}
	switch endpoint {
	case profiles.EndpointNode:
		host := "$(K8S_NODE_IP)"
		if p.options.NodeIPv6 {
			host = "[" + host + "]"
		}
		return "http://" + host + ":" + itoa(port)
	case profiles.EndpointService:
		host := o.ServiceHost
		if p.noDaemonSet || p.plan.Settings.sidecarEndpoint {
			host = cmp.Or(o.ClusterServiceHost, host)
		}
		return "http://" + host + ":" + itoa(port)
	case profiles.EndpointSidecar:
		if protocol == profiles.ProtocolHTTP {
			return "http://127.0.0.1:" + itoa(profiles.SidecarHTTPPort)
		}
		return "http://127.0.0.1:" + itoa(profiles.SidecarGRPCPort)
	}
	return escape(endpoint)
}
