package injector

import (
	"slices"
	"strings"
)

// injectorKey identifies another injector. A pod requests it by an annotation or label with a key that
// starts with prefix, and a value that does not turn it off.
type injectorKey struct{ prefix, injector string }

func injectorKeys() []injectorKey {
	return []injectorKey{
		{"monitor.azure.com/instrumentation", aksInstrumentation},
		{"instrumentation.opentelemetry.io/inject-", operator}, // and AWS's CloudWatch operator
		{"sidecar.opentelemetry.io/inject", operator},
		{"cloudwatch.aws.amazon.com/auto-annotate-", "the CloudWatch operator"},
		{"admission.datadoghq.com/", "Datadog"},
		{"oneagent.dynatrace.com/inject", "Dynatrace"},
		{"dynatrace.com/inject", "Dynatrace"},
		{"instrumentation.newrelic.com/inject-", "New Relic"},
		{"co.elastic.apm/attach", "Elastic"},
		{"instana-autotrace", "Instana"},
		{"odigos.io/", "Odigos"},
		{"dash0.com/", "Dash0"},
	}
}

// injectedContainers returns how the names of containers start that other injectors add. Some injectors select
// namespaces or workloads, so the pod itself shows no request.
func injectedContainers() []injectorKey {
	return []injectorKey{
		{"azure-monitor-auto-instrumentation-", aksInstrumentation},
		{"opentelemetry-auto-instrumentation", operator},
		{"otc-container", operator},
		{"datadog-lib-", "Datadog"},
		{"datadog-init-apm-inject", "Datadog"},
		{"install-oneagent", "Dynatrace"},
		{"newrelic-instrumentation-", "New Relic"},
		{"dash0-instrumentation", "Dash0"},
	}
}

const operator = "the OpenTelemetry operator"

const aksInstrumentation = "AKS's Application Insights autoinstrumentation"

// reportInjectors adds a remark for each other telemetry injector that works on the pod, and a note for each
// cloud webhook that gives it credentials. Telepod overrides neither: their variables count as the container's
// own, and they may change the pod afterwards.
func (p *planner) reportInjectors() {
	m := &p.request.Pod.Metadata
	for _, injector := range requestedInjectors(m.Annotations, m.Labels) {
		p.reportInjector(injector, OtherInjector)
	}
	if m.Labels["azure.workload.identity/use"] == "true" {
		p.reportInjector("Azure Workload Identity", CloudIdentity)
	}
	for _, containers := range [][]Container{p.request.Pod.Spec.InitContainers, p.request.Pod.Spec.Containers} {
		for i := range containers {
			if injector := addedBy(containers[i].Name); injector != "" {
				p.reportInjector(injector, OtherInjector)
			}
			for j := range containers[i].Env {
				if injector, reason := setBy(&containers[i].Env[j]); injector != "" {
					p.reportInjector(injector, reason)
				}
			}
		}
	}
}

// addedBy returns the injector that adds containers of this name, or "".
func addedBy(container string) string {
	for _, added := range injectedContainers() {
		if strings.HasPrefix(container, added.prefix) {
			return added.injector
		}
	}
	return ""
}

// setBy returns the webhook that sets a variable, or "". GKE's Workload Identity sets none: its
// credentials come from the node's metadata server.
func setBy(v *Variable) (injector string, reason Reason) {
	switch v.Name {
	case "AWS_WEB_IDENTITY_TOKEN_FILE":
		return "EKS's IAM roles for service accounts", CloudIdentity
	case "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE":
		return "EKS Pod Identity", CloudIdentity
	case "AZURE_FEDERATED_TOKEN_FILE":
		return "Azure Workload Identity", CloudIdentity
	case "OTEL_AWS_APPLICATION_SIGNALS_ENABLED":
		if v.Value == "true" {
			return "the CloudWatch operator", OtherInjector
		}
	case "ODIGOS_DISTRO_NAME":
		return "Odigos", OtherInjector
	case otelEndpoint:
		if strings.Contains(v.Value, ".gke-managed-otel.svc") {
			return "GKE's Managed OpenTelemetry", OtherInjector
		}
	}
	return "", ""
}

// reportInjector reports an injector once: telemetry injectors in a warning, credential webhooks in a note.
func (p *planner) reportInjector(injector string, reason Reason) {
	other := Skip{Item: injector, Reason: reason}
	switch {
	case reason == CloudIdentity:
		if !slices.Contains(p.plan.Notes, other) {
			p.plan.Notes = append(p.plan.Notes, other)
		}
	case !slices.Contains(p.plan.remarks, other):
		p.plan.remarks = append(p.plan.remarks, other)
	}
}

// requestedInjectors returns the injectors that annotations and labels request, in the order of injectorKeys.
func requestedInjectors(maps ...map[string]string) []string {
	keys := injectorKeys()
	found := make([]bool, len(keys))
	for _, values := range maps {
		for name, value := range values {
			if value == "false" || value == "disabled" || value == "" {
				continue
			}
			for i := range keys {
				if strings.HasPrefix(name, keys[i].prefix) {
					found[i] = true
				}
			}
		}
	}
	var injectors []string
	for i := range keys {
		if found[i] {
			injectors = append(injectors, keys[i].injector)
		}
	}
	return injectors
}
