package helm_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/profiles"
)

// workloads are the kinds that create pods in the chart.
var workloads = []string{"Deployment", "StatefulSet", "DaemonSet"}

// podOf creates a Pod from a workload's template, or returns an existing Pod.
func podOf(document string, object *unstructured.Unstructured) (*corev1.Pod, bool) {
	if object.GetKind() == "Pod" {
		pod := &corev1.Pod{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, pod); err != nil {
			panic(err.Error() + ":\n" + document)
		}
		return pod, true
	}
	if !slices.Contains(workloads, object.GetKind()) {
		return nil, false
	}
	template, found, err := unstructured.NestedMap(object.Object, "spec", "template")
	if err != nil || !found {
		panic("a workload without a template:\n" + document)
	}
	pod := &corev1.Pod{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, pod); err != nil {
		panic(err.Error() + ":\n" + document)
	}
	claims, _, _ := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
	for range claims {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "queue"})
	}
	pod.APIVersion, pod.Kind = "v1", "Pod"
	pod.Name, pod.Namespace = object.GetName(), object.GetNamespace()
	return pod, true
}

// TestEndpointsMatch checks the node ports and the Service's name against the endpoints that the injector sets, for
// releases of any name.
func TestEndpointsMatch(t *testing.T) {
	cases := map[string]struct {
		args     []string
		sidecars bool
	}{
		"default names":   {args: []string{"--values", presets(t)["aws"]}},
		"another release": {args: []string{"--values", presets(t)["aws"], "--set", "fullnameOverride=telemetry"}},
		"custom profile":  {args: []string{"--values", presets(t)["aws"], "--set", "fullnameOverride=telemetry,profiles.shop.inherits=aws,injector.profile=shop"}},
		"gateway":         {args: []string{"--values", presets(t)["gateway"]}, sidecars: true},
		"other ports":     {args: []string{"--values", presets(t)["aws"], "--set", "regional.hostPorts.grpc=14317,regional.hostPorts.http=14318"}},
		"other ports of the nodes' network": {args: []string{"--values", presets(t)["aws"], "--set",
			"regional.hostNetwork=true,regional.hostPorts.grpc=14317,regional.hostPorts.http=14318"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var service, clusterService, collector *unstructured.Unstructured
			var sources []profiles.Source
			flags := map[string]string{} // of the webhook
			for document := range strings.SplitSeq(render(t, "v4", c.args...), "\n---\n") {
				object := decode(t, document)
				component := object.GetLabels()["app.kubernetes.io/component"]
				switch {
				case component == "collector" && object.GetKind() == "Service" && strings.HasSuffix(object.GetName(), "-collector"):
					service = object
				case component == "collector" && object.GetKind() == "Service":
					clusterService = object
				case component == "collector" && slices.Contains(workloads, object.GetKind()):
					collector = object
				case strings.HasSuffix(object.GetName(), "-profiles"):
					data, _, _ := unstructured.NestedStringMap(object.Object, "data")
					for file, text := range data {
						sources = append(sources, profiles.Source{Name: file, Data: []byte(text)})
					}
				}
				for _, flag := range []string{"profile", "service-host", "cluster-service-host", "endpoint", "grpc-port", "http-port"} {
					if _, rest, found := strings.Cut(document, "- --"+flag+"="); found {
						flags[flag], _, _ = strings.Cut(rest, "\n")
					}
				}
			}
			set, err := profiles.Load(profiles.Facts{
				Identity: profiles.Identity{Cluster: "c", Region: "r"}, ServiceHost: flags["service-host"], ClusterServiceHost: flags["cluster-service-host"], Endpoint: flags["endpoint"],
				GRPCPort: number(t, flags["grpc-port"]), HTTPPort: number(t, flags["http-port"]),
			}, sources...)
			if err != nil {
				t.Fatal(err)
			}
			profile, found := set.Lookup(flags["profile"])
			if !found {
				t.Fatalf("the webhook uses profile %q, which does not exist", flags["profile"])
			}
			if want := service.GetName() + "." + service.GetNamespace() + ".svc"; profile.OTLP.ServiceHost != want {
				t.Errorf("pods send to %s, but the Service is %s", profile.OTLP.ServiceHost, want)
			}
			if clusterService != nil && profile.OTLP.ClusterServiceHost != clusterService.GetName()+"."+clusterService.GetNamespace()+".svc" {
				t.Errorf("pods without a Collector on their node send to %s, but the Service is %s", profile.OTLP.ClusterServiceHost, clusterService.GetName())
			}
			if (clusterService == nil) != c.sidecars {
				t.Errorf("a Service for nodes without a Collector: %t, want one with a DaemonSet", clusterService != nil)
			}
			if (profile.OTLP.Endpoint == profiles.EndpointSidecar) != c.sidecars {
				t.Errorf("pods send to %q, want a sidecar: %t", profile.OTLP.Endpoint, c.sidecars)
			}
			pod, _ := podOf("", collector)
			for port, want := range map[string]int{"otlp-grpc": int(profile.OTLP.GRPCPort), "otlp-http": int(profile.OTLP.HTTPPort)} {
				i := slices.IndexFunc(pod.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool { return p.Name == port })
				got := pod.Spec.Containers[0].Ports[i]
				if c.sidecars && int(got.ContainerPort) != want || !c.sidecars && int(got.HostPort) != want {
					t.Errorf("%s is %+v, pods send to %d", port, got, want)
				}
				if pod.Spec.HostNetwork && got.HostPort != got.ContainerPort {
					t.Errorf("%s is %+v in the nodes' network", port, got)
				}
				for _, s := range []*unstructured.Unstructured{service, clusterService} {
					if s != nil && !strings.Contains(fmt.Sprint(s.Object["spec"]), fmt.Sprintf("port:%d targetPort:%s", want, port)) {
						t.Errorf("%s has no port %d: %v", s.GetName(), want, s.Object["spec"])
					}
				}
			}
		})
	}
}

