package injector

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/document"
)

// expand implements Kubernetes' rule for $(NAME) from its documentation (core/v1 EnvVar.value), deliberately
// without scan: $$ becomes $, and $(NAME) is replaced if NAME is defined, else left as it is.
func expand(s string, defined map[string]string) string {
	var out strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$$"):
			out.WriteByte('$')
			s = s[2:]
		case strings.HasPrefix(s, "$(") && strings.Contains(s, ")"):
			end := strings.Index(s, ")")
			if value, ok := defined[s[2:end]]; ok {
				out.WriteString(value)
			} else {
				out.WriteString(s[:end+1])
			}
			s = s[end+1:]
		default:
			out.WriteByte(s[0])
			s = s[1:]
		}
	}
	return out.String()
}

// environ returns the environment of a container's process. The list is evaluated from front to back, and the
// last entry of a name wins.
func environ(list []corev1.EnvVar) map[string]string {
	env := map[string]string{}
	for _, v := range list {
		if v.ValueFrom != nil {
			env[v.Name] = "sourced:" + v.Name
		} else {
			env[v.Name] = expand(v.Value, env)
		}
	}
	return env
}

// randomEnv returns a user's list with the relevant names in any order, with references to earlier, later and
// unknown variables, and with duplicates.
func randomEnv(r *rand.Rand) []corev1.EnvVar {
	names := []string{"A", "B", "CLOUD_REGION", "K8S_NODE_IP", "K8S_POD_NAME", "K8S_NAMESPACE", "K8S_CONTAINER_NAME", otelEndpoint, otelProtocol,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", otelServiceName, otelResourceAttributes, otelPropagators}
	pick := func() string { return names[r.IntN(len(names))] }
	values := []func() string{
		func() string { return "x" },
		func() string { return "" },
		func() string { return "$(" + pick() + ")" },
		func() string { return "a=b,service.name=$(" + pick() + ")" },
		func() string { return "cloud.region=mars" },
		func() string { return "$$(A) $$$(B) $(" },
		func() string { return profiles.ProtocolGRPC },
		func() string { return profiles.ProtocolHTTP },
	}
	var list []corev1.EnvVar
	for range r.IntN(8) {
		v := corev1.EnvVar{Name: pick()}
		if r.IntN(4) == 0 {
			v.ValueFrom = &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}
		} else {
			v.Value = values[r.IntN(len(values))]()
		}
		list = append(list, v)
	}
	return list
}

// TestEnvironmentProperties checks invariants for many random containers.
func TestEnvironmentProperties(t *testing.T) {
	set, err := profiles.Load(facts)
	if err != nil {
		t.Fatal(err)
	}
	in, err := New(set, defaults())
	if err != nil {
		t.Fatal(err)
	}
	containers := uint64(3000)
	if testing.Short() {
		containers = 500
	}
	for seed := range containers {
		r := rand.New(rand.NewPCG(seed, 1))
		user := randomEnv(r)
		annotations := map[string]string{InjectKey: "true"}
		if r.IntN(5) == 0 {
			annotations[ExcludeVariablesAnnotation] = []string{"K8S_NODE_IP", "CLOUD_*", "OTEL_SERVICE_NAME,K8S_NAMESPACE", otelResourceAttributes}[r.IntN(4)]
		}
		pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "web:1", Env: user}}}}
		pod.Name, pod.Annotations = "p", annotations
		raw, err := json.Marshal(pod)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ParsePod(raw)
		if err != nil {
			t.Fatal(err)
		}
		plan := in.Plan(Request{Pod: parsed, Namespace: Namespace{Name: "shop"}})
		patched := document.Patch(t, raw, plan.AppendPatch(nil, ""))
		compareViews(t, plan, raw, patched)
		var after corev1.Pod
		if err := json.Unmarshal(patched, &after); err != nil {
			t.Fatal(err)
		}
		if problem := compareEnvironments(user, after.Spec.Containers[0].Env); problem != "" {
			t.Fatalf("seed %d: %s\nuser: %v\nplan: %s", seed, problem, user, explain(plan))
		}
	}
}

