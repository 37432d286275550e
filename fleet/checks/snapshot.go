package checks

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
)

// Answer is something that was read, or why it could not be.
type Answer[T any] struct {
	Value T
	Err   error
}

// Snapshot is what was read of a cluster.
type Snapshot struct {
	// Context is that of the kubeconfig. Kubectl and Helm begin the commands that repair something.
	Context, Kubectl, Helm string
	// Grant has the flags of telepod rbac for the rights beyond those of every check.
	Grant string
	// Namespace and Release are where Telepod is.
	Namespace, Release string
	Now                time.Time
	// Unreachable is why the API server does not answer. Nothing else was read then.
	Unreachable error

	Kubernetes Answer[*apiversion.Version]
	Nodes      Answer[[]Node]
	// Injector, Collectors (the regional ones), Central and Samplers are the parts of the release.
	Injector, Collectors, Central, Samplers Answer[Part]
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
	// Probe is what became of a pod that was created as a dry run.
	Probe Answer[Probe]
	// Canaries are the ways of spans that were sent, if any were.
	Canaries []Canary
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
	// Since is how long it has not been ready; zero if it is.
	NotReadySince time.Time
	DiskPressure  bool
}

// Pods summarizes all pods of the cluster.
type Pods struct {
	// Labels are the values of telepod.dev/injection, by namespace.
	Labels map[string]string
	// Injected counts pods that the webhook injected because of a label which their namespace no longer has, by namespace.
	// SendToNode counts injected pods by node, if they send to a Collector there.
	Injected, SendToNode map[string]int
	// HostPorts are the pods of others that have a port of a node, as "namespace/name" by node and port.
	HostPorts map[HostPort]string
}

// HostPort is a port of a node.
type HostPort struct {
	Node string
	Port int32
}

// Profiles are those that the injector has, or the mistakes in them.
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
	// Troubles are its pods that are not ready, each with a reason.
	Troubles []string
	// Chart and Version come from the chart's labels; Pod is the configuration of its pods.
	Chart, Version string
	Labels         map[string]string
	Pod            corev1.PodSpec
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

// Probe is a pod that was created as a dry run and asked for injection by itself.
type Probe struct {
	Namespace string
	// Skipped is true if no pod was tried.
	Skipped  bool
	Injected bool
}
