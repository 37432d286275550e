package profiles

import (
	corev1 "k8s.io/api/core/v1"
)

// Profile describes what a pod gets: identity, variables, resource attributes, endpoint and sidecar.
//
// A field that is left out or empty is inherited from the profile named by Inherits. Lists replace the
// parent's, and maps and variables merge by key. Variables, resources and the security context are plain
// Kubernetes types, so they work as in a pod's spec.
//
// go generate writes the tables of docs/profiles.md from the comments below.
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
	// the profile as $(NAME). null or an empty value removes an attribute, whether inherited or
	// derived by Telepod.
	ResourceAttributes map[string]string `json:"resourceAttributes,omitempty"`
	// ServiceNameFromLabels makes the labels app.kubernetes.io/instance and /name set service.name, instead of
	// the owner's name (semantic conventions, Kubernetes attributes).
	ServiceNameFromLabels *bool `json:"serviceNameFromLabels,omitempty"`
	// Propagators is the value of OTEL_PROPAGATORS, in order.
	Propagators []string `json:"propagators,omitempty"`

	// EnvFrom determines how to treat variables that a container's envFrom may set, which Telepod's would
	// override. inspect leaves out the keys of ConfigMaps, which the webhook reads, and assumes none
	// in Secrets. keep also leaves out every name that a Secret or an unknown ConfigMap might set. override
	// sets all variables.
	EnvFrom string `json:"envFrom,omitempty"`

	// SkipContainers are names of containers that are left as they are unless an annotation
	// selects them: proxies and agents that other injectors add.
	SkipContainers []string `json:"skipContainers,omitempty"`

	// Detectors are the resource detectors that Collectors on this platform run, in order. A
	// sidecar gets them in TELEPOD_DETECTORS.
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

// Identity is the cluster's place in the estate. The flags of the webhook supply what a profile and its
// ancestors leave out.
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

// Facts are the known facts about the cluster, from flags, environment or a file.
type Facts struct {
	// Identity fills what every profile and its ancestors leave out.
	Identity
	// Endpoint, ServiceHost and ClusterServiceHost are the addresses of this cluster's regional Collectors. They
	// replace those of the built-in base, so every profile that inherits base gets them unless it sets its
	// own.
	Endpoint, ServiceHost, ClusterServiceHost string
	// SidecarImage and SidecarPullSecrets are the Collector's image in this cluster, and the Secrets for its
	// registry. They also replace those of the built-in base.
	SidecarImage       string
	SidecarPullSecrets []string
	// GRPCPort and HTTPPort are the ports of these Collectors, on nodes and Services. 0 keeps those of base.
	GRPCPort, HTTPPort int32
}

// The endpoints with a name. Any other endpoint is a URL.
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

// The protocols that Telepod sets in OTEL_EXPORTER_OTLP_PROTOCOL.
const (
	ProtocolGRPC = "grpc"
	ProtocolHTTP = "http/protobuf"
)

// The ports of OTLP by convention (IANA).
const (
	conventionalGRPCPort = 4317
	conventionalHTTPPort = 4318
)

// The ports of the sidecar. They are fixed, because only the pod's own containers can listen on its 127.0.0.1.
const (
	SidecarGRPCPort   = conventionalGRPCPort
	SidecarHTTPPort   = conventionalHTTPPort
	SidecarHealthPort = 13133 // health_check, on the pod's IP
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
	// on nodes without one (Fargate, virtual nodes, Windows) and their sidecars. If no profile sets it,
	// they use serviceHost.
	ClusterServiceHost string `json:"clusterServiceHost,omitempty"`
	// GRPCPort is the gRPC port of node and service; 4317 if no profile sets it.
	GRPCPort int32 `json:"grpcPort,omitempty"`
	// HTTPPort is the HTTP port of node and service; 4318 if no profile sets it.
	HTTPPort int32 `json:"httpPort,omitempty"`
}

// Sidecar is the optional Collector in the pod.
type Sidecar struct {
	// Enabled adds the sidecar to pods without an annotation.
	Enabled *bool `json:"enabled,omitempty"`
	// Image is the Collector's image.
	Image string `json:"image,omitempty"`
	// ImagePullPolicy is Always, IfNotPresent or Never. If no profile sets it, Kubernetes chooses
	// by the image's tag.
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// ImagePullSecrets name Secrets with credentials for the image. They are added to the pod's list and
	// must exist in its namespace.
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// ProbeCommand is a command in the image that fails if the Collector does not work. It becomes the
	// liveness probe and, with gateStartup, the startup probe. Without it the sidecar has no liveness probe, and
	// gateStartup uses the supervisor of Telepod's image.
	ProbeCommand []string `json:"probeCommand,omitempty"`
	// Resources need requests for cpu and memory, or a HorizontalPodAutoscaler on the pod stops
	// working. They merge by resource.
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`
	// SecurityContext must satisfy PodSecurity "restricted" without the pod's own. It replaces an
	// inherited one as a whole.
	SecurityContext *corev1.SecurityContext `json:"securityContext,omitempty"`
	// Env is added to the sidecar after the profile's variables, and is merged like them.
	Env []corev1.EnvVar `json:"env,omitempty"`
	// Config is the Collector's configuration as YAML text, passed in an environment variable. In it,
	// ${env:TELEPOD_EXPORT_ENDPOINT} is the sidecar's destination, and ${env:TELEPOD_EXPORTER} is
	// otlp_grpc or otlp_http, depending on that endpoint's protocol.
	Config string `json:"config,omitempty"`
	// GateStartup makes the pod's other containers wait until the Collector accepts connections, for at most 30
	// seconds or COLLECTOR_STARTUP_LIMIT in env (at most 2m): a Collector that cannot start only delays the
	// application. With a probeCommand there is no such limit.
	GateStartup *bool `json:"gateStartup,omitempty"`
}
