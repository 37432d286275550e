package inventory

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestKind(t *testing.T) {
	for word, want := range map[string]string{
		"deploy": "Deployment", "Deployments": "Deployment", "deployment.apps": "Deployment", "deployments.v1.apps": "Deployment",
		"po": "Pod", "cj": "CronJob", "rollouts.argoproj.io": "Rollout",
		"deployment.batch": "", "secret": "", "": "", ".": "",
	} {
		if got, ok := Kind(word); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t, want %q", word, got, ok, want)
		}
	}
}

func TestLabelledAt(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	entry := func(fields string, at *metav1.Time) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Time: at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	other := metav1.NewTime(at.Add(time.Hour))
	found, exactly := labelledAt([]metav1.ManagedFieldsEntry{
		{}, entry("no JSON", &other), entry(`{"f:metadata":{"f:labels":{"f:team":{}}}}`, &other),
		entry(`{"f:metadata":{"f:labels":{"f:telepod.dev/injection":{}}}}`, &at),
	})
	if !found.Equal(at.Time) || !exactly {
		t.Errorf("%s, exactly: %t, want %s", found, exactly, at)
	}
	shared := entry(`{"f:metadata":{"f:labels":{".":{},"f:telepod.dev/injection":{},"f:team":{}}}}`, &at)
	alone := entry(`{"f:metadata":{"f:labels":{".":{},"f:telepod.dev/injection":{}}}}`, &at)
	for _, managers := range [][]metav1.ManagedFieldsEntry{{shared}, {alone, shared}} {
		if found, exactly := labelledAt(managers); !found.Equal(at.Time) || exactly {
			t.Errorf("%s, exactly: %t, want it at the latest: its manager has set more, or there are two", found, exactly)
		}
	}
	if found, _ := labelledAt([]metav1.ManagedFieldsEntry{entry(`{"f:metadata":{"f:labels":{"f:telepod.dev/injection":{}}}}`, nil)}); !found.IsZero() {
		t.Errorf("%s without a time", found)
	}
}

// TestSelected finds the manager that changed a nodeSelector, if it was not Helm.
func TestSelected(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 11, 27, 8, 50, 29, 0, time.UTC))
	entry := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const pool = `"f:template":{"f:spec":{"f:nodeSelector":{}}}`
	for name, test := range map[string]struct {
		managed []metav1.ManagedFieldsEntry
		want    string
	}{
		"Helm":            {[]metav1.ManagedFieldsEntry{entry("helm", `{"f:spec":{`+pool+`}}`), entry("kube-controller-manager", `{"f:status":{"f:numberReady":{}}}`)}, ""},
		"Argo CD":         {[]metav1.ManagedFieldsEntry{entry("argocd-controller", `{"f:spec":{"f:selector":{},`+pool+`}}`)}, ""},
		"a patch":         {[]metav1.ManagedFieldsEntry{entry("helm", `{"f:spec":{"f:template":{}}}`), entry("kubectl-patch", `{"f:spec":{`+pool+`}}`)}, "changed by kubectl-patch at 2026-11-27 08:50:29Z"},
		"several patches": {[]metav1.ManagedFieldsEntry{entry("kubectl-patch", `{"f:spec":{"f:revisionHistoryLimit":{},`+pool+`}}`)}, "changed by kubectl-patch at 2026-11-27 08:50:29Z or earlier"},
	} {
		got := selected(test.managed)
		if text := got.String(); (got.Manager != "" || test.want != "") && text != test.want {
			t.Errorf("%s: %q, want %q", name, text, test.want)
		}
	}
}

// TestScaledBy finds the manager that changed the number of replicas, if it was neither Helm nor an autoscaler.
func TestScaledBy(t *testing.T) {
	at := metav1.NewTime(time.Date(2026, 11, 27, 12, 17, 41, 0, time.UTC))
	before := metav1.NewTime(at.Add(-time.Hour))
	entry := func(manager, subresource, fields string, at *metav1.Time) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	const replicas = `{"f:spec":{"f:replicas":{}}}`
	helm := entry("helm", "", `{"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{}}}`, &at)
	status := entry("kube-controller-manager", "status", `{"f:status":{"f:replicas":{}}}`, &at)
	for name, test := range map[string]struct {
		managed []metav1.ManagedFieldsEntry
		want    string
	}{
		"Helm":               {[]metav1.ManagedFieldsEntry{helm, status}, ""},
		"kubectl scale to 1": {[]metav1.ManagedFieldsEntry{helm, status, entry("kubectl", "scale", replicas, &at)}, "changed by kubectl at 2026-11-27 12:17:41Z"},
		"kubectl scale to 0": {[]metav1.ManagedFieldsEntry{entry("kubectl-client-side-apply", "", `{"f:spec":{"f:selector":{},"f:template":{}}}`, &at), status}, ""},
		"the last of two":    {[]metav1.ManagedFieldsEntry{entry("kubectl", "scale", replicas, &at), entry("kubectl-patch", "", replicas, &before)}, "changed by kubectl at 2026-11-27 12:17:41Z"},
		"a drill":            {[]metav1.ManagedFieldsEntry{entry("telepod-drill", "", `{"f:metadata":{"f:annotations":{"f:telepod.dev/drill":{}}},"f:spec":{"f:replicas":{}}}`, &at)}, "changed by telepod-drill at 2026-11-27 12:17:41Z or earlier"},
		"an HPA":             {[]metav1.ManagedFieldsEntry{entry("kube-controller-manager", "scale", replicas, &at)}, ""},
		"KEDA":               {[]metav1.ManagedFieldsEntry{entry("keda", "scale", replicas, &at)}, ""},
		"a time is missing":  {[]metav1.ManagedFieldsEntry{entry("kubectl", "scale", replicas, nil)}, ""},
	} {
		got := scaledBy(test.managed)
		if text := got.String(); (got.Manager != "" || test.want != "") && text != test.want {
			t.Errorf("%s: %q, want %q", name, text, test.want)
		}
	}
}

// TestTrouble expects the most specific reason that a pod is not ready.
func TestTrouble(t *testing.T) {
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, message string) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: status, Message: message}
	}
	waiting := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"}}}
	for _, test := range []struct {
		status corev1.PodStatus
		want   string
	}{
		{corev1.PodStatus{Conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionTrue, "")}}, ""},
		{corev1.PodStatus{}, "pod c is not ready on node n"},
		{corev1.PodStatus{Conditions: []corev1.PodCondition{condition(corev1.PodScheduled, corev1.ConditionFalse, "no free ports")}}, "pod c is not ready on node n: no free ports"},
		{corev1.PodStatus{Conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionFalse, "containers")}, ContainerStatuses: []corev1.ContainerStatus{{}, waiting}},
			"pod c is not ready on node n: ImagePullBackOff: no such image"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "c"}, Spec: corev1.PodSpec{NodeName: "n"}, Status: test.status}
		if got, troubled := trouble(pod); got != test.want || troubled != (test.want != "") {
			t.Errorf("%q, %t, want %q", got, troubled, test.want)
		}
	}
}
