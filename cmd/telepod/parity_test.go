package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"
)

// TestInjectorFixtures runs the fixtures of package injector through the command line: `telepod inject` must
// print the same pods that the webhook's planner produces. It skips fixtures with options or ConfigMaps.
func TestInjectorFixtures(t *testing.T) {
	paths, err := filepath.Glob("../../injector/testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, path := range paths {
		sections := map[string][]byte{}
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range archive.Files {
			sections[s.Name] = s.Data
		}
		if sections["options.yaml"] != nil || sections["configmaps.yaml"] != nil {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			input := append(namespaceManifest(t, sections["namespace.yaml"]), configMapManifests(t, sections["configmaps.yaml"])...)
			input = append(append(input, podHead(sections["pod.yaml"])...), sections["pod.yaml"]...)
			got, _ := inject(t, input, "inject", "-f", "-", "--assume-opted-in=false", "--profile", "aws", "--region", "us-east-1",
				"--account", "123456789012", "--cluster", "prod-use1", "--environment", "production")
			pod := got[strings.LastIndex(got, "\n---\n")+len("\n---\n"):]
			pod = strings.TrimPrefix(pod, podHead(sections["pod.yaml"]))
			pod = contentHash.ReplaceAllString(pod, `"hash${1}:${1}HASH`)
			if diff := cmp.Diff(decoded(t, sections["want.yaml"]), decoded(t, []byte(pod))); diff != "" {
				t.Errorf("(-planner +command line):\n%s", diff)
			}
		})
	}
}

// namespaceManifest returns a fixture's namespace as a YAML document.
func namespaceManifest(t *testing.T, section []byte) []byte {
	t.Helper()
	ns := struct {
		Name                string
		Labels, Annotations map[string]string
	}{Name: "shop", Labels: map[string]string{"telepod.dev/injection": "enabled"}}
	if section != nil {
		ns.Labels = nil
		if err := yaml.Unmarshal(section, &ns); err != nil {
			t.Fatal(err)
		}
	}
	object, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": ns.Name, "labels": ns.Labels, "annotations": ns.Annotations}})
	if err != nil {
		t.Fatal(err)
	}
	return append(object, "\n---\n"...)
}

// podHead returns the lines that a fixture's pod lacks to be a manifest; empty if it is complete.
func podHead(pod []byte) string {
	if bytes.Contains(pod, []byte("kind: Pod")) {
		return ""
	}
	return "apiVersion: v1\nkind: Pod\n"
}

// configMapManifests returns the ConfigMaps of a fixture, which lists only their keys.
func configMapManifests(t *testing.T, section []byte) []byte {
	t.Helper()
	all := map[string][]string{}
	if err := yaml.Unmarshal(section, &all); err != nil {
		t.Fatal(err)
	}
	var text []byte
	for name, keys := range all {
		data := map[string]string{}
		for _, key := range keys {
			data[key] = "x"
		}
		object, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap",
			"metadata": map[string]string{"name": name, "namespace": "shop"}, "data": data})
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, object...), "\n---\n"...)
	}
	return text
}

func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
