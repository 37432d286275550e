package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/test/install"
)

// testMemory creates manyNamespaces. A replica must stay below memoryLimit, the chart's memory request.
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
				return fmt.Errorf("the replicas have read %v namespaces: %w", known, err)
			}
		}
		return err
	})
	after, err := s.metrics(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resident memory in MiB, with %d more namespaces: %.1f; before: %.1f", manyNamespaces, mebibytes(after), mebibytes(before))
	for _, bytes := range after {
		if bytes > memoryLimit {
			t.Errorf("a replica uses %.1f MiB, want at most %d", bytes/(1<<20), memoryLimit>>20)
		}
	}
}

// idleLimit is the maximum memory of a region's Collector that receives nothing, as `kubectl top` shows it.
const idleLimit = 60 << 20

// testIdleMemory reads the kubelet's statistics, which exclude those pages of the program's file that the kernel may drop.
func testIdleMemory(t *testing.T, s *stage) {
	eventually(t, func(ctx context.Context) error {
		nodes, err := s.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		path := "/api/v1/nodes/" + nodes.Items[0].Name + "/proxy/stats/summary"
		body, err := s.client.CoreV1().RESTClient().Get().AbsPath(path).DoRaw(ctx)
		if err != nil {
			return err
		}
		bytes, err := workingSet(body, install.Namespace, "telepod-collector-")
		if err != nil {
			return err
		}
		t.Logf("working set of an idle region's Collector: %.1f MiB", float64(bytes)/(1<<20))
		if bytes > idleLimit {
			t.Errorf("an idle Collector uses %d MiB, more than %d", bytes>>20, idleLimit>>20)
		}
		return nil
	})
}

// workingSet finds the bytes of a pod's first container in a kubelet's summary.
func workingSet(summary []byte, namespace, podPrefix string) (uint64, error) {
	var stats struct {
		Pods []struct {
			PodRef     struct{ Namespace, Name string }
			Containers []struct {
				Memory struct{ WorkingSetBytes uint64 }
			}
		}
	}
	if err := json.Unmarshal(summary, &stats); err != nil {
		return 0, err
	}
	for _, p := range stats.Pods {
		if p.PodRef.Namespace == namespace && strings.HasPrefix(p.PodRef.Name, podPrefix) {
			for _, c := range p.Containers {
				if c.Memory.WorkingSetBytes > 0 {
					return c.Memory.WorkingSetBytes, nil
				}
			}
		}
	}
	return 0, fmt.Errorf("the kubelet has no statistics of %s/%s*", namespace, podPrefix)
}

func mebibytes(values []float64) (list []float64) {
	for _, v := range values {
		list = append(list, v/(1<<20))
	}
	return list
}
