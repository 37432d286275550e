package fleet_test

import (
	"slices"
	"testing"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/injector"
)

// TestOthers: other injectors are recognized by the requests in a pod, and by their additions to it.
func TestOthers(t *testing.T) {
	j, _ := judge(t, false)
	const operator, datadog, aks = "the OpenTelemetry operator", "Datadog", "AKS's Application Insights autoinstrumentation"
	for _, test := range []struct{ pod, want string }{
		{`"metadata": {"annotations": {"instrumentation.opentelemetry.io/inject-java": "true"}}`, operator},
		{`"metadata": {"annotations": {"sidecar.opentelemetry.io/inject": "true"}}`, operator},
		{`"spec": {"initContainers": [{"name": "opentelemetry-auto-instrumentation-java"}]}`, operator},
		{`"spec": {"containers": [{"name": "app"}, {"name": "otc-container"}]}`, operator},
		{`"metadata": {"labels": {"admission.datadoghq.com/enabled": "true"}}`, datadog},
		{`"spec": {"initContainers": [{"name": "datadog-lib-python-init"}]}`, datadog},
		{`"spec": {"initContainers": [{"name": "datadog-init-apm-inject"}]}`, datadog},
		{`"metadata": {"labels": {"dash0.com/instrumented": "true"}}`, "Dash0"},
		{`"spec": {"initContainers": [{"name": "dash0-instrumentation"}]}`, "Dash0"},
		{`"metadata": {"labels": {"odigos.io/agents-meta-hash": "1"}}`, "Odigos"},
		{`"spec": {"containers": [{"name": "app", "env": [{"name": "ODIGOS_DISTRO_NAME", "value": "java-community"}]}]}`, "Odigos"},
		{`"metadata": {"annotations": {"oneagent.dynatrace.com/inject": "true"}}`, "Dynatrace"},
		{`"spec": {"initContainers": [{"name": "install-oneagent"}]}`, "Dynatrace"},
		{`"metadata": {"annotations": {"instrumentation.newrelic.com/inject-java": "x"}}`, "New Relic"},
		{`"spec": {"initContainers": [{"name": "newrelic-instrumentation-java"}]}`, "New Relic"},
		{`"metadata": {"annotations": {"co.elastic.apm/attach": "java"}}`, "Elastic"},
		{`"metadata": {"labels": {"instana-autotrace": "true"}}`, "Instana"},
		{`"metadata": {"annotations": {"cloudwatch.aws.amazon.com/auto-annotate-java": "true"}}`, "the CloudWatch operator"},
		{`"spec": {"containers": [{"name": "app", "env": [{"name": "OTEL_AWS_APPLICATION_SIGNALS_ENABLED", "value": "true"}]}]}`, "the CloudWatch operator"},
		{`"metadata": {"annotations": {"monitor.azure.com/instrumentation": "x"}}`, aks},
		{`"spec": {"initContainers": [{"name": "azure-monitor-auto-instrumentation-java"}]}`, aks},
		{`"spec": {"containers": [{"name": "app", "env": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://collector.gke-managed-otel.svc:4318"}]}]}`, "GKE's Managed OpenTelemetry"},
		{`"spec": {"containers": [{"name": "app", "env": [{"name": "OTEL_AWS_APPLICATION_SIGNALS_ENABLED", "value": "false"}]}]}`, ""},
		{`"metadata": {"labels": {"admission.datadoghq.com/enabled": "false"}}`, ""},
		{`"metadata": {"name": "web"}`, ""},
	} {
		p, err := fleet.ReadPod([]byte("{" + test.pod + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Spec.Containers) == 0 {
			p.Spec.Containers = []injector.Container{{Name: "app"}}
		}
		var want []string
		if test.want != "" {
			want = []string{test.want}
		}
		of := fleet.Namespace{Namespace: injector.Namespace{Name: "shop", Labels: map[string]string{injector.InjectionLabel: "enabled"}}}
		if got := j.Pod(p, of).Others; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", test.pod, got, want)
		}
		if got := j.Pod(p, fleet.Namespace{}).Others; got != nil {
			t.Errorf("%s: %q on a pod that Telepod does not inject", test.pod, got)
		}
	}
}
