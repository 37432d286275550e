package offline

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/injector"
)

// cloud is one of the three clouds, with the service that runs there. Its identity is configured in values.yaml, its
// settings in manifests/shop.yaml; these are the expected results.
type cloud struct {
	name, platform, region, zone, account, cluster string

	app, profile, service            string // the namespace has the app's name
	endpoint, protocol, url, sidecar string
	leftOut                          map[injector.Reason][]string
}

func clouds() []cloud {
	return []cloud{{
		name: "aws", platform: "aws_eks", region: "us-east-1", zone: "us-east-1a", account: "123456789012", cluster: "shop-use1",
		app: "orders", profile: "eks-virginia", service: "orders",
		endpoint: "node", protocol: "http/protobuf", url: "http://$(K8S_NODE_IP):4318", sidecar: "none",
	}, {
		name: "gcp", platform: "gcp_kubernetes_engine", region: "europe-west1", zone: "europe-west1-b", account: "shop-production", cluster: "shop-euw1",
		app: "stock", profile: "gke-belgium", service: "warehouse",
		endpoint: "service", protocol: "http/protobuf", url: "http://otel.demo:4318", sidecar: "none",
		leftOut: map[injector.Reason][]string{injector.UserDefined: {"app/OTEL_SERVICE_NAME"}},
	}, {
		name: "azure", platform: "azure.aks", region: "westeurope", zone: "westeurope-2", account: "8e5c2f04-6b1d-4c9a-9a37-2d90b7f1e6c5", cluster: "shop-weu",
		app: "pay", profile: "aks-holland", service: "pay",
		endpoint: "sidecar", protocol: "http/protobuf", url: "http://127.0.0.1:4318", sidecar: "native",
	}}
}

func eachCloud(text func(cloud) string) []string {
	var texts []string
	for _, c := range clouds() {
		texts = append(texts, text(c))
	}
	return texts
}

func columns() []string { return eachCloud(func(c cloud) string { return c.name }) }

// variable is an expected variable of a container.
type variable struct{ name, want string }

// variables are the expected variables of the app's container, in display order. For Downward API variables it is the
// field's path.
func (c cloud) variables(pod *corev1.Pod) []variable {
	return []variable{
		{"CLOUD_PROVIDER", c.name},
		{"CLOUD_PLATFORM", c.platform},
		{"CLOUD_REGION", c.region},
		{"CLOUD_AVAILABILITY_ZONE", stored(zoneField)},
		{"CLOUD_ACCOUNT_ID", c.account},
		{"K8S_CLUSTER_NAME", c.cluster},
		{"DEPLOYMENT_ENVIRONMENT", "demo"},
		{"K8S_NAMESPACE", stored("metadata.namespace")},
		{"K8S_DEPLOYMENT_NAME", c.app},
		{"K8S_REPLICASET_NAME", pod.OwnerReferences[0].Name},
		{"K8S_POD_NAME", stored("metadata.name")},
		{"K8S_POD_UID", stored("metadata.uid")},
		{"K8S_POD_IP", stored("status.podIP")},
		{"K8S_NODE_NAME", stored("spec.nodeName")},
		{"K8S_NODE_IP", stored("status.hostIP")},
		{"K8S_CONTAINER_NAME", "app"},
		{"OTEL_SERVICE_NAME", c.service},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", c.url},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", c.protocol},
		{"OTEL_PROPAGATORS", "tracecontext,baggage"},
	}
}

// attributes maps resource attributes to the variables with the same value.
func attributes() []variable {
	return []variable{
		{"cloud.provider", "CLOUD_PROVIDER"},
		{"cloud.platform", "CLOUD_PLATFORM"},
		{"cloud.region", "CLOUD_REGION"},
		{"cloud.availability_zone", "CLOUD_AVAILABILITY_ZONE"},
		{"cloud.account.id", "CLOUD_ACCOUNT_ID"},
		{"k8s.cluster.name", "K8S_CLUSTER_NAME"},
		{"k8s.namespace.name", "K8S_NAMESPACE"},
		{"k8s.deployment.name", "K8S_DEPLOYMENT_NAME"},
		{"k8s.pod.name", "K8S_POD_NAME"},
		{"k8s.pod.uid", "K8S_POD_UID"},
		{"k8s.node.name", "K8S_NODE_NAME"},
		{"k8s.container.name", "K8S_CONTAINER_NAME"},
		{"deployment.environment.name", "DEPLOYMENT_ENVIRONMENT"},
	}
}
