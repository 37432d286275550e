package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testMemory adds manyNamespaces. memoryLimit is the maximum memory of a replica: the chart's request.
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
			t.Errorf("a replica uses %.1f MiB, more than %d", bytes/(1<<20), memoryLimit>>20)
		}
	}
}

func mebibytes(values []float64) (list []float64) {
	for _, v := range values {
		list = append(list, v/(1<<20))
	}
	return list
}
