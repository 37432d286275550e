package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// testDisruptions creates pods continuously while the webhook is killed, restarted, upgraded and gets new certificates.
// Every pod must be injected.
func testDisruptions(t *testing.T, s *stage) {
	s.namespace(t, "load", enabled(), nil)
	s.awaitReplicas(t)
	for _, phase := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"a replica is deleted without grace", func(t *testing.T) {
			replicas, err := s.replicas(t.Context())
			if err != nil || len(replicas) != 2 {
				t.Fatalf("%d replicas are ready, %v", len(replicas), err)
			}
			s.kubectl(t, "delete", "pod", "--namespace="+install.Namespace, replicas[0].Name, "--grace-period=0", "--force")
			s.awaitReplicas(t)
		}},
		// Before the restart, so that the API server's new connections need the new CA.
		{"new CA and certificate", func(t *testing.T) { s.rotate(t) }},
		{"rolling restart", func(t *testing.T) {
			s.kubectl(t, "rollout", "restart", "--namespace="+install.Namespace, "deployment/"+install.Name)
			s.awaitReplicas(t)
		}},
		{"the Secret is deleted", func(t *testing.T) {
			s.kubectl(t, "delete", "secret", "--namespace="+install.Namespace, certificateSecret)
			eventually(t, func(ctx context.Context) error {
				_, err := s.client.CoreV1().Secrets(install.Namespace).Get(ctx, certificateSecret, metav1.GetOptions{})
				return err
			})
		}},
		{"helm upgrade", func(t *testing.T) {
			s.upgrade(t, "injector: {log: {level: debug}, replicas: 2}")
			s.awaitReplicas(t)
		}},
	} {
		t.Run(phase.name, func(t *testing.T) {
			load := s.startLoad(t)
			load.Reach(t, 20)
			phase.do(t)
			load.Reach(t, load.Made()+20) // after the disruption, too
			load.Finish(t)
		})
	}
}

// awaitReplicas waits until exactly two replicas exist and are ready.
func (s *stage) awaitReplicas(t *testing.T) {
	t.Helper()
	s.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, "deployment/"+install.Name, "--timeout=2m")
	eventually(t, func(ctx context.Context) error {
		ready, err := s.replicas(ctx)
		all, err2 := s.pods(ctx, install.Namespace, "app.kubernetes.io/component=injector")
		if err := errors.Join(err, err2); err != nil || len(ready) != 2 || len(all) != 2 {
			return fmt.Errorf("%d replicas of %d are ready: %w", len(ready), len(all), err)
		}
		return nil
	})
}

// startLoad creates pods in the namespace load.
func (s *stage) startLoad(t *testing.T) *install.Admissions {
	t.Helper()
	return install.StartAdmissions(t, s.config, pod("load", nil, nil))
}
