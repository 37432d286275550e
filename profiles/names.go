package profiles

import (
	"slices"
	"strings"
)

// Derived lists the variables that package injector computes for each container from the profile's
// Cloud and Identity, the pod and its owner, in the order in which they are injected. They precede
// the profile's own variables, which may refer to them as $(NAME) but may not define them. A variable
// that is unknown for a pod (no region, another kind of owner) is absent.
func Derived() []string {
	return []string{
		"CLOUD_PROVIDER",
		"CLOUD_PLATFORM",
		"CLOUD_REGION",
		"CLOUD_ACCOUNT_ID",
		"CLOUD_AVAILABILITY_ZONE",
		"K8S_CLUSTER_NAME",
		"K8S_CONTAINER_NAME",
		"DEPLOYMENT_ENVIRONMENT",
		"K8S_DEPLOYMENT_NAME",
		"K8S_REPLICASET_NAME",
		"K8S_STATEFULSET_NAME",
		"K8S_DAEMONSET_NAME",
		"K8S_JOB_NAME",
		"K8S_CRONJOB_NAME",
		"K8S_ROLLOUT_NAME",
	}
}

// Prefixes of variables that only Telepod sets: SDK settings, derived from otlp, propagators and
// resourceAttributes, and variables for the sidecar's configuration.
const (
	prefixOTel    = "OTEL_"
	prefixTelepod = "TELEPOD_"
)

// configuresCloudSDK reports whether a variable configures the clouds' own SDKs. Collectors need some; in an
// application they would silently redirect its calls to another region or account.
func configuresCloudSDK(name string) bool {
	return slices.Contains([]string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ROLE_ARN",
		"GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_REGION", "GCLOUD_PROJECT", "GCP_PROJECT",
		"CLOUDSDK_CORE_PROJECT", "CLOUDSDK_COMPUTE_REGION", "CLOUDSDK_COMPUTE_ZONE",
		"AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "ARM_SUBSCRIPTION_ID",
	}, name)
}

// fieldOfAttribute returns the field of a profile from which a resource attribute is derived, or "". Such an
// attribute must not be set itself: its two sources could disagree.
func fieldOfAttribute(key string) string {
	switch key {
	case "cloud.provider":
		return "cloud.provider"
	case "cloud.platform":
		return "cloud.platform"
	case "cloud.region":
		return "identity.region"
	case "cloud.account.id":
		return "identity.account"
	case "k8s.cluster.name":
		return "identity.cluster"
	case "deployment.environment.name":
		return "identity.environment"
	default:
		return ""
	}
}

// The lists below are the known values, to distinguish a typo (azure_aks) from a custom value.

// knownProviders are the values of cloud.provider (semantic conventions 1.44, resource/cloud).
func knownProviders() []string {
	return []string{
		"akamai_cloud", "alibaba_cloud", "aws", "azure", "gcp", "heroku", "hetzner", "ibm_cloud",
		"oracle_cloud", "tencent_cloud", "vultr",
	}
}

// knownPlatforms are the values of cloud.platform on which Kubernetes runs (same page).
func knownPlatforms() []string {
	return []string{
		"akamai_cloud.compute", "alibaba_cloud_ecs", "alibaba_cloud_openshift", "aws_ec2", "aws_eks",
		"aws_openshift", "azure.aks", "azure.openshift", "azure.vm", "gcp_compute_engine",
		"gcp_kubernetes_engine", "gcp_openshift", "hetzner.cloud_server", "ibm_cloud_openshift",
		"oracle_cloud_compute", "oracle_cloud_oke", "tencent_cloud_cvm", "tencent_cloud_eks",
		"vultr.cloud_compute",
	}
}

// knownPropagators are the values of OTEL_PROPAGATORS (specification, SDK environment variables).
func knownPropagators() []string {
	return []string{"b3", "b3multi", "baggage", "jaeger", "none", "ottrace", "tracecontext", "xray"}
}

// knownDetectors are the detectors of the Collector's resource_detection processor.
func knownDetectors() []string {
	return []string{
		"akamai", "aks", "azure", "consul", "digitalocean", "docker", "dynatrace", "ec2", "ecs", "eks",
		"elastic_beanstalk", "env", "gcp", "heroku", "hetzner", "k8snode", "kubeadm", "lambda", "nova",
		"openshift", "oraclecloud", "scaleway", "system", "upcloud", "vultr",
	}
}

// downwardFields are the fields of a pod that an environment variable can refer to (Downward API).
// KEY stands for any key.
func downwardFields() []string {
	return []string{
		"metadata.name", "metadata.namespace", "metadata.uid",
		"metadata.labels['KEY']", "metadata.annotations['KEY']",
		"spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
}

// downwardField returns the path as in downwardFields, and its key, if any.
func downwardField(path string) (field, key string) {
	field, rest, _ := strings.Cut(path, "['")
	if key, ok := strings.CutSuffix(rest, "']"); ok && key != "" {
		return field + "['KEY']", key
	}
	return path, ""
}
