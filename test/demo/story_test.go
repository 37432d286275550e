package main

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/report"
)

func TestTraceIsComplete(t *testing.T) {
	for name, c := range map[string]struct {
		spans []report.Span
		want  bool
	}{
		"a tree":           {[]report.Span{{ID: "a"}, {ID: "b", ParentID: "a"}, {ID: "c", ParentID: "b"}}, true},
		"a parent missing": {[]report.Span{{ID: "a"}, {ID: "c", ParentID: "b"}}, false},
		"two roots":        {[]report.Span{{ID: "a"}, {ID: "b"}}, false},
		"no root":          {[]report.Span{{ID: "a", ParentID: "a"}}, false},
	} {
		if got := complete(report.Trace{Spans: c.spans}); got != c.want {
			t.Errorf("%s: complete is %t, want %t", name, got, c.want)
		}
	}
}

func TestEnvironmentResolvesFieldsAndReferences(t *testing.T) {
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
	}
	env := environment(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"topology.kubernetes.io/zone": "us-east-1a"}},
		Spec: corev1.PodSpec{NodeName: "eks-apps", Containers: []corev1.Container{{Env: []corev1.EnvVar{
			{Name: "K8S_NODE_IP", ValueFrom: field("status.hostIP")},
			{Name: "ENDPOINT", Value: "http://$(K8S_NODE_IP):4317"},
			{Name: "ZONE", ValueFrom: field("metadata.labels['topology.kubernetes.io/zone']")},
		}}}},
		Status: corev1.PodStatus{HostIP: "10.0.0.1"},
	})
	for name, want := range map[string]string{"ENDPOINT": "http://10.0.0.1:4317", "ZONE": "us-east-1a"} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
}

func TestListJoinsItems(t *testing.T) {
	if got := list("; errors: ", nil); got != "" {
		t.Errorf("without items: %q, want an empty string", got)
	}
	if got := list(": ", []string{"a", "b"}); got != ": a, b" {
		t.Errorf("with two items: %q, want %q", got, ": a, b")
	}
}
