package profiles

import (
	corev1 "k8s.io/api/core/v1"
)

// Profile describes what a pod gets: identity, variables, resource attributes, endpoint and sidecar.
//
// A field that is left out or empty is inherited from the profile named by Inherits; lists replace,
// maps and variables merge by key. Variables, resources and the security context are plain
// Kubernetes types, so that everything known about a pod specification applies here too.
//
// The comments here are the tables of docs/profiles.md: go generate writes them.
type Profile struct {
	// Name is what annotations, flags and inherits refer to: a DNS label that no other profile
	// has, built in or not.
	Name string `json:"name"`
	// Description is one sentence for people; `telepod profiles list` prints it.
	Description string `json:"description,omitempty"`
	// Inherits names the profile that supplies everything left out here; empty means none.
	Inherits string `json:"inherits,omitempty"`

	// Cloud is where the cluster runs.
	Cloud Cloud `json:"cloud,omitzero"`
	// Identity is the cluster's place in the estate.
	Identity Identity `json:"identity,omitzero"`
	// OTLP is the destination of telemetry and its protocol.
	OTLP OTLP `json:"otlp,omitzero"`

	// Variables are added to every selected container, in this order, after the ones that
	// Telepod derives from cloud and identity. An entry has a literal value, which may refer to
	// an earlier variable as $(NAME), or a Downward API fieldRef.
	Variables []corev1.EnvVar `json:"variables,omitempty"`
	// ResourceAttributes become OTEL_RESOURCE_ATTRIBUTES. A value may refer to a variable of
	// the profile as $(NAME); null, or an empty value, removes an attribute, be it inherited or one
	// that Telepod derives.
	ResourceAttributes map[string]string `json:"resourceAttributes,omitempty"`
	// ServiceNameFromLabels lets the labels app.kubernetes.io/instance and /name give
	// service.name before the owner's name does (semantic conventions, Kubernetes attributes).
	ServiceNameFromLabels *bool `json:"serviceNameFromLabels,omitempty"`
	// Propagators is the value of OTEL_PROPAGATORS, in order.
	Propagators []string `json:"propagators,omitempty"`

	// EnvFrom decides about variables that an envFrom may bring, which those of Telepod would
	// hide. inspect leaves a name out that a ConfigMap brings, as the webhook knows the keys of
	// ConfigMaps, and expects none in Secrets; keep leaves out every name that a Secret or an unknown
	// ConfigMap may bring as well; override writes all of them.
	EnvFrom string `json:"envFrom,omitempty"`

	// SkipContainers are names of containers that are left as they are unless an annotation
	// selects them: proxies and agents that other injectors add.
	SkipContainers []string `json:"skipContainers,omitempty"`

	// Detectors are the resource detectors that Collectors on this platform run, in order. A
	// sidecar finds them in TELEPOD_DETECTORS.
	Detectors []string `json:"detectors,omitempty"`

	// Sidecar is the Collector in the pod.
	Sidecar Sidecar `json:"sidecar,omitzero"`
}

// Cloud is where the cluster runs, in the terms of the semantic conventions (cloud.*).
type Cloud struct {
	// Provider is cloud.provider: aws, gcp, azure or another well-known value.
	Provider string `json:"provider,omitempty"`
	// Platform is cloud.platform: aws_eks, gcp_kubernetes_engine, azure.aks, …
	Platform string `json:"platform,omitempty"`
}

// Identity is the cluster's place in the estate. What a profile and its ancestors leave out, the
// flags of the webhook supply.
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
type Facts struct {
	// Identity fills what every profile and its ancestors leave out.
	Identity
	// Endpoint, ServiceHost and ClusterServiceHost are where this cluster's regional Collectors are. They
	// stand in for those of the built-in base, so that every profile that inherits it, built in or not,
	// finds them; a profile that sets its own keeps it.
	Endpoint, ServiceHost, ClusterServiceHost string
	// SidecarImage and SidecarPullSecrets are the Collector's image in this cluster, and the Secrets for its
	// registry. They stand in for those of the built-in base as well.
	SidecarImage       string
	SidecarPullSecrets []string
	// GRPCPort and HTTPPort are the ports of these Collectors, on nodes and Services. 0 leaves the base's.
	GRPCPort, HTTPPort int32
}

