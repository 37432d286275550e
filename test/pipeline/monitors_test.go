package pipeline

import (
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/build"
	kube "github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/collector"
)

// targetAllocator contains the URLs of a target allocator.
type targetAllocator struct{ HTTP, HTTPS string }

// startTargetAllocator installs the Prometheus operator's custom resources, and starts a target allocator with the
// configuration in docs/cluster.md.
func startTargetAllocator(t *testing.T, p *Plant, c *kube.Cluster) targetAllocator {
	t.Helper()
	program, err := collector.TargetAllocator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	operator, err := build.Sources(t.Context(), collector.Operator, "github.com/prometheus-operator/prometheus-operator")
	if err != nil {
		t.Fatal(err)
	}
	apply, wait := []string{"apply", "--server-side"}, []string{"wait", "--for=condition=Established", "--timeout=90s"}
	for _, name := range []string{"podmonitors", "servicemonitors", "probes", "scrapeconfigs"} {
		apply = append(apply, "--filename="+filepath.Join(operator, "example", "prometheus-operator-crd", "monitoring.coreos.com_"+name+".yaml"))
		wait = append(wait, "crd/"+name+".monitoring.coreos.com")
	}
	for _, args := range [][]string{apply, wait} {
		if _, err := c.Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	address := p.Address()
	plain, encrypted := net.JoinHostPort(address, "8080"), net.JoinHostPort(address, "8443")
	file := filepath.Join(t.TempDir(), "targetallocator.yaml")
	write(t, file, strings.NewReplacer("scrape_interval: 30s", "scrape_interval: 1s", "/tls/", p.Certificates()+"/", `:8443`, encrypted).Replace(documentedAllocator(t)))
	startChild(t, program, "--config-file="+file, "--kubeconfig-path="+c.Kubeconfig(), "--listen-addr="+plain).ready(t, "http://"+plain+"/livez")
	return targetAllocator{HTTP: "http://" + plain, HTTPS: "https://" + encrypted}
}

// documentedAllocator returns the target allocator's configuration in docs/cluster.md, with HTTPS.
func documentedAllocator(t *testing.T) string {
	t.Helper()
	root, err := build.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "cluster.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)\n```yaml\n(targetAllocator:.*?)```\n").FindAllSubmatch(page, -1)
	if len(found) != 2 {
		t.Fatalf("docs/cluster.md has %d sets of values of the target allocator's chart, want 2", len(found))
	}
	config := map[string]any{}
	for _, values := range found {
		var chart struct {
			TargetAllocator struct{ Config map[string]any }
		}
		if err := yaml.Unmarshal(values[1], &chart); err != nil {
			t.Fatal(err)
		}
		maps.Copy(config, chart.TargetAllocator.Config)
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// jobs returns the scrape configuration that a target allocator returns to clients without a certificate.
func jobs(t *testing.T, allocator string) string {
	t.Helper()
	answer, err := http.Get(allocator + "/scrape_configs")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the target allocator answers %s, %v", answer.Status, err)
	}
	return string(text)
}

// createScraper creates the pod that the target allocator assigns targets to.
func createScraper(t *testing.T, client *kubernetes.Clientset, name string) {
	t.Helper()
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "telepod"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app.kubernetes.io/name": "telepod", "app.kubernetes.io/component": "scraper"}},
		Spec:       corev1.PodSpec{NodeName: "node-2", Containers: []corev1.Container{{Name: "collector", Image: "example.com/collector:1"}}},
	}
	made, err := client.CoreV1().Pods("telepod").Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.Status = corev1.PodStatus{Phase: corev1.PodRunning}
	if _, err := client.CoreV1().Pods("telepod").UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// password protects the pages that the ServiceMonitor "guarded" scrapes.
const password = "open-sesame"

// monitors has placeholders for the endpoints' addresses, because Kubernetes rejects loopback addresses there.
const monitors = `
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: pods, namespace: default}
spec:
  selector: {matchLabels: {app: watched}}
  podMetricsEndpoints: [{port: metrics}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: services, namespace: default}
spec:
  selector: {matchLabels: {app: served}}
  endpoints: [{port: metrics, relabelings: [{targetLabel: __address__, replacement: "ADDRESS"}]}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: guarded, namespace: default}
spec:
  selector: {matchLabels: {app: served}}
  endpoints:
    - port: metrics
      relabelings: [{targetLabel: __address__, replacement: "GUARDED"}]
      basicAuth: {username: {name: scrape, key: user}, password: {name: scrape, key: password}}
---
apiVersion: v1
kind: Secret
metadata: {name: scrape, namespace: default}
stringData: {user: prometheus, password: PASSWORD}
---
apiVersion: v1
kind: Namespace
metadata: {name: stranger}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: thief, namespace: stranger}
spec:
  selector: {matchLabels: {app: served}}
  namespaceSelector: {any: true}
  endpoints: [{port: metrics, bearerTokenFile: /etc/telepod/tls/tls.key}]
---
apiVersion: v1
kind: Service
metadata: {name: served, namespace: default, labels: {app: served}}
spec: {ports: [{name: metrics, port: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: served, namespace: default, labels: {kubernetes.io/service-name: served}}
addressType: IPv4
ports: [{name: metrics, port: 8080, protocol: TCP}]
endpoints: [{addresses: [192.0.2.1], conditions: {ready: true}, targetRef: {kind: Pod, namespace: default, name: web, uid: "UID"}}]
`

// createMonitors creates a pod that a PodMonitor selects, and a Service of another pod, that a ServiceMonitor selects.
func createMonitors(t *testing.T, p *Plant, c *kube.Cluster, client *kubernetes.Clientset, served *corev1.Pod) (watched *corev1.Pod) {
	t.Helper()
	watched = createPod(t, client, "watched", "node-1", startMetrics(t, p.Address(), "watched_value 1\n"))
	address := startMetrics(t, p.Address(), "served_value 1\n")
	guarded := startServer(t, p.Address(), func(w http.ResponseWriter, r *http.Request) {
		if user, given, _ := r.BasicAuth(); user != "prometheus" || given != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("guarded_value 1\n"))
	})
	if _, err := c.Kubectl(t.Context(), "label", "namespace", "default", "monitors=trusted"); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), strings.NewReplacer("ADDRESS", address, "GUARDED", guarded, "PASSWORD", password, "UID", string(served.UID)).Replace(monitors)); err != nil {
		t.Fatal(err)
	}
	return watched
}
