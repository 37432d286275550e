package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/install"
)

const no = injector.Reason("") // not injected

// row is a namespace's label, a pod's annotation and label, and the expected reason.
type row struct {
	namespace, annotation, label string
	want                         injector.Reason
}

func testPrecedence(t *testing.T, s *stage) {
	s.testRows(t, "", []row{
		{"", "", "", no},
		{"", "", "true", injector.PodEnabled},
		{"", "", "false", no},
		{"", "true", "", injector.PodEnabled},
		{"", "true", "false", injector.PodEnabled},
		{"", "false", "true", no},
		{"", "yes", "", no},
		{"", "yes", "true", injector.PodEnabled},
		{"enabled", "", "", injector.NamespaceEnabled},
		{"enabled", "", "true", injector.PodEnabled},
		{"enabled", "", "false", no},
		{"enabled", "true", "false", injector.PodEnabled},
		{"enabled", "false", "", no},
		{"enabled", "false", "true", no},
		{"enabled", "yes", "", injector.NamespaceEnabled},
		{"disabled", "", "", no},
		{"disabled", "", "true", injector.PodEnabled},
		{"disabled", "true", "", injector.PodEnabled},
		{"disabled", "false", "true", no},
		{"disabled", "true", "false", injector.PodEnabled},
	})
}

// testInjectedByDefault upgrades to injectByDefault and checks which pods are injected.
func testInjectedByDefault(t *testing.T, s *stage) {
	s.upgrade(t, "injector: {injectByDefault: true}")
	s.awaitReplicas(t) // a terminating replica of the old version would still report the old reason
	s.testRows(t, "-by-default", []row{
		{"", "", "", injector.DefaultEnabled},
		{"", "", "false", no},
		{"", "false", "", no},
		{"", "true", "", injector.PodEnabled},
		{"enabled", "", "", injector.NamespaceEnabled},
		{"disabled", "", "", no},
		{"disabled", "true", "", injector.PodEnabled},
		{"disabled", "", "true", injector.PodEnabled},
	})
	for _, namespace := range []string{metav1.NamespaceSystem, install.Namespace} {
		if made, _ := s.mustDryRun(t, allowed(pod(namespace, nil, nil))); status(t, made) != nil {
			t.Errorf("a pod in %s was injected", namespace)
		}
	}
}

func (s *stage) testRows(t *testing.T, suffix string, rows []row) {
	names := map[string]string{"": "silent" + suffix, "enabled": "enabled" + suffix, "disabled": "disabled" + suffix}
	for label, name := range names {
		var labels map[string]string
		if label != "" {
			labels = map[string]string{injector.InjectionLabel: label}
		}
		s.namespace(t, name, labels, nil)
	}
	for _, r := range rows {
		t.Run(fmt.Sprintf("namespace %q annotation %q label %q", r.namespace, r.annotation, r.label), func(t *testing.T) {
			made, _ := s.mustDryRun(t, pod(names[r.namespace], choice(r.label), choice(r.annotation)))
			got := no
			if st := status(t, made); st != nil {
				got = st.Reason
			}
			if got != r.want {
				t.Errorf("injected for reason %q, want %q", got, r.want)
			}
			if injected := variable(made, "CLOUD_PROVIDER") != ""; injected != (r.want != no) {
				t.Errorf("the pod has Telepod's variables: %t, want %t", injected, r.want != no)
			}
		})
	}
}

// choice returns a label or annotation that selects injection; nil for "".
func choice(value string) map[string]string {
	if value == "" {
		return nil
	}
	return map[string]string{injector.InjectKey: value}
}

// allowed makes a pod comply with PodSecurity restricted.
func allowed(p *corev1.Pod) *corev1.Pod {
	p.Spec.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot:   new(true),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	return p
}

// testPodsWithoutWebhookCalls checks that the API server itself excludes pods that Telepod must not see.
func testPodsWithoutWebhookCalls(t *testing.T, s *stage) {
	count := func() (n float64) {
		eventually(t, func(ctx context.Context) (err error) {
			n, err = s.metric(ctx, "telepod_admissions_total")
			return err
		})
		return n
	}
	optIn := map[string]string{injector.InjectKey: "true"}
	before := count()
	for name, p := range map[string]*corev1.Pod{
		"silent":                 pod("silent", nil, nil),
		"opted out by pod":       pod("enabled", nil, choice("false")),
		"opted out by label":     pod("enabled", choice("false"), nil),
		"opted out by namespace": pod("disabled", nil, nil),
		"kube-system":            pod(metav1.NamespaceSystem, optIn, optIn),
		"Telepod's own":          allowed(pod(install.Namespace, optIn, optIn)),
	} {
		if made, _ := s.mustDryRun(t, p); status(t, made) != nil {
			t.Errorf("%s: injected", name)
		}
	}
	if after := count(); after != before {
		t.Errorf("the webhook was called %.0f times", after-before)
	}
	s.mustDryRun(t, pod("enabled", nil, nil))
	if after := count(); after != before+1 {
		t.Errorf("a pod that opts in was counted %.0f times: the check is ineffective", after-before)
	}
}