func compareEnvironments(before, after []corev1.EnvVar) string {
	before = slices.Clone(before)
	own, injected := map[string]bool{}, map[string]bool{}
	for _, v := range before {
		own[v.Name] = true
	}
	// All of the user's entries must remain, in their order, with their values.
	next := 0
	for _, v := range after {
		if next < len(before) && v.Name == before[next].Name {
			if v.Name == otelResourceAttributes && strings.HasSuffix(v.Value, before[next].Value) {
				before[next].Value = v.Value // completed: references to it see the new value too
			}
			if diff := cmp.Diff(before[next], v); diff != "" {
				return "the user's entry changed: " + diff
			}
			next++
			continue
		}
		if own[v.Name] || injected[v.Name] {
			return v.Name + " is set twice"
		}
		injected[v.Name] = true
	}
	if next != len(before) {
		return "one of the user's entries is missing or has moved"
	}
	was, is := environ(before), environ(after)
	for name := range own {
		// One of the user's unresolved references may now be resolved; nothing else may change.
		if was[name] != is[name] && !strings.Contains(was[name], "$(") && !strings.Contains(was[name], "sourced:") {
			return fmt.Sprintf("%s was %q and is %q", name, was[name], is[name])
		}
	}
	for name := range injected {
		if strings.Contains(is[name], "$(") {
			// Allowed only if it comes from the user's own variable.
			if !strings.Contains(fmt.Sprint(was), "$(") {
				return name + " has an unresolved reference: " + is[name]
			}
		}
	}
	return destinations(own, injected, is)
}

// destinations checks that after injection every signal has an endpoint and a protocol that match, and that no
// signal that the user configured is sent elsewhere.
func destinations(own, injected map[string]bool, is map[string]string) string {
	if injected[otelProtocol] && !injected[otelEndpoint] || injected[otelEndpoint] && !injected[otelProtocol] && !own[otelProtocol] {
		return "only one of endpoint and protocol is injected"
	}
	general := signal{endpoint: otelEndpoint, protocol: otelProtocol}
	all := signals()
	for _, s := range append(all[:3:3], general) {
		endpoint, protocol := s.endpoint, s.protocol
		if injected[otelProtocol] && own[endpoint] && !own[protocol] {
			return "the general protocol changes that of " + endpoint
		}
		spoken := is[protocol]
		if !own[protocol] {
			spoken = is[otelProtocol]
		}
		target := endpoint
		if !own[endpoint] && !injected[endpoint] {
			target = otelEndpoint
		}
		if known := []string{"", profiles.ProtocolGRPC, profiles.ProtocolHTTP}; !injected[target] || !slices.Contains(known, spoken) && s != general {
			continue // no endpoint matches an unknown protocol; the signal had no destination before either
		}
		port := ":4318"
		if spoken == profiles.ProtocolGRPC {
			port = ":4317"
		}
		if !strings.Contains(is[target], port) || injected[endpoint] && strings.HasSuffix(is[endpoint], s.path) != (port == ":4318") && s != general {
			return fmt.Sprintf("%s is %q, but the signal's protocol is %q", target, is[target], spoken)
		}
	}
	return ""
}

// TestEscape checks that Kubernetes expands escaped text to the original.
func TestEscape(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 20000 {
		b := make([]byte, r.IntN(9))
		for i := range b {
			b[i] = "$$()A"[r.IntN(5)]
		}
		s := string(b)
		if got := expand(escape(s), map[string]string{"A": "!", "": "!"}); got != s {
			t.Fatalf("%q became %q through %q", s, got, escape(s))
		}
	}
}

// FuzzPlan checks for any pod that planning does not panic, that the patch applies, and that it makes the same
// change as the edits.
func FuzzPlan(f *testing.F) {
	set, err := profiles.Load(facts)
	if err != nil {
		f.Fatal(err)
	}
	in, err := New(set, defaults())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"metadata":{"name":"p","annotations":{"telepod.dev/sidecar":"true"}},"spec":{"initContainers":[{"name":"i"}],"containers":[{"name":"a","env":[{"name":"X","value":"$(Y)"}]}]}}`)
	f.Add(`{"spec":{"containers":[{"env":[]},{"env":null}]}}`)
	f.Add(`{"metadata":{"annotations":{"telepod.dev/exclude-variables":"K8S_*","telepod.dev/endpoint":"http://[::1]:4317"}},"spec":{"containers":[{"env":[{"value":"a=b","name":"OTEL_RESOURCE_ATTRIBUTES"}]}]}}`)
	f.Fuzz(func(t *testing.T, raw string) {
		pod, err := ParsePod([]byte(raw))
		if err != nil {
			return
		}
		plan := in.Plan(Request{Pod: pod, Namespace: Namespace{Name: "shop", Labels: map[string]string{InjectionLabel: "enabled"}}})
		explain(plan)
		if !json.Valid([]byte(raw)) {
			return // the webhook never receives it; lenient parsing may accept it
		}
		compareViews(t, plan, []byte(raw), document.Patch(t, []byte(raw), plan.AppendPatch(nil, "")))
	})
}