// The endpoints that have a name. Anything else is a URL.
const (
	EndpointNode    = "node"    // the regional Collector on the pod's own node
	EndpointService = "service" // the regional Collector behind its Service
	EndpointSidecar = "sidecar" // the Collector in the pod
)

// The choices of Profile.EnvFrom.
const (
	EnvFromInspect  = "inspect"
	EnvFromKeep     = "keep"
	EnvFromOverride = "override"
)

// EnvFromChoices lists the choices of Profile.EnvFrom, the default first.
func EnvFromChoices() []string { return []string{EnvFromInspect, EnvFromKeep, EnvFromOverride} }

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

// OTLP is the destination of telemetry and its protocol.
type OTLP struct {
	// Endpoint is node, service, sidecar or an http(s) URL.
	Endpoint string `json:"endpoint,omitempty"`
	// Protocol is http/protobuf or grpc.
	Protocol string `json:"protocol,omitempty"`
	// ServiceHost is the DNS name behind the endpoint "service".
	ServiceHost string `json:"serviceHost,omitempty"`
	// ClusterServiceHost is the DNS name of a Service that reaches Collectors on every node, for pods
	// on nodes without one (Fargate, virtual nodes, Windows) and their sidecars; ServiceHost if no
	// profile sets it.
	ClusterServiceHost string `json:"clusterServiceHost,omitempty"`
	// GRPCPort is the port for gRPC of node and service; 4317, as is the convention, if no
	// profile sets it.
	GRPCPort int32 `json:"grpcPort,omitempty"`
	// HTTPPort is the port for HTTP of node and service; 4318 if no profile sets it.
	HTTPPort int32 `json:"httpPort,omitempty"`
}

// Sidecar is the optional Collector in the pod.
type Sidecar struct {
	// Enabled asks for the sidecar without an annotation.
	Enabled *bool `json:"enabled,omitempty"`
	// Image is the Collector's image.
	Image string `json:"image,omitempty"`
	// ImagePullPolicy is Always, IfNotPresent or Never; Kubernetes decides by the tag if no
	// profile sets it.
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// ImagePullSecrets name Secrets with credentials for the image. They are added to the pod's list and
	// have to exist in its namespace.
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// ProbeCommand is a command of the image that fails when the Collector does not work. It becomes
	// the liveness probe, and with GateStartup the startup probe. Without it there is no liveness probe,
	// and GateStartup asks the supervisor of Telepod's image.
	ProbeCommand []string `json:"probeCommand,omitempty"`
	// Resources need requests for cpu and memory, or a HorizontalPodAutoscaler on the pod stops
	// working. They merge by resource.
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`
	// SecurityContext must satisfy PodSecurity "restricted" by itself. It replaces an inherited
	// one as a whole.
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`
	// Env is added to the sidecar after the variables of the profile, and merges as they do.
	Env []corev1.EnvVar `json:"env,omitempty"`
	// Config is the Collector's configuration, a text of YAML. It travels in an environment
	// variable. ${env:TELEPOD_EXPORT_ENDPOINT} in it is where the sidecar sends to, and
	// ${env:TELEPOD_EXPORTER} is otlp_grpc or otlp_http, by the protocol of that endpoint.
	Config string `json:"config,omitempty"`
	// GateStartup makes the pod's other containers wait until the Collector accepts connections, at most
	// 30 seconds, or what COLLECTOR_STARTUP_LIMIT in Env sets (at most 2m): a Collector that cannot start
	// only delays the application. A ProbeCommand has no such limit.
	GateStartup *bool `json:"gateStartup,omitempty"`
}
