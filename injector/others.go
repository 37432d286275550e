package injector

import "strings"

// injectorKey is how a pod asks another injector for telemetry: an annotation or label whose key begins with
// prefix, and whose value is not a no.
type injectorKey struct{ prefix, injector string }

func injectorKeys() []injectorKey {
	return []injectorKey{
		{"instrumentation.opentelemetry.io/inject-", "the OpenTelemetry operator"}, // and AWS's CloudWatch operator
		{"sidecar.opentelemetry.io/inject", "the OpenTelemetry operator"},
		{"cloudwatch.aws.amazon.com/auto-annotate-", "the CloudWatch operator"},
		{"admission.datadoghq.com/", "Datadog"},
		{"oneagent.dynatrace.com/inject", "Dynatrace"},
		{"dynatrace.com/inject", "Dynatrace"},
		{"instrumentation.newrelic.com/inject-", "New Relic"},
		{"co.elastic.apm/attach", "Elastic"},
		{"instana-autotrace", "Instana"},
		{"odigos.io/", "Odigos"},
	}
}

// nameOthers remarks on other injectors of telemetry that the pod asks for. They are never fought: what
// they have set counts as the container's own, and what they set later is theirs to settle.
func (b *builder) nameOthers() {
	told := map[string]bool{}
	m := &b.request.Pod.Metadata
	for _, key := range injectorKeys() {
		if !told[key.injector] && (asks(m.Annotations, key.prefix) || asks(m.Labels, key.prefix)) {
			told[key.injector] = true
			b.plan.remark("", key.injector, OtherInjector)
		}
	}
}

func asks(values map[string]string, prefix string) bool {
	for key, value := range values {
		if strings.HasPrefix(key, prefix) && value != "false" && value != "disabled" && value != "" {
			return true
		}
	}
	return false
}
