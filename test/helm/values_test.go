package helm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestPodValues checks that each part applies the values in charts/values-shared.yaml, and that samplers override central.
func TestPodValues(t *testing.T) {
	for _, object := range objects(t, "--values", presets(t)["pod-values"]) {
		pod, ok := podOf("", object)
		if !ok || object.GetName() == "telepod-test" {
			continue
		}
		t.Run(object.GetName(), func(t *testing.T) {
			switch object.GetName() {
			case "telepod-central":
				checkCentral(t, object, pod)
			case "telepod-sampler":
				if pod.Spec.NodeSelector["example.com/pool"] != "samplers" || pod.Labels["example.com/tier"] != "sampler" {
					t.Errorf("node selector %v, labels %v, want those of central.sampler", pod.Spec.NodeSelector, pod.Labels)
				}
				if limit := pod.Spec.Containers[0].Resources.Limits.Memory().String(); limit != "8Gi" {
					t.Errorf("memory %s, want central.sampler's", limit)
				}
			default:
				checkEveryValue(t, pod)
			}
			checkReplicas(t, object)
		})
	}
}

// checkEveryValue checks a pod of injector or regional against the preset, which sets every value.
func checkEveryValue(t *testing.T, pod *corev1.Pod) {
	spec, container := pod.Spec, pod.Spec.Containers[0]
	terms := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	spread := spec.TopologySpreadConstraints
	for what, ok := range map[string]bool{
		"label":                   pod.Labels["example.com/team"] == "platform",
		"annotation":              pod.Annotations["example.com/reload"] == "1",
		"container's context":     container.SecurityContext.ReadOnlyRootFilesystem == nil,
		"envFrom":                 container.EnvFrom[0].ConfigMapRef.Name == "proxy",
		"volume":                  slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == "scratch" }),
		"mount":                   slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/scratch" }),
		"init container":          spec.InitContainers[0].Name == "wait",
		"container":               spec.Containers[1].Name == "proxy",
		"hook":                    container.Lifecycle.PreStop.Sleep.Seconds == 7,
		"affinity":                len(terms) == 1 && terms[0].MatchExpressions[0].Key == "example.com/pool",
		"spread":                  len(spread) == 1 && spread[0].TopologyKey == "example.com/rack" && spread[0].MaxSkew == 1,
		"spread's selector":       spread[0].LabelSelector.MatchLabels["app.kubernetes.io/component"] == pod.Labels["app.kubernetes.io/component"],
		"runtime class":           *spec.RuntimeClassName == "gvisor",
		"DNS":                     spec.DNSPolicy == corev1.DNSNone && spec.DNSConfig.Nameservers[0] == "192.0.2.53",
		"grace period":            *spec.TerminationGracePeriodSeconds == 120,
		"common label of the pod": pod.Labels["example.com/cost-center"] == "42",
	} {
		if !ok {
			t.Errorf("%s does not match the values", what)
		}
	}
	if pod.Name == "telepod-collector" {
		if spec.ServiceAccountName != "node-collector" || *spec.SecurityContext.RunAsUser != 10777 || spec.InitContainers[1].Args[1] != "--user=10777" {
			t.Errorf("ServiceAccount %q, user %d, queue for %q", spec.ServiceAccountName, *spec.SecurityContext.RunAsUser, spec.InitContainers[1].Args)
		}
		if len(terms[0].MatchExpressions) != 3 {
			t.Errorf("with a user-defined affinity, the DaemonSet could run on Fargate: %v", terms)
		}
	}
}

// checkCentral checks that a pod keeps serving while load balancers remove it.
func checkCentral(t *testing.T, object *unstructured.Unstructured, pod *corev1.Pod) {
	if seconds := pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds; seconds != 45 {
		t.Errorf("serves for %d seconds before the shutdown, want 45", seconds)
	}
	if grace := *pod.Spec.TerminationGracePeriodSeconds; grace != 10+50+45 {
		t.Errorf("grace period %d, want the sum of the sampling decision, 50 and the drain", grace)
	}
	if ready, _, _ := unstructured.NestedFloat64(object.Object, "spec", "minReadySeconds"); ready != 10 {
		t.Errorf("minReadySeconds %v, want 10", ready)
	}
}

// checkReplicas checks that replicas are unset if an autoscaler is enabled.
func checkReplicas(t *testing.T, object *unstructured.Unstructured) {
	_, found, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "replicas")
	if want := object.GetName() == "telepod-sampler"; found != want {
		t.Errorf("replicas are set: %t, want %t", found, want)
	}
}

// TestCommonMetadata checks for the common labels and annotations on every object of every preset.
func TestCommonMetadata(t *testing.T) {
	for name, values := range presets(t) {
		for _, object := range objects(t, "--values", values, "--set", "commonLabels.example\\.com/of=all,commonAnnotations.example\\.com/by=all") {
			if object.GetLabels()["example.com/of"] == "extra" {
				continue // a user-defined object
			}
			if object.GetLabels()["example.com/of"] != "all" || object.GetAnnotations()["example.com/by"] != "all" {
				t.Errorf("%s: %s %s has labels %v and annotations %v", name, object.GetKind(), object.GetName(), object.GetLabels(), object.GetAnnotations())
			}
		}
	}
}

