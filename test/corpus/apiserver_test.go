package corpus

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/document"
)

// minAdmitted is the minimum number of pods that the API server must accept without injection.
const minAdmitted = 1000

// admissions contains pods before and after their injection, without duplicates.
type admissions struct {
	mu   sync.Mutex
	seen map[[sha256.Size]byte]bool
	list []admission
}

type admission struct {
	where         string
	before, after []byte
}

func (a *admissions) add(name string, line int, before, after []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := sha256.Sum256(before)
	if a.seen == nil {
		a.seen = map[[sha256.Size]byte]bool{}
	}
	if !a.seen[key] {
		a.seen[key] = true
		a.list = append(a.list, admission{fmt.Sprintf("%s:%d", name, line), before, after})
	}
}

// checkAgainstAPIServer creates the pods in an API server as a dry run. The API server must accept every injected pod that it
// accepts without injection.
func (a *admissions) checkAgainstAPIServer(t *testing.T) {
	c := cluster.ForTest(t, cluster.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Kubectl(t.Context(), "wait", "--for=create", "--timeout=60s", "-n", metav1.NamespaceDefault, "serviceaccount/default"); err != nil {
		t.Fatal(err)
	}
	create := func(pod []byte) error {
		return client.CoreV1().RESTClient().Post().Namespace(metav1.NamespaceDefault).Resource("pods").Param("dryRun", "All").
			SetHeader("Content-Type", "application/json").Body(pod).Do(t.Context()).Error()
	}
	var accepted atomic.Int64
	queue := make(chan admission)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for pod := range queue {
				if create(withoutReferences(t, pod.before)) != nil {
					continue
				}
				accepted.Add(1)
				if err := create(withoutReferences(t, pod.after)); err != nil {
					t.Errorf("%s: accepted, but rejected after injection: %v", pod.where, err)
				}
			}
		})
	}
	for _, pod := range a.list {
		queue <- pod
	}
	close(queue)
	workers.Wait()
	t.Logf("of %d pods, the API server accepts %d without injection", len(a.list), accepted.Load())
	if accepted.Load() < minAdmitted {
		t.Errorf("the API server accepts %d pods, want at least %d", accepted.Load(), minAdmitted)
	}
}

// withoutReferences returns a pod without references to objects that this cluster does not have.
func withoutReferences(t *testing.T, raw []byte) []byte {
	pod := document.Decode(t, raw).(map[string]any)
	pod["apiVersion"], pod["kind"] = "v1", "Pod"
	metadata, _ := pod["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		pod["metadata"] = metadata
	}
	name, _ := metadata["name"].(string)
	metadata["namespace"], metadata["name"] = metav1.NamespaceDefault, strings.ToLower(name)
	if name == "" {
		metadata["name"] = "pod"
	}
	delete(metadata, "ownerReferences")
	if spec, ok := pod["spec"].(map[string]any); ok {
		for _, reference := range []string{"serviceAccountName", "serviceAccount", "priorityClassName", "runtimeClassName", "priority"} {
			delete(spec, reference)
		}
	}
	text, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
