package profiles

import (
	corev1 "k8s.io/api/core/v1"
)

// Profile says what a pod gets: identity, variables, resource attributes, endpoint and sidecar.
//
// A field left out is inherited from the profile named by Inherits; lists replace, maps and
// variables merge by key (see Resolve). Variables, resources and the security context are plain
// Kubernetes types, so that everything known about a pod specification holds here too.
type Profile struct {
	// Name is what annotations, flags and `inherits` refer to: a DNS label.
	Name string `json:"name"`
	// Description is one sentence for people; `telepod profiles list` prints it.
	Description string `json:"description,omitempty"`
	// Inherits names the profile that supplies everything left out here; empty means none.
	Inherits string `json:"inherits,omitempty"`

	Cloud    Cloud    `json:"cloud,omitzero"`
	Identity Identity `json:"identity,omitzero"`
	OTLP     OTLP     `json:"otlp,omitzero"`

	// Variables are added to every selected container, in this order, after the ones that
	// Telepod derives from Cloud and Identity. An entry has a literal value, which may refer to
	// an earlier variable as $(NAME), or a Downward API fieldRef.
	Variables []corev1.EnvVar `json:"variables,omitempty"`
	// ResourceAttributes become OTEL_RESOURCE_ATTRIBUTES. A value may refer to a variable of
	// the profile as $(NAME); an attribute with an empty value is left out, which is how a
	// profile removes one that it inherits.
	ResourceAttributes map[string]string `json:"resourceAttributes,omitempty"`
	// ServiceNameFromLabels lets the labels app.kubernetes.io/instance and /name give
	// service.name before the owner's name does (semantic conventions, Kubernetes attributes).
	ServiceNameFromLabels *bool `json:"serviceNameFromLabels,omitempty"`
	// Propagators is the value of OTEL_PROPAGATORS, in order.
	Propagators []string `json:"propagators,omitempty"`

	// SkipContainers are names of containers that are left as they are unless an annotation
	// selects them: proxies and agents that other injectors add.
	SkipContainers []string `json:"skipContainers,omitempty"`

	Sidecar Sidecar `json:"sidecar,omitzero"`

	// Detectors are the resource detectors that Collectors on this platform run, in order.
	Detectors []string `json:"detectors,omitempty"`
}

// Cloud is where the cluster runs, in the terms of the semantic conventions (cloud.*).
type Cloud struct {
	// Provider is cloud.provider: aws, gcp, azure or another well-known value.
	Provider string `json:"provider,omitempty"`
	// Platform is cloud.platform: aws_eks, gcp_kubernetes_engine, azure.aks, …
	Platform string `json:"platform,omitempty"`
}

// Identity is the cluster's place in the estate. What a profile leaves out, Facts supply.
type Identity struct {
	// Region is cloud.region, e.g. us-east-1.
	Region string `json:"region,omitempty"`
	// Account is cloud.account.id: AWS account, Google Cloud project, Azure subscription.
	Account string `json:"account,omitempty"`
	// Cluster is k8s.cluster.name.
	Cluster string `json:"cluster,omitempty"`
	// Environment is deployment.environment.name, e.g. production.
	Environment string `json:"environment,omitempty"`
}

// Facts are what is known about the cluster at start, from flags, environment or a file.
type Facts = Identity

// The endpoints that have a name. Anything else is a URL.
const (
	EndpointNode    = "node"    // the regional Collector on the pod's own node
	EndpointService = "service" // the regional Collector behind its Service
	EndpointSidecar = "sidecar" // the Collector in the pod
)

// The protocols of OTEL_EXPORTER_OTLP_PROTOCOL that Telepod writes.
const (
	ProtocolGRPC = "grpc"
	ProtocolHTTP = "http/protobuf"
)

// The ports of OTLP by convention (IANA).
const (
	conventionalGRPCPort = 4317
	conventionalHTTPPort = 4318
)

// The ports of the sidecar. They are fixed, as nothing else can listen on the pod's own 127.0.0.1
// unless the pod puts it there.
const (
	SidecarGRPCPort   = conventionalGRPCPort
	SidecarHTTPPort   = conventionalHTTPPort
	SidecarHealthPort = 13133 // health_check, which the kubelet calls from outside the pod's network
)

// OTLP says where telemetry goes and how it is spoken there.
type OTLP struct {
	// Endpoint is node, service, sidecar or an http(s) URL.
	Endpoint string `json:"endpoint,omitempty"`
	// Protocol is grpc or http/protobuf.
	Protocol string `json:"protocol,omitempty"`
	// ServiceHost is the DNS name behind the endpoint "service".
	ServiceHost string `json:"serviceHost,omitempty"`
	// GRPCPort is the port for gRPC of node and service; 4317, as is the convention, where no
	// profile says.
	GRPCPort int32 `json:"grpcPort,omitempty"`
	// HTTPPort is the port for HTTP of node and service; 4318 where no profile says.
	HTTPPort int32 `json:"httpPort,omitempty"`
}

// Sidecar is the optional Collector in the pod.
type Sidecar struct {
	// Enabled asks for the sidecar without an annotation.
	Enabled *bool `json:"enabled,omitempty"`
	// Image is the Collector's image; ImagePullPolicy as in a container.
	Image           string            `json:"image,omitempty"`
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// Resources need requests, or a HorizontalPodAutoscaler on the pod stops working.
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`
	// SecurityContext must satisfy PodSecurity "restricted" by itself; it replaces, not merges.
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`
	// Env is added to the sidecar after the variables of the profile.
	Env []corev1.EnvVar `json:"env,omitempty"`
	// Config is the Collector's configuration (YAML). It travels in an environment variable;
	// ${env:TELEPOD_EXPORT_ENDPOINT} in it is where the sidecar sends to.
	Config string `json:"config,omitempty"`
	// GateStartup makes the pod's other containers wait until the Collector answers. Off by
	// default: a Collector that cannot start must not keep the application from starting.
	GateStartup *bool `json:"gateStartup,omitempty"`
}
