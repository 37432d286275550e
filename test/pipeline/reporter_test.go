package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	kube "github.com/telepod/telepod/test/cluster"
)

// TestClusterReport checks that the chart's Collectors report objects, events and annotated pods of a real API server, each
// with the identity of its object.
func TestClusterReport(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	c := kube.ForTest(t, kube.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlant(t)
	vendor := p.StartVendor(t)
	allocator := startTargetAllocator(t, p, c)
	values := RegionValues([2]string{p.Address() + ":4318", p.Address() + ":4318"}) + `
regional:
  clusterMetrics: true
  events: true
  scrape: {annotated: true, interval: 1s, maxSamples: 5, targetAllocator: {endpoint: "` + allocator.HTTPS + `", secret: target-allocator}}
  destinations: [{name: vendor, protocol: otlp_http, endpoint: "` + vendor.URL + `", signals: [metrics, logs]}]
`
	var region *Node
	for _, name := range []string{Reporter, Regional, Scraper} {
		node := p.Install(t, Installed{Name: name, Values: values, Collector: name, Region: "us-east-1"})
		if name == Reporter {
			node.run.Configs = append(node.run.Configs, "yaml:receivers::k8s_cluster::collection_interval: 1s")
		}
		if name == Regional {
			node.run.Configs = append(node.run.Configs, "yaml:processors::k8s_attributes: {auth_type: kubeConfig, passthrough: false}")
			region = node
		}
		inCluster(t, node, c.Kubeconfig())
		node.run.Env = append(node.run.Env, "KUBECONFIG="+c.Kubeconfig(), "K8S_NODE_NAME=node-1", "SSL_CERT_FILE="+p.Certificates()+"/ca.crt",
			"TARGET_ALLOCATOR_DIR="+p.Certificates())
		node.Start(t)
	}
	modest := startMetrics(t, p.Address(), "modest_value 1\n")
	immodest := startMetrics(t, p.Address(), "immodest_value{n=\"1\"} 1\nimmodest_value{n=\"2\"} 1\nimmodest_value{n=\"3\"} 1\nimmodest_value{n=\"4\"} 1\nimmodest_value{n=\"5\"} 1\nimmodest_value{n=\"6\"} 1\n")
	elsewhere := startMetrics(t, p.Address(), "elsewhere_value 1\n")
	web := createPod(t, client, "web", "node-1", modest)
	createPod(t, client, "greedy", "node-1", immodest)
	createPod(t, client, "far", "node-2", elsewhere)
	createScraper(t, client, Scraper)
	watched := createMonitors(t, p, c, client, web)
	one := int32(1)
	labels := map[string]string{"app": "shop"}
	if _, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "shop"},
		Spec: appsv1.DeploymentSpec{Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: web.Spec}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CoreV1().Events("default").Create(t.Context(), &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "web.1"},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "web", UID: web.UID},
		Reason:         "BackOff", Message: "Back-off restarting failed container", Type: corev1.EventTypeWarning, LastTimestamp: metav1.Now(),
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := map[string]string{"k8s.namespace.name": "default", "k8s.pod.name": "web", "k8s.pod.uid": string(web.UID), "k8s.cluster.name": "test", "cloud.region": "us-east-1"}
	event := map[string]string{"service.name": "kubernetes-events"}
	for key, value := range pod {
		event[key] = value
	}
	for what, want := range map[string]Received{
		"the pod's phase":                   {Name: "k8s.pod.phase", Resource: pod},
		"the Deployment's desired replicas": {Name: "k8s.deployment.desired", Resource: map[string]string{"k8s.deployment.name": "shop", "k8s.cluster.name": "test"}},
		"the event":                         {Name: "Back-off restarting failed container", Resource: event},
		"the annotated pod's metric":        {Name: "modest_value", Resource: pod},
		"a PodMonitor's metric": {Name: "watched_value", Resource: map[string]string{"service.name": "default/pods", "k8s.pod.name": "watched",
			"k8s.pod.uid": string(watched.UID), "k8s.node.name": "node-1", "k8s.cluster.name": "test"}},
		"a ServiceMonitor's metric":  {Name: "served_value", Resource: map[string]string{"service.name": "served", "k8s.pod.name": "web", "k8s.namespace.name": "default"}},
		"a metric behind a password": {Name: "guarded_value", Resource: map[string]string{"service.name": "served", "k8s.pod.name": "web"}},
	} {
		Await(t, Patience, what, func() bool { return vendor.Has(want) })
	}
	claimNode(t, vendor, region, modest, map[string]string{"k8s.pod.uid": string(web.UID), "k8s.node.name": "node-1"})
	claimNode(t, vendor, region, p.Address()+":0", map[string]string{"k8s.node.name": "claimed"})
	jobs := jobs(t, allocator.HTTP)
	if !strings.Contains(jobs, "default/guarded") || strings.Contains(jobs, password) {
		t.Errorf("want the job of default/guarded, without its password for a client without a certificate: %s", jobs)
	}
	if !strings.Contains(jobs, "default/services") || strings.Contains(jobs, "stranger/thief") {
		t.Errorf("want the job of default/services, but not of stranger/thief, which reads the Collector's files: %s", jobs)
	}
	for _, never := range []string{"immodest_value", "elsewhere_value"} {
		if vendor.Has(Received{Name: never}) {
			t.Errorf("%s arrived, although it exceeds maxSamples or is on another node", never)
		}
	}
}

// claimNode sends records that claim another node, until one arrives with these attributes.
func claimNode(t *testing.T, vendor *Vendor, region *Node, from string, want map[string]string) {
	t.Helper()
	host, _, err := net.SplitHostPort(from)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}).DialContext}}
	defer client.CloseIdleConnections()
	Await(t, Patience, fmt.Sprintf("a record from %s with %v", host, want), func() bool {
		request := marshal(&collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
			Resource:  &resource.Resource{Attributes: []*common.KeyValue{text("k8s.node.name", "claimed")}},
			ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{Body: text("", "from "+host).Value}}}},
		}}})
		response, err := client.Post("http://"+region.Address+":4318/v1/logs", "application/x-protobuf", bytes.NewReader(request))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return vendor.Has(Received{Name: "from " + host, Resource: want})
	})
}

// inCluster makes a Collector of this process use a kubeconfig in place of a ServiceAccount.
func inCluster(t *testing.T, node *Node, kubeconfig string) {
	t.Helper()
	path := node.run.Configs[0]
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(text), "auth_type: serviceAccount", "auth_type: kubeConfig")
	changed = regexp.MustCompile(`(?m)^( *)- role: pod$`).ReplaceAllString(changed, "$0\n$1  kubeconfig_file: "+kubeconfig)
	write(t, path, changed)
}

// startMetrics serves a page of metrics on its own address, and returns host:port.
func startMetrics(t *testing.T, host, page string) string {
	t.Helper()
	return startServer(t, host, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(page)) })
}

// startServer serves HTTP on its own address, and returns host:port.
func startServer(t *testing.T, host string, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listen(t, host)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// createPod creates a pod that the API server reports as running on a node.
func createPod(t *testing.T, client *kubernetes.Clientset, name, node, address string) *corev1.Pod {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.CoreV1().Pods("default")
	made, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}, Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": port}},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "server", Image: "example.com/web:1",
			Ports: []corev1.ContainerPort{{Name: "metrics", ContainerPort: int32(number)}}}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: host, PodIPs: []corev1.PodIP{{IP: host}}}
	if _, err := pods.UpdateStatus(context.WithoutCancel(t.Context()), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	return made
}
