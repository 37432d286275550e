package helm_test

import (
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

// TestPrometheusOperatorObjects decodes the operator's objects strictly with their own types, and checks their selectors
// against the labels and ports of the pods.
func TestPrometheusOperatorObjects(t *testing.T) {
	found := map[string]int{}
	pods := map[string]map[string]bool{} // ports by component
	var monitors []monitoring.PodMonitor
	for _, preset := range []string{"monitoring", "other"} {
		for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)[preset], "--set", "podMonitor.enabled=true"), "\n---\n") {
			object := decode(t, document)
			switch object.GetKind() {
			case "PodMonitor":
				var monitor monitoring.PodMonitor
				if err := yaml.UnmarshalStrict([]byte(document), &monitor); err != nil {
					t.Fatalf("%v:\n%s", err, document)
				}
				monitors = append(monitors, monitor)
			case "PrometheusRule":
				var rule monitoring.PrometheusRule
				if err := yaml.UnmarshalStrict([]byte(document), &rule); err != nil {
					t.Fatalf("%v:\n%s", err, document)
				}
				if len(rule.Spec.Groups) < 6 || rule.Labels["release"] != "prometheus" {
					t.Errorf("%d groups and labels %v, want all groups and the label that selects them", len(rule.Spec.Groups), rule.Labels)
				}
			}
			found[object.GetKind()]++
			if pod, ok := podOf(document, object); ok && len(pod.Spec.Containers[0].Ports) > 0 {
				ports := map[string]bool{}
				for _, port := range pod.Spec.Containers[0].Ports {
					ports[port.Name] = true
				}
				pods[pod.Labels["app.kubernetes.io/component"]] = ports
			}
		}
	}
	if found["PodMonitor"] < 2 || found["PrometheusRule"] != 1 {
		t.Errorf("rendered %v, want PodMonitors of both parts and one PrometheusRule", found)
	}
	for _, monitor := range monitors {
		component := monitor.Spec.Selector.MatchLabels["app.kubernetes.io/component"]
		if component == "" {
			component = monitor.Spec.Selector.MatchExpressions[0].Values[0]
		}
		for _, endpoint := range monitor.Spec.PodMetricsEndpoints {
			if !pods[component][*endpoint.Port] {
				t.Errorf("%s scrapes port %s of component %s, whose pods have %v", monitor.Name, *endpoint.Port, component, pods[component])
			}
		}
	}
}
