package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet"
)

// TestSends: the variables of a container decide whether and where it sends each signal.
func TestSends(t *testing.T) {
	const ours = `{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://$(K8S_NODE_IP):4318"}`
	for _, test := range []struct{ endpoint, more, env, want string }{
		{"node", "", ours, "container app sends telemetry to Telepod"},
		{"node", "", strings.Replace(ours, "$(K8S_NODE_IP)", "[$(K8S_NODE_IP)]", 1), "container app sends telemetry to Telepod"},
		{"node", "", strings.Replace(ours, "$(K8S_NODE_IP)", "10.0.1.7", 1), "container app sends telemetry to Telepod"},
		{"node", "", strings.Replace(ours, "$(K8S_NODE_IP)", "$(HOST)", 1), "it is not known whether container app sends telemetry to Telepod: the pod's spec does not show the effect of OTEL_EXPORTER_OTLP_ENDPOINT"},
		{"sidecar", "", strings.Replace(ours, "$(K8S_NODE_IP)", "127.0.0.1", 1), "container app sends telemetry to Telepod"},
		{"service", "", strings.Replace(ours, "$(K8S_NODE_IP)", "telepod-collector.telepod.svc", 1), "container app sends telemetry to Telepod"},
		{"service", `, "skipped": {"user-pair": ["app/OTEL_EXPORTER_OTLP_ENDPOINT"]}`, strings.Replace(ours, "$(K8S_NODE_IP)", "jaeger.tracing.svc", 1), "it is not known whether container app sends"},
		{"service", `, "skipped": {"user-pair": ["app/OTEL_EXPORTER_OTLP_ENDPOINT"]}`, strings.Replace(ours, "$(K8S_NODE_IP)", "vendor.example", 1), "container app sends telemetry to vendor.example:4318, not to Telepod"},
		{"node", "", ours + `, {"name": "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "value": "https://u:p@vendor.example/logs?k=v"}`, "container app sends logs to vendor.example, not to Telepod"},
		{"node", "", ours + `, {"name": "OTEL_METRICS_EXPORTER", "value": "prometheus"}`, "container app exports metrics with OTEL_METRICS_EXPORTER=prometheus, not to Telepod"},
		{"node", "", ours + `, {"name": "OTEL_METRICS_EXPORTER", "value": "prometheus, otlp"}`, "container app sends telemetry to Telepod"},
		{"node", "", ours + `, {"name": "OTEL_TRACES_EXPORTER", "value": "None"}, {"name": "OTEL_LOGS_EXPORTER", "value": "none"}`, "container app turns logs off: OTEL_LOGS_EXPORTER=none"},
		{"node", "", ours + `, {"name": "OTEL_TRACES_SAMPLER", "value": "parentbased_always_off"}`, "it is not known whether container app sends traces"},
		{"node", "", ours + `, {"name": "OTEL_SDK_DISABLED", "value": "$(OFF)"}`, "it is not known whether container app sends telemetry"},
		{"node", "", ours + `, {"name": "OTEL_SDK_DISABLED", "value": "false"}`, "container app sends telemetry to Telepod"},
		{"node", "", ours + `, {"name": "OTEL_CONFIG_FILE", "value": "/etc/otel.yaml"}`, "does not show the effect of OTEL_CONFIG_FILE"},
		{"node", "", `{"name": "OTHER", "value": "x"}`, "container app has no endpoint for telemetry"},
		{"node", `, "silent": {"app": "env-from"}`, ours, ""},
	} {
		status := fmt.Sprintf(`{"profile": "aws", "hash": "x", "containers": ["app"], "endpoint": %q%s}`, test.endpoint, test.more)
		p, err := fleet.ReadPod([]byte(fmt.Sprintf(`{"metadata": {"annotations": {"telepod.dev/status": %q}}, "spec": {"containers": [{"name": "app", "env": [%s]}, {"name": "proxy"}]}, "status": {"hostIP": "10.0.1.7"}}`, status, test.env)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Sends() {
			got = append(got, s.String())
		}
		if text := strings.Join(got, "\n"); !strings.Contains(text, test.want) || test.want == "" && text != "" {
			t.Errorf("%s: %q, want %q", test.env, text, test.want)
		}
	}
}

// TestSendsRepair: kubectl removes the variable; other workloads need a change of their manifest.
func TestSendsRepair(t *testing.T) {
	off := fleet.Sending{Container: "app", Fate: fleet.TurnedOff, Variable: "OTEL_SDK_DISABLED", Value: "true"}
	for kind, want := range map[string]string{
		"Deployment": "kubectl --context eks -n shop set env deployment/web -c app OTEL_SDK_DISABLED-",
		"Pod":        "remove OTEL_SDK_DISABLED from container app in its manifest",
	} {
		if got := off.Repair("kubectl --context eks", fleet.Identity{Namespace: "shop", Kind: kind, Name: "web"}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	off.Fate = fleet.Unclear
	if got := off.Repair("kubectl", fleet.Identity{Kind: "Deployment"}); got != "" {
		t.Error(got)
	}
}
