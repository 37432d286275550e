package injector

import "testing"

// TestDecide checks the truth table above Decide, row by row, each against the rows below it.
func TestDecide(t *testing.T) {
	policy := func(byDefault bool) Policy {
		return Policy{InjectByDefault: byDefault, ProtectedNamespaces: []string{"kube-system", "telepod"}}
	}
	type values = map[string]string
	pod := func(annotation, label string) Metadata {
		m := Metadata{Annotations: values{}, Labels: values{}}
		if annotation != "" {
			m.Annotations[InjectKey] = annotation
		}
		if label != "" {
			m.Labels[InjectKey] = label
		}
		return m
	}
	with := func(m Metadata, key string) Metadata {
		m.Annotations[key] = "x"
		return m
	}
	for _, c := range []struct {
		name      string
		meta      Metadata
		namespace string
		label     string // of the namespace
		byDefault bool
		want      Reason
		inject    bool
		warnings  int
	}{
		{"protected beats all", pod("true", "true"), "kube-system", "enabled", true, ProtectedNamespace, false, 0},
		{"own namespace", pod("true", ""), "telepod", "", true, ProtectedNamespace, false, 0},
		{"mirror beats annotation", with(pod("true", ""), mirrorAnnotation), "shop", "enabled", true, MirrorPod, false, 0},
		{"injected before", with(pod("true", ""), StatusAnnotation), "shop", "enabled", true, AlreadyInjected, false, 0},
		{"annotation false beats label true", pod("false", "true"), "shop", "enabled", true, PodDisabled, false, 0},
		{"annotation true beats label false", pod("true", "false"), "shop", "disabled", false, PodEnabled, true, 0},
		{"label false beats namespace", pod("", "false"), "shop", "enabled", true, PodDisabled, false, 0},
		{"label true beats namespace", pod("", "true"), "shop", "disabled", false, PodEnabled, true, 0},
		{"namespace disabled beats default", pod("", ""), "shop", "disabled", true, NamespaceDisabled, false, 0},
		{"namespace enabled beats default", pod("", ""), "shop", "enabled", false, NamespaceEnabled, true, 0},
		{"default on", pod("", ""), "shop", "", true, DefaultEnabled, true, 0},
		{"default off", pod("", ""), "shop", "", false, DefaultDisabled, false, 0},
		{"invalid annotation falls to the label", pod("yes", "true"), "shop", "", false, PodEnabled, true, 1},
		{"all invalid fall to the default", pod("yes", "no"), "shop", "on", false, DefaultDisabled, false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			ns := Namespace{Name: c.namespace, Labels: values{}}
			if c.label != "" {
				ns.Labels[InjectionLabel] = c.label
			}
			got, warnings := Decide(&Pod{Metadata: c.meta}, ns, policy(c.byDefault))
			if got.Reason != c.want || got.Inject != c.inject || len(warnings) != c.warnings {
				t.Errorf("got %+v with warnings %v, want %s %t with %d", got, warnings, c.want, c.inject, c.warnings)
			}
		})
	}
}

// TestReasons checks that every code appears once, with a sentence.
func TestReasons(t *testing.T) {
	seen := map[Reason]bool{}
	for _, r := range Reasons() {
		if seen[r.Reason] || r.Text == "" || r.Reason.Text() != r.Text {
			t.Errorf("reason %s is listed twice or has no sentence", r.Reason)
		}
		seen[r.Reason] = true
	}
}
