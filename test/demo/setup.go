package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/demo/screen"
)

// secret is part of the telemetry that the shop writes (examples/shop/leak); no store may contain it.
const secret = "shop-secret-4711"

func (t *story) build(ctx context.Context) (string, func(), error) {
	if firstTime() {
		t.Note("This is the first run: everything is compiled from source, which takes about half an hour with 2 " +
			"cores. The lines below show the progress. Later runs reuse the programs.")
	}
	return "Kubernetes, containerd, Helm, Collector, Jaeger, Telepod and the shop are built", nil, t.estate.Build(ctx)
}

// firstTime reports whether the programs still have to be compiled: Kubernetes has never been built on this machine.
func firstTime() bool {
	cache, err := build.Cache()
	if err != nil {
		return true // the build will report the error
	}
	built, err := filepath.Glob(filepath.Join(cache, cluster.Kubernetes().Name, "*", cluster.Kubernetes().Name))
	return err != nil || len(built) == 0
}

func (t *story) start(ctx context.Context) (string, func(), error) {
	if err := t.estate.StartClusters(ctx); err != nil {
		return "", nil, err
	}
	if err := t.estate.StartStores(ctx, secret); err != nil {
		return "", nil, err
	}
	return "three clusters of five nodes; Jaeger, Prometheus, S3 and Kafka as processes near the primary", t.showSites, nil
}

func (t *story) showSites() {
	sites := t.estate.Sites()
	table := screen.Table{}
	each := func(text func(*clouds.Site) string) (texts []string) {
		for _, s := range sites {
			texts = append(texts, text(s))
		}
		return texts
	}
	table.Head = each(func(s *clouds.Site) string { return s.Cloud })
	table.Add("cluster", each(func(s *clouds.Site) string { return s.Place.Cluster })...)
	table.Add("region", each(func(s *clouds.Site) string { return s.Region })...)
	table.Add("central site", each(func(s *clouds.Site) string {
		if s.Central() {
			return s.Role + ", " + s.Endpoint
		}
		return "–"
	})...)
	for _, to := range sites {
		table.Add("round trip to "+to.Cloud, each(func(s *clouds.Site) string { return clouds.RoundTrip(s.Place, to.Place).String() })...)
	}
	t.Table(table)
}

func (t *story) install(ctx context.Context) (string, func(), error) {
	t.Command("telepod estate ca init -f test/clouds/estate.yaml")
	t.Command("telepod estate install -f test/clouds/estate.yaml")
	if err := t.estate.Install(ctx); err != nil {
		return "", nil, err
	}
	return "injector and regional Collector in each cluster, a central site in two; one authority per cluster, below one root", nil, nil
}

func (t *story) shop(ctx context.Context) (string, func(), error) {
	t.Command("kubectl apply -f examples/shop/deploy/{aws,gcp,azure}.yaml # the namespace has the label telepod.dev/injection: enabled")
	if err := t.estate.DeployShop(ctx); err != nil {
		return "", nil, err
	}
	var err error
	if t.orders, err = t.estate.PlaceOrders(2); err != nil {
		return "", nil, err
	}
	var pods []*corev1.Pod
	for _, s := range t.estate.Sites() {
		list, err := s.Client.CoreV1().Pods("shop").List(ctx, metav1.ListOptions{LabelSelector: "app in (order, product, payment)"})
		if err != nil {
			return "", nil, err
		}
		if len(list.Items) != 1 {
			return "", nil, fmt.Errorf("%s has %d pods of order, product or payment: want one", s.Place.Cluster, len(list.Items))
		}
		pods = append(pods, &list.Items[0])
	}
	return "order calls product and inventory, then payment; from here on, two orders per second are placed", func() { t.showPods(pods) }, nil
}

// showPods shows the injected values of pods that set no cloud settings themselves.
func (t *story) showPods(pods []*corev1.Pod) {
	table := screen.Table{}
	add := func(name string, got func(int) string, want func(*clouds.Site) string) {
		row := screen.Row{Name: name}
		for i, s := range t.estate.Sites() {
			row.Cells = append(row.Cells, t.checks.Equal(s.Place.Cluster+": "+name, got(i), want(s)))
		}
		table.Rows = append(table.Rows, row)
	}
	var environments []map[string]string
	for i, pod := range pods {
		table.Head = append(table.Head, t.estate.Sites()[i].Cloud+": "+pod.Labels["app"])
		environments = append(environments, environment(pod))
	}
	variable := func(name string, want func(*clouds.Site) string) {
		add(name, func(i int) string { return environments[i][name] }, want)
	}
	variable("CLOUD_PROVIDER", func(s *clouds.Site) string { return s.Cloud })
	variable("CLOUD_PLATFORM", func(s *clouds.Site) string { return s.Platform })
	variable("CLOUD_REGION", func(s *clouds.Site) string { return s.Region })
	variable("CLOUD_AVAILABILITY_ZONE", func(s *clouds.Site) string { return s.Zone })
	variable("CLOUD_ACCOUNT_ID", func(s *clouds.Site) string { return s.Account })
	variable("K8S_CLUSTER_NAME", func(s *clouds.Site) string { return s.Place.Cluster })
	variable("K8S_NODE_NAME", func(s *clouds.Site) string { return s.Apps().Name })
	variable("OTEL_EXPORTER_OTLP_ENDPOINT", func(s *clouds.Site) string { return "http://" + s.Apps().Address + ":4318" })
	add("because", func(i int) string { return reason(pods[i]) }, func(*clouds.Site) string { return string(injector.NamespaceEnabled) })
	t.Table(table)
}

// environment returns the environment of a pod's container, as the kubelet resolves it.
func environment(pod *corev1.Pod) map[string]string {
	fields := map[string]string{
		"metadata.name": pod.Name, "metadata.namespace": pod.Namespace, "metadata.uid": string(pod.UID),
		"spec.nodeName": pod.Spec.NodeName, "status.hostIP": pod.Status.HostIP, "status.podIP": pod.Status.PodIP,
	}
	for key, value := range pod.Labels {
		fields["metadata.labels['"+key+"']"] = value
	}
	env := map[string]string{}
	for _, v := range pod.Spec.Containers[0].Env {
		env[v.Name] = v.Value
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			env[v.Name] = fields[v.ValueFrom.FieldRef.FieldPath]
		}
		for name, value := range env {
			env[v.Name] = strings.ReplaceAll(env[v.Name], "$("+name+")", value)
		}
	}
	return env
}

// reason returns the reason in the pod's telepod.dev/status.
func reason(pod *corev1.Pod) string {
	var status injector.Status
	if err := json.Unmarshal([]byte(pod.Annotations[injector.StatusAnnotation]), &status); err != nil {
		return err.Error()
	}
	return string(status.Reason)
}

// patience is the limit of a step on a slow machine.
const patience = 2 * time.Minute
