package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

const outageNamespace = "outage"

// testOutage removes every replica: pods must start without injection, with a warning, and helm test must fail.
func testOutage(t *testing.T, s *stage) {
	s.namespace(t, outageNamespace, enabled(), nil)
	if out, err := s.helmTest(t); err != nil || !strings.Contains(out, "SERVING") {
		t.Errorf("helm test: %v: %s, want success and SERVING", err, out)
	}
	s.kubectl(t, "scale", "--namespace="+install.Namespace, "deployment/"+install.Name, "--replicas=0")
	eventually(t, func(ctx context.Context) error {
		left, err := s.pods(ctx, install.Namespace, "app.kubernetes.io/component=injector")
		if err != nil || len(left) > 0 {
			return fmt.Errorf("%d replicas still exist: %w", len(left), err)
		}
		return nil
	})
	if _, err := s.helmTest(t); err == nil {
		t.Error("helm test passed without a webhook")
	}
	if logs := s.kubectl(t, "logs", "--namespace="+install.Namespace, "telepod-test"); !strings.Contains(logs, "1 of 1 endpoints do not serve") {
		t.Errorf("the pod of helm test printed %q, want the name of the failing endpoint", logs)
	}
	made, warnings := s.mustDryRun(t, pod(outageNamespace, nil, nil))
	if status(t, made) != nil {
		t.Fatal("a pod was injected without a webhook")
	}
	if !contains(warnings, "this pod has no cloud identity") {
		t.Errorf("warnings %q do not report that the pod was not injected", warnings)
	}
	eventually(t, func(context.Context) error {
		return s.audited(outageNamespace, "validation.policy.admission.k8s.io/validation_failure", install.Name+"-bare-pods")
	})
	s.kubectl(t, "scale", "--namespace="+install.Namespace, "deployment/"+install.Name, "--replicas=2")
	if err := install.Injecting(t.Context(), s.Cluster); err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, "deployment/"+install.Name, "--timeout=2m")
}

// helmTest runs the release's test hook: a pod that checks every endpoint of the release.
func (s *stage) helmTest(t *testing.T) (logs string, err error) {
	t.Helper()
	cli, _ := helm.ForTest(t)
	return cli.Run(t.Context(), "test", install.Release, "--namespace", install.Namespace, "--kubeconfig", s.Kubeconfig(), "--logs", "--timeout", "2m")
}
