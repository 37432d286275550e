package checks

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
)

// Answer is a value that was read, or an error.
type Answer[T any] struct {
	Value T
	Err   error
}

// Snapshot is everything that was read from a cluster.
type Snapshot struct {
	// Context is the kubeconfig's context. Kubectl and Helm are the start of repair commands.
	Context, Kubectl, Helm string
	// Grant has the flags of telepod rbac for permissions that only some checks need.
	Grant string
	// Namespace and Release locate Telepod.
	Namespace, Release string
	Now                time.Time
	// Unreachable is why the API server does not answer. Everything else is then empty.
	Unreachable error

	Kubernetes Answer[*apiversion.Version]
	Nodes      Answer[[]Node]
	// Injector, Collectors (the regional ones), Central and Samplers are the parts of the release.
	Injector, Collectors, Central, Samplers Answer[Part]
	// Role is primary or backup, from the configuration of the central site; empty if there is none, or it was not read.
	Role string
	// Bindings are the ClusterRoleBindings that the release needs, and whether they exist.
	Bindings Answer[map[string]bool]
	Profiles Answer[Profiles]
	// ByDefault is true if the injector injects pods of namespaces without a label.
	ByDefault bool
	Webhook   Answer[[]Hook]
	// Services are those that the webhook's hooks name, by "namespace/name".
	Services Answer[map[string]Service]
	// Policies are the NetworkPolicies in the release's namespace.
	Policies Answer[[]networkingv1.NetworkPolicy]
	Pods     Answer[Pods]
	// OutOfDate counts workloads by their state.
	OutOfDate Answer[map[fleet.State]int]
	// Remarkable are the workloads with mistakes in their settings, or with variables that keep telemetry from Telepod.
	Remarkable []*fleet.Workload
	// Others are the other injectors on these pods.
	Others fleet.Others
	// Probe is the result of creating a pod as a dry run.
	Probe Answer[Probe]
	// Canaries are the paths of canary spans, if any were sent.
	Canaries []Canary
	// SiteAddresses are the addresses of central sites in the configuration of regional Collectors, by site name.
	SiteAddresses map[string]string
	// CLI is the version of this program.
	CLI string
}

// Part is a part of the release: its workloads and their pods.
type Part struct {
	Workloads []Workload
	Instances []fleet.Instance
}

// Node is a node of the cluster.
type Node struct {
	Name, Kubelet string
	// Provider is the scheme of its provider ID: aws, gce, azure.
	Provider string
	Labels   map[string]string
	Taints   []corev1.Taint
	// NotReadySince is zero if the node is ready.
	NotReadySince time.Time
	DiskPressure  bool
}

// Pods summarizes all pods of the cluster.
type Pods struct {
	// Labels are the values of telepod.dev/injection, by namespace.
	Labels map[string]string
	// Injected counts, by namespace, pods that the webhook injected because of a label that their namespace no
	// longer has.
	// SendToNode counts, by node, injected pods that send to a Collector there.
	Injected, SendToNode map[string]int
	// HostPorts are the foreign pods that use a host port, as "namespace/name" by node and port.
	HostPorts map[HostPort]string
}

// HostPort is a host port of a node.
type HostPort struct {
	Node string
	Port int32
}

// Profiles are the injector's profiles, or the mistakes in them.
type Profiles struct {
	Valid int
	// Mistakes is empty if there are none.
	Mistakes string
}

// Workload is a Deployment, StatefulSet or DaemonSet of the release.
type Workload struct {
	Kind, Name     string
	Desired, Ready int
	// Updated is how many pods have the current template.
	Updated int
	// Troubles lists its pods that are not ready, each with a reason.
	Troubles []string
	// Chart and Version come from the chart's labels; Pod is the configuration of its pods.
	Chart, Version string
	Labels         map[string]string
	Pod            corev1.PodSpec
	// Selected is the last change of its nodeSelector by a manager other than Helm, if it is a DaemonSet.
	Selected Change
	// Scaled is the last change of its number of replicas by a manager other than Helm or an autoscaler, if it has one.
	Scaled Change
}

// Hook is one webhook of the MutatingWebhookConfiguration.
type Hook struct {
	Configuration, Name string
	CABundle            []byte
	// Service is "namespace/name"; empty if the hook has a URL.
	Service  string
	Selector *metav1.LabelSelector
}

// Service is a Service and the endpoints behind it.
type Service struct {
	Exists bool
	Ready  int
}

// Probe is a pod that requested injection and was created as a dry run.
type Probe struct {
	Namespace string
	// Skipped is true if no pod was created. Absent: its namespace does not exist.
	Skipped  bool
	Absent   bool
	Injected bool
}
