package telemetry

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// newResource describes the service. In ascending priority: the SDK's detectors, the injected CLOUD_* and K8S_*
// variables, the options in code, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME. It returns a resource even if a
// variable is invalid.
func newResource(ctx context.Context, o Options) (*resource.Resource, error) {
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithService(),
		resource.WithAttributes(fromVariables()...),
		resource.WithAttributes(fromCode(o)...),
		resource.WithFromEnv(),
	)
	if err != nil {
		err = fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return res, err
}

// injected maps the variables that identify a pod to attributes.
func injected() []struct {
	name string
	key  attribute.Key
} {
	return []struct {
		name string
		key  attribute.Key
	}{
		{"CLOUD_PROVIDER", semconv.CloudProviderKey},
		{"CLOUD_PLATFORM", semconv.CloudPlatformKey},
		{"CLOUD_REGION", semconv.CloudRegionKey},
		{"CLOUD_ACCOUNT_ID", semconv.CloudAccountIDKey},
		{"CLOUD_AVAILABILITY_ZONE", semconv.CloudAvailabilityZoneKey},
		{"DEPLOYMENT_ENVIRONMENT", semconv.DeploymentEnvironmentNameKey},
		{"K8S_CLUSTER_NAME", semconv.K8SClusterNameKey},
		{"K8S_NAMESPACE", semconv.K8SNamespaceNameKey},
		{"K8S_POD_NAME", semconv.K8SPodNameKey},
		{"K8S_POD_UID", semconv.K8SPodUIDKey},
		{"K8S_NODE_NAME", semconv.K8SNodeNameKey},
		{"K8S_CONTAINER_NAME", semconv.K8SContainerNameKey},
		{"K8S_DEPLOYMENT_NAME", semconv.K8SDeploymentNameKey},
		{"K8S_REPLICASET_NAME", semconv.K8SReplicaSetNameKey},
		{"K8S_STATEFULSET_NAME", semconv.K8SStatefulSetNameKey},
		{"K8S_DAEMONSET_NAME", semconv.K8SDaemonSetNameKey},
		{"K8S_JOB_NAME", semconv.K8SJobNameKey},
		{"K8S_CRONJOB_NAME", semconv.K8SCronJobNameKey},
		{"K8S_ROLLOUT_NAME", "k8s.rollout.name"},
	}
}

// fromVariables is needed if OTEL_RESOURCE_ATTRIBUTES was not injected completely, because the container sets
// its own or has an envFrom that may set it.
func fromVariables() []attribute.KeyValue {
	var list []attribute.KeyValue
	for _, v := range injected() {
		if value := os.Getenv(v.name); value != "" {
			list = append(list, v.key.String(value))
		}
	}
	namespace, pod, container := os.Getenv("K8S_NAMESPACE"), os.Getenv("K8S_POD_NAME"), os.Getenv("K8S_CONTAINER_NAME")
	if namespace != "" {
		list = append(list, semconv.ServiceNamespace(namespace))
	}
	if namespace != "" && pod != "" && container != "" {
		list = append(list, semconv.ServiceInstanceID(namespace+"."+pod+"."+container))
	}
	return list
}

func fromCode(o Options) []attribute.KeyValue {
	var list []attribute.KeyValue
	if o.ServiceName != "" {
		list = append(list, semconv.ServiceName(o.ServiceName))
	}
	if o.ServiceVersion != "" {
		list = append(list, semconv.ServiceVersion(o.ServiceVersion))
	}
	return list
}

// missing returns the variables that Telepod injects into every pod but that are not set.
func missing(out exporters) []string {
	var names []string
	for _, name := range []string{"CLOUD_PROVIDER", "K8S_POD_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_SERVICE_NAME"} {
		if os.Getenv(name) == "" {
			names = append(names, name)
		}
	}
	if len(out.signals()) == 0 {
		names = append(names, "OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	return names
}
