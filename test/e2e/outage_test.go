package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/telepod/telepod/test/install"
)

const outageNamespace = "outage"

// testOutage removes every replica: pods start without injection, and the warnings show it.
func testOutage(t *testing.T, s *stage) {
	s.namespace(t, outageNamespace, enabled(), nil)
	s.kubectl(t, "scale", "--namespace="+install.Namespace, "deployment/"+install.Name, "--replicas=0")
	eventually(t, func(ctx context.Context) error {
		left, err := s.pods(ctx, install.Namespace, "app.kubernetes.io/component=injector")
		if err != nil || len(left) > 0 {
			return fmt.Errorf("%d replicas are left: %w", len(left), err)
		}
		return nil
	})
	made, warnings := s.mustDryRun(t, pod(outageNamespace, nil, nil))
	if status(t, made) != nil {
		t.Fatal("a pod was injected without a webhook")
	}
	if !contains(warnings, "this pod stays without cloud identity") {
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
