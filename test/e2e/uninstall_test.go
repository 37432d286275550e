package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

func testUninstall(t *testing.T, s *stage) { s.uninstall(t, "enabled") }

// uninstall removes Telepod. No object of it may remain in the cluster, and pods of a namespace that has opted in must be
// admitted without it.
func (s *stage) uninstall(t *testing.T, namespace string) {
	t.Helper()
	if err := install.Uninstall(t.Context(), s.Cluster); err != nil {
		t.Fatal(err)
	}
	left := s.kubectl(t, "get", "--output=name", "--selector=app.kubernetes.io/part-of=telepod",
		"mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings,priorityclasses")
	if left != "" {
		t.Errorf("objects remain in the cluster: %s", left)
	}
	eventually(t, func(ctx context.Context) error {
		made, warnings, err := s.dryRun(ctx, pod(namespace, nil, nil))
		if err == nil && (status(t, made) != nil || len(warnings) > 0) {
			err = fmt.Errorf("a pod still gets status %+v and warnings %q", status(t, made), warnings)
		}
		return err
	})
	p := pod(namespace, nil, nil)
	p.GenerateName, p.Name, p.Spec.RestartPolicy = "", "after-uninstall", corev1.RestartPolicyNever
	if _, err := s.client.CoreV1().Pods(p.Namespace).Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "wait", "--namespace="+namespace, "pod/"+p.Name, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=2m")
}