// number returns a flag's value, or 0 without the flag.
func number(t *testing.T, text string) int32 {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int32(n)
}

// TestServiceFollowsKubernetes: before 1.35, Services cannot prefer the client's node.
func TestServiceFollowsKubernetes(t *testing.T) {
	for version, want := range map[string]string{
		"1.34.9-gke.1": "internalTrafficPolicy: Local", "v1.35.0-eks-1": "trafficDistribution: PreferSameNode",
	} {
		if !strings.Contains(render(t, "v4", "--values", presets(t)["aws"], "--kube-version", version), want) {
			t.Errorf("version %s: no %s", version, want)
		}
	}
}

// TestSovereignty checks the rules in the rendered filters of each site.
func TestSovereignty(t *testing.T) {
	var config struct {
		Exporters struct {
			Failover struct {
				Endpoints []struct {
					Name    string
					Filters []map[string]any
				}
			} `json:"otlp_failover"`
		}
	}
	for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)["gcp"]), "\n---\n") {
		if strings.Contains(document, "\n  collector.yaml: |") {
			data := decode(t, document).Object["data"].(map[string]any)
			if err := yaml.Unmarshal([]byte(data["collector.yaml"].(string)), &config); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := map[string][]map[string]any{}
	for _, endpoint := range config.Exporters.Failover.Endpoints {
		got[endpoint.Name] = endpoint.Filters
	}
	want := map[string][]map[string]any{
		"primary": {
			{"action": "drop", "attribute": "data.class", "values": []any{"personal"}},
			{"action": "drop", "signals": []any{"logs"}},
		},
		"backup": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRegionMemoryLimit checks the garbage collector's limit against the container's memory.
func TestRegionMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct{ set, limit, percent string }{
		"default":       {"", "429496729", "400"},
		"another limit": {"regional.resources.limits.memory=1.5G", "1200000000", "400"},
		"a number":      {"regional.resources.limits.memory=1000000000", "800000000", "400"},
		"no limit":      {"regional.resources.limits.memory=null", "", ""},
		"no resources":  {"regional.resources=null", "", ""},
		"user-defined":  {"regional.env[0].name=GOMEMLIMIT,regional.env[0].value=1GiB", "1GiB", "400"},
	} {
		t.Run(name, func(t *testing.T) {
			for document := range strings.SplitSeq(render(t, "v4", "--values", presets(t)["aws"], "--set", c.set), "\n---\n") {
				object := decode(t, document)
				if object.GetKind() != "DaemonSet" {
					continue
				}
				pod, _ := podOf(document, object)
				got := map[string]string{}
				for _, variable := range pod.Spec.Containers[0].Env {
					if _, twice := got[variable.Name]; twice {
						t.Errorf("%s is set twice", variable.Name)
					}
					got[variable.Name] = variable.Value
				}
				if got["GOMEMLIMIT"] != c.limit || got["GOGC"] != c.percent {
					t.Errorf("GOMEMLIMIT %q, GOGC %q, want %q, %q", got["GOMEMLIMIT"], got["GOGC"], c.limit, c.percent)
				}
				return
			}
			t.Fatal("no DaemonSet")
		})
	}
}
