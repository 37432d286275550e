package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/install"
)

// testProfilesChange changes profiles with helm upgrade, then in the ConfigMap, with and without a mistake.
func testProfilesChange(t *testing.T, s *stage) {
	s.namespace(t, "changing", enabled(), map[string]string{injector.ProfileAnnotation: "changing"})
	before := s.names(t)

	s.upgrade(t, "  changing: {inherits: aws, identity: {account: first}}\n")
	s.refresh(t)
	s.waitForAccount(t, "first")

	// The chart's schema accepts any image, but the pre-upgrade job runs the webhook's own checks.
	err := install.Telepod(t.Context(), s.Cluster, install.Options{Values: values + "  changing: {inherits: aws, identity: {account: second}, sidecar: {image: a b}}\n"})
	if want := "is not an image reference: write registry/name:tag"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("an upgrade with a mistaken profile: %v, want %q in it", err, want)
	}
	s.waitForAccount(t, "first")

	s.setProfile(t, "{name: changing, inherits: aws, identitty: {account: second}}")
	s.refresh(t)
	eventually(t, func(ctx context.Context) error {
		good, err := s.metrics(ctx, "telepod_profiles_last_reload_successful")
		if err != nil || !slices.Equal(good, []float64{0, 0}) {
			return fmt.Errorf("last reload successful: %v: %w", good, err)
		}
		return nil
	})
	replicas, err := s.replicas(t.Context())
	if err != nil || len(replicas) != 2 {
		t.Fatalf("%d replicas are ready, %v", len(replicas), err)
	}
	for _, replica := range replicas {
		detail, err := s.ask(t.Context(), replica.Name, "8081", "/readyz", "verbose")
		if err != nil || !strings.Contains(detail, "last reload failed") || !strings.Contains(detail, `did you mean "identity"`) {
			t.Errorf("readiness reports %q, %v", detail, err)
		}
	}
	s.waitForAccount(t, "first")

	s.setProfile(t, "{name: changing, inherits: aws, identity: {account: third}}")
	s.refresh(t)
	s.waitForAccount(t, "third")
	if after := s.names(t); !slices.Equal(before, after) {
		t.Errorf("replicas were replaced: %v, then %v", before, after)
	}
}

// names returns the replicas' names, with their containers' restart counts.
func (s *stage) names(t *testing.T) (names []string) {
	t.Helper()
	replicas, err := s.replicas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, replica := range replicas {
		names = append(names, fmt.Sprint(replica.Name, replica.Status.ContainerStatuses[0].RestartCount))
	}
	slices.Sort(names)
	return names
}

func (s *stage) setProfile(t *testing.T, text string) {
	t.Helper()
	patch, err := json.Marshal(map[string]any{"data": map[string]string{"changing.yaml": text}})
	if err != nil {
		t.Fatal(err)
	}
	s.kubectl(t, "patch", "--namespace="+install.Namespace, "configmap/"+install.Name+"-profiles", "--type=merge", "--patch="+string(patch))
}

// refresh makes the kubelets sync mounted ConfigMaps now, instead of within a minute: a changed pod triggers it.
func (s *stage) refresh(t *testing.T) {
	t.Helper()
	s.kubectl(t, "annotate", "pods", "--namespace="+install.Namespace, "--selector=app.kubernetes.io/component=injector",
		"--overwrite", fmt.Sprintf("telepod.test/refreshed=%d", time.Now().UnixNano()))
}

// waitForAccount waits until every replica injects this account.
func (s *stage) waitForAccount(t *testing.T, account string) {
	t.Helper()
	for range 6 {
		eventually(t, func(ctx context.Context) error {
			made, _, err := s.dryRun(ctx, pod("changing", nil, nil))
			if err != nil {
				return err
			}
			if got := variable(made, "CLOUD_ACCOUNT_ID"); got != account {
				return fmt.Errorf("the account is %q, want %q", got, account)
			}
			return nil
		})
	}
}
