package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// manyNamespaces are added by testMemory, and memoryLimit is what a replica may take with them: the
// chart's request.
const (
	manyNamespaces = 2000
	memoryLimit    = 64 << 20
)

func testMemory(t *testing.T, s *stage) {
	const series = "process_resident_memory_bytes"
	before, err := s.metrics(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	const creators = 8
	var all sync.WaitGroup
	for creator := range creators {
		all.Go(func() {
			for i := creator; i < manyNamespaces; i += creators {
				ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("many-%d", i)}}
				if i%10 == 0 {
					ns.Labels = enabled()
				}
				if _, err := s.client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	eventually(t, func(ctx context.Context) error {
		known, err := s.metrics(ctx, "telepod_namespaces")
		for _, n := range known {
			if n < manyNamespaces/10 {
				return fmt.Errorf("the replicas know %v namespaces: %w", known, err)
			}
		}
		return err
	})
	after, err := s.metrics(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resident memory in MiB, with %d more namespaces: %.1f, before: %.1f", manyNamespaces, mebibytes(after), mebibytes(before))
	for _, bytes := range after {
		if bytes > memoryLimit {
			t.Errorf("a replica takes %.1f MiB, more than %d", bytes/(1<<20), memoryLimit>>20)
		}
	}
}

func mebibytes(values []float64) (list []float64) {
	for _, v := range values {
		list = append(list, v/(1<<20))
	}
	return list
}

func testUninstall(t *testing.T, s *stage) { s.uninstall(t, "enabled") }

// uninstall removes Telepod: afterwards pods of a namespace that has opted in are nobody's business, and
// nothing of the cluster's is left.
func (s *stage) uninstall(t *testing.T, namespace string) {
	t.Helper()
	if err := install.Uninstall(t.Context(), s.Cluster); err != nil {
		t.Fatal(err)
	}
	left := s.kubectl(t, "get", "--output=name", "--selector=app.kubernetes.io/part-of=telepod",
		"mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings,priorityclasses")
	if left != "" {
		t.Errorf("left: %s", left)
	}
	eventually(t, func(ctx context.Context) error {
		made, said, err := s.dryRun(ctx, pod(namespace, nil, nil))
		if err == nil && (status(t, made) != nil || len(said) > 0) {
			err = fmt.Errorf("a pod still gets status %+v and warnings %q", status(t, made), said)
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
