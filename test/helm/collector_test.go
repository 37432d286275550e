package helm_test

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

// TestCollectorConfigurations validates every rendered configuration with the real Collector, merged with the user's.
func TestCollectorConfigurations(t *testing.T) {
	program, err := collector.Program(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := collector.Run{Program: program, Env: collectorEnv(t)}
	values := presets(t)
	maps.Copy(values, examples(t))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		documents := render(t, "v4", "--values", values[name])
		for document := range strings.SplitSeq(documents, "\n---\n") {
			if !strings.Contains(document, "\n  collector.yaml: |") {
				continue
			}
			object := decode(t, document)
			t.Run(name+"/"+object.GetName(), func(t *testing.T) {
				run.Configs = writeConfigurations(t, object.Object["data"].(map[string]any))
				run := run
				run.Env = append(slices.Clip(run.Env), destinationEnv(document)...)
				if err := collector.Validate(t.Context(), run); err != nil {
					t.Errorf("%v:\n%s", err, document)
				}
			})
		}
	}
}

// writeConfigurations writes the files of a ConfigMap as the Collector gets them, except for settings that need a node.
func writeConfigurations(t *testing.T, data map[string]any) []string {
	t.Helper()
	text := data["collector.yaml"].(string)
	directory := t.TempDir()
	configs := []string{filepath.Join(directory, "collector.yaml")}
	write(t, configs[0], text)
	if mine, found := data["yours.yaml"]; found {
		configs = append(configs, filepath.Join(directory, "yours.yaml"))
		write(t, configs[1], mine.(string))
	}
	if strings.Contains(text, "\n  host_metrics:") {
		configs = append(configs, "yaml:receivers::host_metrics::root_path: /", "yaml:receivers::kubeletstats::auth_type: none")
	}
	return configs
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// collectorEnv returns a pod's environment: the variables that the chart, Kubernetes and the cloud set.
func collectorEnv(t *testing.T) []string {
	t.Helper()
	api := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(api.Close)
	host, port, err := net.SplitHostPort(strings.TrimPrefix(api.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"K8S_NODE_NAME=node", "K8S_NODE_IP=127.0.0.1", "K8S_POD_NAME=pod", "K8S_POD_IP=127.0.0.1",
		"CLOUD_REGION=us-east-1", "QUEUE_DIR=" + t.TempDir(), "TLS_DIR=" + t.TempDir(),
		"APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=0",
		"AWS_ACCESS_KEY_ID=id", "AWS_SECRET_ACCESS_KEY=key", "AWS_EC2_METADATA_DISABLED=true",
		"AZURE_TENANT_ID=tenant", "AZURE_CLIENT_ID=client", "AZURE_FEDERATED_TOKEN_FILE=/token",
		"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port,
	}
}

// destinationEnv returns the variables that a pod gets from Secrets of destinations.
func destinationEnv(document string) (env []string) {
	for _, part := range strings.Split(document, "${env:DESTINATION_")[1:] {
		name, _, _ := strings.Cut(part, "}")
		value := "secret"
		if strings.HasSuffix(name, "_CONNECTION_STRING") {
			value = "AccountName=a;AccountKey=Zm9v;EndpointSuffix=core.windows.net"
		}
		env = append(env, "DESTINATION_"+name+"="+value)
	}
	return env
}

// TestConfigurationsUseDefinedVariables checks that pods define the variables that their configuration uses: an
// unset variable stops the Collector, or is empty.
func TestConfigurationsUseDefinedVariables(t *testing.T) {
	for name, values := range presets(t) {
		used, defined := map[string][]string{}, map[string][]string{}
		for document := range strings.SplitSeq(render(t, "v4", "--values", values), "\n---\n") {
			object := decode(t, document)
			if data, ok := object.Object["data"].(map[string]any); ok && data["collector.yaml"] != nil {
				for _, part := range strings.Split(data["collector.yaml"].(string), "${env:")[1:] {
					if variable, _, _ := strings.Cut(part, "}"); !strings.Contains(variable, ":-") {
						used[object.GetName()] = append(used[object.GetName()], variable)
					}
				}
			}
			if pod, ok := podOf(document, object); ok {
				for _, variable := range pod.Spec.Containers[0].Env {
					defined[object.GetName()] = append(defined[object.GetName()], variable.Name)
				}
			}
		}
		for collector, variables := range used {
			for _, variable := range variables {
				if !slices.Contains(defined[collector], variable) {
					t.Errorf("preset %s: %s uses %s, which its pods do not define", name, collector, variable)
				}
			}
		}
	}
}

// TestRolloutOnChangedConfiguration: a Collector does not reload its configuration, so a change must replace pods.
func TestRolloutOnChangedConfiguration(t *testing.T) {
	for preset, set := range map[string]string{
		"aws":            "regional.queue.megabytes=100",
		"region-all":     "regional.config.exporters.debug.verbosity=normal",
		"central":        "central.config.exporters.debug.verbosity=normal",
		"central-scaled": "central.sampling.keepPercent=2",
	} {
		sum := func(args ...string) string {
			documents := render(t, "v4", append([]string{"--values", presets(t)[preset]}, args...)...)
			var sums []string
			for line := range strings.Lines(documents) {
				if _, sum, found := strings.Cut(line, "checksum/config: "); found {
					sums = append(sums, strings.TrimSpace(sum))
				}
			}
			return fmt.Sprint(sums)
		}
		if before, after := sum(), sum("--set", set); before == after || before == "[]" {
			t.Errorf("%s: %s does not change the pods: %s", preset, set, after)
		}
	}
}

// TestCollectorImage: regions, sites and sidecars run the same image, from this release.
func TestCollectorImage(t *testing.T) {
	image, err := install.CollectorImage()
	if err != nil {
		t.Fatal(err)
	}
	if documents := render(t, "v4", "--values", presets(t)["aws"]); !strings.Contains(documents, "image: "+image+"\n") {
		t.Errorf("the chart does not run %s, the sidecar's image of the built-in profiles", image)
	}
}