// TestReporterReachesDestinations: the reporter has the region's identity, proxy and tolerations, and its own memory.
func TestReporterReachesDestinations(t *testing.T) {
	const identity = "00000000-0000-0000-0000-000000000003"
	for _, object := range objects(t, "--values", presets(t)["cluster-report"]) {
		if object.GetName() != "telepod-reporter" {
			continue
		}
		if object.GetKind() == "ServiceAccount" && object.GetAnnotations()["azure.workload.identity/client-id"] != identity {
			t.Errorf("the ServiceAccount has annotations %v, want the region's identity", object.GetAnnotations())
		}
		pod, ok := podOf("", object)
		if !ok {
			continue
		}
		if pod.Labels["azure.workload.identity/use"] != "true" || len(pod.Spec.Tolerations) != 1 {
			t.Errorf("labels %v, tolerations %v, want the region's", pod.Labels, pod.Spec.Tolerations)
		}
		got := map[string]string{}
		for _, variable := range pod.Spec.Containers[0].Env {
			got[variable.Name] = variable.Value
		}
		if got["HTTPS_PROXY"] != "http://proxy.network:3128" || got["GOMEMLIMIT"] != "429496729" {
			t.Errorf("HTTPS_PROXY %q, GOMEMLIMIT %q, want the region's proxy and 80 %% of the reporter's memory", got["HTTPS_PROXY"], got["GOMEMLIMIT"])
		}
	}
}

// TestSecurityContextsAreReplaced: OpenShift refuses a pod that sets a user itself.
func TestSecurityContextsAreReplaced(t *testing.T) {
	documents := render(t, "v4", "--values", examples(t)["values-openshift-gateway"], "--set",
		"injector.repair.enabled=true,drill.schedule=@daily,regional.events=true,profiles.shop.inherits=aws,injector.checkProfiles=true")
	for _, name := range []string{"telepod-repair", "telepod-drill", "telepod-test", "telepod-reporter", "telepod-injector-profiles-check", "telepod-collector"} {
		if !strings.Contains(documents, "\n  name: "+name+"\n") {
			t.Errorf("no %s in the render: the check is ineffective", name)
		}
	}
	for line := range strings.Lines(documents) {
		if key, _, _ := strings.Cut(strings.TrimSpace(line), ":"); key == "runAsUser" || key == "runAsGroup" || key == "fsGroup" {
			t.Errorf("a pod has %s", strings.TrimSpace(line))
		}
	}
}

// TestNewVersionReplacesNoPod renders two versions of the chart with the same images: the pods must be equal.
func TestNewVersionReplacesNoPod(t *testing.T) {
	next := filepath.Join(t.TempDir(), "telepod")
	if out, err := exec.CommandContext(t.Context(), "cp", "-r", chart(t), next).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file := filepath.Join(next, "Chart.yaml")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if key, _, _ := strings.Cut(line, ":"); key == "version" || key == "appVersion" {
			line = key + ": 99.0.0\n"
		}
		lines = append(lines, line)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, values := range presets(t) {
		args := []string{"--values", values, "--set", "injector.image.tag=pinned,collector.image.tag=pinned,drill.image.tag=pinned"}
		before, err := template(t, "v4", args...)
		if err != nil {
			t.Fatal(err)
		}
		after, err := program(t, "v4").Run(t.Context(), append([]string{"template", "telepod", next, "--namespace", "telepod", "--kube-version", newest}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		if len(podsOf(t, after)) > 0 && !strings.Contains(after, "telepod-99.0.0") {
			t.Fatalf("%s: no object has the new version", name)
		}
		if diff := cmp.Diff(podsOf(t, before), podsOf(t, after)); diff != "" {
			t.Errorf("%s: a new version of the chart changes pods (-old +new):\n%s", name, diff)
		}
	}
}

// podsOf returns the workloads' pod templates by kind and name.
func podsOf(t *testing.T, rendered string) map[string]any {
	t.Helper()
	pods := map[string]any{}
	for document := range strings.SplitSeq("\n"+rendered, "\n---\n") {
		object := decode(t, document)
		path := []string{"spec", "template"}
		if object.GetKind() == "CronJob" {
			path = []string{"spec", "jobTemplate"}
		}
		if template, found, _ := unstructured.NestedFieldNoCopy(object.Object, path...); found {
			pods[object.GetKind()+" "+object.GetName()] = template
		}
	}
	return pods
}

// objects renders the chart with Helm 4.
func objects(t *testing.T, args ...string) []*unstructured.Unstructured {
	t.Helper()
	var all []*unstructured.Unstructured
	for document := range strings.SplitSeq(render(t, "v4", args...), "\n---\n") {
		if object := decode(t, document); len(object.Object) > 0 {
			all = append(all, object)
		}
	}
	return all
}
