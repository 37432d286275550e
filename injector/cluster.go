package injector

import apiversion "k8s.io/apimachinery/pkg/util/version"

// Cluster describes what the API server and the nodes support. It is determined once, not for each pod.
type Cluster struct {
	// NativeSidecars: init containers may have restartPolicy Always (on by default since 1.29).
	NativeSidecars bool
	// TopologyLabels: pods get their node's topology labels at binding (KEP-4742, on by default
	// since 1.35), so that zone and region can come from the Downward API.
	TopologyLabels bool
	// NodeIPv6: status.hostIP is an IPv6 address, which a URL must put in brackets.
	NodeIPv6 bool
}

// Choice determines whether the cluster has a feature.
type Choice string

// The choices. Auto follows the version of the API server.
const (
	Auto   Choice = "auto"
	Always Choice = "always"
	Never  Choice = "never"
)

// Capabilities are the choices for the features of Cluster.
type Capabilities struct {
	NativeSidecars Choice
	TopologyLabels Choice
	NodeIPv6       bool
}

// The versions that enable a feature by default.
const (
	nativeSidecarsSince = "1.29" // KEP-753
	topologyLabelsSince = "1.35" // KEP-4742
)

// Cluster returns what an API server of a version supports. For an unknown version, nil, it is what the
// oldest ones support.
func (c Capabilities) Cluster(v *apiversion.Version) Cluster {
	has := func(choice Choice, since string) bool {
		return choice == Always || choice == Auto && v != nil && v.AtLeast(apiversion.MustParseGeneric(since))
	}
	return Cluster{
		NativeSidecars: has(c.NativeSidecars, nativeSidecarsSince),
		TopologyLabels: has(c.TopologyLabels, topologyLabelsSince),
		NodeIPv6:       c.NodeIPv6,
	}
}
