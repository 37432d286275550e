package helm_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// settingValue is an annotation that policy and injector must judge the same way.
type settingValue struct {
	key, text string
	good      bool
}

// settingValues has valid and invalid values of every annotation.
func settingValues() []settingValue {
	digest := "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	cases := map[string]struct{ good, bad []string }{
		"inject":                 {[]string{"false"}, []string{"yes", "TRUE", ""}},
		"profile":                {[]string{"aws", "base", " gcp "}, []string{"awss", "AWS"}},
		"containers":             {[]string{"app", "app, web-1,", ""}, []string{"App", "app;web"}},
		"exclude-containers":     {[]string{"app", "app,web-1"}, []string{"a_b"}},
		"exclude-variables":      {[]string{"CLOUD_*", "A, B", "[A-C]?", `A\[`}, []string{"[A", `A\`}},
		"endpoint":               {[]string{"node", "service", "sidecar", "http://c:4317", "HTTPS://[fd00::1]:4318/v1/x"}, []string{"nod", "collector:4317", "grpc://c", "http://", "http://u@c", "http://c/?x"}},
		"protocol":               {[]string{"grpc", "http/protobuf"}, []string{"http", "http/json"}},
		"sidecar":                {[]string{"true", "false"}, []string{"on"}},
		"repair":                 {[]string{"true", "false"}, []string{"off"}},
		"sidecar-image":          {[]string{"a/b:1", "host:5000/a/b" + digest, "otel/opentelemetry-collector-contrib:0.145.0"}, []string{"a b", ":1", ""}},
		"sidecar-cpu-request":    {[]string{"50m", "1", "0.5"}, []string{"0", "50 m", "-1", "half"}},
		"sidecar-cpu-limit":      {[]string{"1500m", "2e3"}, []string{"0m"}},
		"sidecar-memory-request": {[]string{"64Mi", "1G"}, []string{"64MB", "64mi"}},
		"sidecar-memory-limit":   {[]string{"128Mi", "1e9"}, []string{"0Mi"}},
	}
	var all []settingValue
	for key, values := range cases {
		for _, text := range values.good {
			all = append(all, settingValue{injector.Domain + key, text, true})
		}
		for _, text := range values.bad {
			all = append(all, settingValue{injector.Domain + key, text, false})
		}
	}
	return all
}

// TestInjectorAndPolicyAgree checks the same values with the injector itself.
func TestInjectorAndPolicyAgree(t *testing.T) {
	set, err := profiles.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	in, err := injector.New(set, injector.Options{DefaultProfile: "base", Policy: injector.Policy{InjectByDefault: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range settingValues() {
		raw, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"annotations": map[string]string{v.key: v.text}},
			"spec":     map[string]any{"containers": []map[string]string{{"name": "app"}, {"name": "web-1"}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		pod, err := injector.ParsePod(raw)
		if err != nil {
			t.Fatal(err)
		}
		warned := slices.ContainsFunc(in.Plan(injector.Request{Pod: pod}).Warnings, func(w injector.Warning) bool {
			return w.Key == v.key && w.Reason != injector.Contradiction
		})
		if warned == v.good {
			t.Errorf("%s: %q: the injector warns: %t, the policy: %t", v.key, v.text, warned, !v.good)
		}
	}
}

// TestPolicyCoversEveryAnnotation checks that the validating policy covers the injector's annotations.
func TestPolicyCoversEveryAnnotation(t *testing.T) {
	var known []string
	for line := range strings.Lines(render(t, "v4", "--values", presets(t)["aws"])) {
		if key, rest, found := strings.Cut(strings.TrimSpace(line), ": "); found && strings.HasPrefix(rest, "{'pattern': ") {
			known = append(known, strings.Trim(key, "'"))
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(injector.Annotations())), known); diff != "" {
		t.Errorf("annotations (-injector +policy):\n%s", diff)
	}
}
