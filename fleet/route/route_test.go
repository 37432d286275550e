package route_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/metrics"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/injector"

	corev1 "k8s.io/api/core/v1"
)

const (
	regional = `otelcol_exporter_failover_active{signal="traces",endpoint="primary"} 1
otelcol_exporter_failover_active{signal="traces",endpoint="backup"} 0
otelcol_exporter_failover_active_since_seconds{signal="traces"} 1.7723664e+09
otelcol_exporter_failover_endpoint_up{endpoint="primary"} 1
otelcol_exporter_failover_endpoint_up{endpoint="backup"} 1
otelcol_exporter_queue_capacity{exporter="otlp_failover",data_type="traces"} 100
otelcol_exporter_queue_size{exporter="otlp_failover",data_type="traces"} 3
`
	central = `otelcol_process_uptime_seconds_total{telepod_central_site="primary"} 1
otelcol_exporter_queue_capacity{exporter="spool/archive",data_type="traces"} 100
otelcol_exporter_queue_size{exporter="spool/archive",data_type="traces"} 3
otelcol_exporter_queue_capacity{exporter="spool/prometheus",data_type="metrics"} 100
`
	regionalConfig = `
exporters:
  otlp_failover:
    endpoints:
      - {name: primary, endpoint: "https://primary.example:4318"}
      - {name: backup, endpoint: "https://user:secret@backup.example:4318/?key=secret"}
`
	centralConfig = `
processors: {resource/site: {attributes: [{key: telepod.central.site, value: primary, action: upsert}]}}
exporters:
  otlp_grpc/jaeger: {endpoint: "jaeger.tracing:4317"}
  prometheus_remote_write: {endpoint: "http://user:s%zz@prometheus.monitoring:9090/api/v1/write"}
  prometheus_remote_write/other: {endpoint: "https://mimir.example/push"}
  awss3/traces: {s3uploader: {s3_bucket: telemetry, endpoint: "http://minio:9000"}}
  awss3/cold/logs: {s3uploader: {s3_bucket: cold}}
  kafka: {brokers: ["user:secret@kafka-0:9092", "kafka-1:9092"]}
  otlp_failover/vendor: {endpoints: [{name: vendor, endpoint: "https://otlp.vendor.example"}]}
  azure_blob/blob: {url: "https://account.blob.core.windows.net"}
  load_balancing/samplers: {resolver: {dns: {hostname: telepod-sampler.telepod.svc, port: "4317"}}}
`
)

func set(t *testing.T, text string) metrics.Set {
	t.Helper()
	found, err := metrics.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func config(t *testing.T, texts ...string) checks.Answer[route.Config] {
	t.Helper()
	data := map[string]string{"collector.yaml": texts[0]}
	if len(texts) > 1 {
		data["yours.yaml"] = texts[1]
	}
	c, err := route.ReadConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	return checks.Answer[route.Config]{Value: c}
}

// pod returns a running pod, which was injected if it has a status.
func pod(t *testing.T, name, node, status string, containers ...string) *fleet.Pod {
	t.Helper()
	annotation := ""
	if status != "" {
		quoted, _ := json.Marshal(status)
		annotation = fmt.Sprintf(`, "annotations": {"telepod.dev/status": %s}`, quoted)
	}
	p, err := fleet.ReadPod([]byte(fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "shop"%s}, "spec": {"nodeName": %q, "containers": [%s]},
		"status": {"phase": "Running", "hostIP": "10.0.1.7", "podIP": "10.1.0.9", "containerStatuses": [{"name": "telepod-collector", "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}`,
		name, annotation, node, strings.Join(containers, ","))))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func status(endpoint string) string {
	return fmt.Sprintf(`{"profile": "aws", "hash": "x", "containers": ["app"], "endpoint": %q, "protocol": "grpc"}`, endpoint)
}

func container(name, variable, value string) string {
	return fmt.Sprintf(`{"name": %q, "env": [{"name": %q, "value": %q}]}`, name, variable, value)
}

// with returns a pod of a node with another variable, after that of Telepod.
func with(t *testing.T, variable string) []*fleet.Pod {
	t.Helper()
	return []*fleet.Pod{pod(t, "a", "n1", status("node"), `{"name": "app", "env": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://$(K8S_NODE_IP):4317"}, `+variable+`]}`)}
}

// healthy returns a workload whose pods send to a node, with the primary site in the same cluster.
func healthy(t *testing.T) route.Facts {
	t.Helper()
	onNode := container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://$(K8S_NODE_IP):4317")
	part := func(kind, name, text string) checks.Answer[checks.Part] {
		return checks.Answer[checks.Part]{Value: checks.Part{
			Workloads: []checks.Workload{{Kind: kind, Name: name, Desired: 1, Ready: 1}},
			Instances: []fleet.Instance{{Namespace: "telepod", Pod: name + "-0", Node: "n1", Ready: true, Metrics: set(t, text)}},
		}}
	}
	own := checks.Snapshot{Context: "eks", Kubectl: "kubectl", Helm: "helm", Namespace: "telepod", Release: "telepod"}
	f := route.Facts{Pods: []*fleet.Pod{pod(t, "a", "n1", status("node"), onNode)}, Cluster: own, Config: config(t, regionalConfig)}
	f.Cluster.Collectors = part("DaemonSet", "telepod-collector", regional)
	site := route.Site{Snapshot: own, Config: config(t, centralConfig)}
	site.Central = part("StatefulSet", "telepod-central", central)
	sends(t, &site, 6)
	f.Sites = []route.Site{site}
	return f
}

// sends sets how many spans the first central Collector has sent to the archive: 5 at the first reading, n at the second.
func sends(t *testing.T, site *route.Site, n int) {
	t.Helper()
	const sent = `otelcol_exporter_sent_spans_total{exporter="spool/archive"} %d` + "\n"
	i := &site.Central.Value.Instances[0]
	i.Earlier, i.Twice = set(t, central+fmt.Sprintf(sent, 5)), true
	i.Metrics = set(t, central+fmt.Sprintf(sent, n))
}

// silent adds a second Collector, which returns no metrics.
func silent(part *checks.Part, node string) {
	part.Instances = append(part.Instances, fleet.Instance{Namespace: "telepod", Pod: "silent", Node: node, Ready: true, MetricsErr: errors.New("timeout")})
}

// text formats a route in lines: hops, then problems.
func text(r route.Route) string {
	var b strings.Builder
	for _, h := range r.Hops {
		fmt.Fprintf(&b, "%s %s: %s [%s] %s\n", h.Status, h.Stage, h, h.Address, h.State)
	}
	for _, l := range r.Problems {
		fmt.Fprintf(&b, "problem %s %s: %s\n", l.Status, l.Stage(), l.Seen)
	}
	return b.String()
}

func TestHealthy(t *testing.T) {
	const want = `ok pod: 1 pod [] 1 sends grpc to the Collector of its node
ok collector: telepod-collector-0, node n1 [10.0.1.7:4317] ready, queue 3 % full
ok site: primary site [https://primary.example:4318] in use by 1 of 1 Collector since 2026-03-01 12:00Z
ok site: backup site [https://backup.example:4318/] standby; not tried yet
ok site: statefulset/telepod-central [] 1 of 1 ready
ok store: archive (S3) [s3://telemetry at http://minio:9000] queue 3 % full
ok store: Prometheus [http://prometheus.monitoring:9090/api/v1/write] queue 0 % full
`
	r := route.Of(healthy(t))
	if got := text(r); got != want || r.Status != checks.OK || r.Verdict != "its telemetry gets through to the primary site and its stores" {
		t.Errorf("%s: %s\n%s", r.Status, r.Verdict, got)
	}
}

// notReady makes the pod of a part not ready.
func notReady(p checks.Part) {
	p.Workloads[0].Ready = 0
	p.Instances[0].Ready, p.Instances[0].Trouble, p.Instances[0].MetricsErr = false, "CrashLoopBackOff", errors.New("not ready")
}

// TestBroken breaks one thing at a time: the result names the hop.
func TestBroken(t *testing.T) {
	forbidden := fleet.MissingRight{Verb: "list", Resource: "pods", Place: "namespace telepod", Message: "no"}
	collectorMetrics := func(f *route.Facts, old, now string) {
		f.Cluster.Collectors.Value.Instances[0].Metrics = set(t, strings.Replace(regional, old, now, 1))
	}
	away := func(f *route.Facts) {
		f.Cluster.Collectors.Value.Instances[0].Metrics = set(t, strings.NewReplacer(`endpoint_up{endpoint="primary"} 1`, `endpoint_up{endpoint="primary"} 0`,
			`active{signal="traces",endpoint="primary"} 1`, `active{signal="traces",endpoint="primary"} 0`).Replace(regional))
	}
	for _, test := range []struct {
		name    string
		change  func(*route.Facts)
		status  checks.Status
		verdict string
		want    []string
	}{
		{"no Collector on the node", func(f *route.Facts) {
			f.Cluster.Collectors.Value.Instances = nil
			f.Cluster.Nodes.Value = []checks.Node{{Name: "n1", Taints: []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}}}
		}, checks.Failed, "its telemetry is lost: no Collector on node n1", []string{"failed collector: none on node n1 [10.0.1.7:4317] the node has no Collector", "unknown site: primary site [https://primary.example:4318] unknown",
			"problem failed collector: node n1 has no Collector, and 1 of its pods sends to one: it does not tolerate the taint gpu"}},
		{"Collector not ready", func(f *route.Facts) {
			i := &f.Cluster.Collectors.Value.Instances[0]
			i.Ready, i.Trouble, i.MetricsErr = false, "pod x: ErrImagePull", errors.New("not ready")
		}, checks.Failed, "gets no further than its pods: no Collector accepts it", []string{"failed collector: telepod-collector-0, node n1 [10.0.1.7:4317] not ready", "problem failed collector: image cannot be pulled"}},
		{"queue full", func(f *route.Facts) {
			collectorMetrics(f, `queue_size{exporter="otlp_failover",data_type="traces"} 3`, `queue_size{exporter="otlp_failover",data_type="traces"} 99`)
		}, checks.Failed, "no Collector accepts it", []string{"failed collector: telepod-collector-0, node n1 [10.0.1.7:4317] ready, queue 99 % full", "problem failed collector: the queue of otlp_failover"}},
		{"site down", away, checks.Failed, "waits on its Collectors: no site accepts it", []string{"failed site: primary site [https://primary.example:4318] not usable from 1 of 1 Collector", "problem failed site: the primary site is not usable"}},
		{"site scaled to zero", func(f *route.Facts) {
			away(f)
			w := &f.Sites[0].Central.Value
			w.Workloads[0].Desired, w.Workloads[0].Ready, w.Instances = 0, 0, nil
		}, checks.Failed, "waits on its Collectors", []string{"failed site: statefulset/telepod-central [] scaled to zero", "problem failed site: statefulset/telepod-central is scaled to zero"}},
		{"site not ready, which regions have not noticed yet", func(f *route.Facts) { notReady(f.Sites[0].Central.Value) }, checks.Failed, "its telemetry waits on its Collectors: the primary site has no ready pod of statefulset/telepod-central",
			[]string{"ok site: primary site", "failed site: statefulset/telepod-central [] 0 of 1 ready", "problem failed site: statefulset/telepod-central"}},
		{"site not ready, which may be another site", func(f *route.Facts) {
			notReady(f.Sites[0].Central.Value)
			f.Sites[0].Config = checks.Answer[route.Config]{Err: forbidden}
			f.Sites[0].Central.Value.Instances[0].Metrics = set(t, "")
		}, checks.Unknown, "it is unknown whether its telemetry gets through: statefulset/telepod-central, which may be the primary site, has no ready pod", nil},
		{"samplers not ready", func(f *route.Facts) {
			f.Sites[0].Samplers.Value.Workloads = []checks.Workload{{Kind: "Deployment", Name: "telepod-sampler", Desired: 1}}
		}, checks.Failed, "gets through to the primary site, and waits there for deployment/telepod-sampler", []string{"failed site: deployment/telepod-sampler [] 0 of 1 ready"}},
		{"one of two Collectors without metrics", func(f *route.Facts) { silent(&f.Cluster.Collectors.Value, "n1") }, checks.Unknown,
			"gets through to the primary site from 1 of 2 Collectors; the rest is unknown: no metrics from 1 of 2 Collectors", []string{"unknown collector: silent, node n1", "ok site: primary site [https://primary.example:4318] in use by 1 of 1 Collector since 2026-03-01 12:00Z, unknown from 1 more"}},
		{"one of two central Collectors without metrics", func(f *route.Facts) { silent(&f.Sites[0].Central.Value, "n1") }, checks.Unknown,
			"gets through to the primary site; the rest is unknown: no metrics from 1 of 2 Collectors of the site", []string{"unknown site: statefulset/telepod-central [] 1 of 1 ready; 1 without metrics"}},
		{"the archive accepts nothing between two readings", func(f *route.Facts) { sends(t, &f.Sites[0], 5) }, checks.OK, "gets through to the primary site",
			[]string{"unknown store: archive (S3) [s3://telemetry at http://minio:9000] data waits, and nothing was sent between two readings; queue 3 % full"}},
		{"a batch waits for the archive", func(f *route.Facts) {
			i := &f.Sites[0].Central.Value.Instances[0]
			i.Log, i.Twice = "info Everything is ready.\n", true
			i.Metrics = set(t, strings.Replace(central, `data_type="traces"} 3`, `data_type="traces"} 0.3`, 1))
			i.Earlier = i.Metrics
		}, checks.OK, "gets through to the primary site",
			[]string{"ok store: archive (S3) [s3://telemetry at http://minio:9000] a batch waits, without an error in the log; queue 0 % full"}},
		{"on the backup", func(f *route.Facts) {
			f.Cluster.Collectors.Value.Instances[0].Metrics = set(t, strings.NewReplacer(`active{signal="traces",endpoint="primary"} 1`, `active{signal="traces",endpoint="primary"} 0`,
				`active{signal="traces",endpoint="backup"} 0`, `active{signal="traces",endpoint="backup"} 1`).Replace(regional))
		}, checks.Warning, "gets through to the backup site; not all of its stores are known here", []string{"warning site: backup site [https://backup.example:4318/] in use by 1 of 1 Collector", "skipped store: stores [] not checked: the site is in another cluster", "problem warning site: 1 of 1 Collectors send to the backup"}},
		{"a store in another cluster", func(f *route.Facts) {
			other := f.Sites[0]
			f.Sites[0].Central = checks.Answer[checks.Part]{}
			other.Context, other.Kubectl = "aks", "kubectl --context aks"
			sends(t, &other, 5)
			other.Central.Value.Instances[0].Log = `Exporting failed. {"otelcol.component.id": "spool/archive", "error": "AccessDenied: no"}` + "\n"
			f.Sites = append(f.Sites, other)
		}, checks.Failed, "gets through to the primary site, and waits there for archive (S3) in context aks", []string{"failed store: archive (S3), context aks [s3://telemetry at http://minio:9000] does not accept data", "problem failed store: spool/archive does not deliver: the archive (S3): AccessDenied: no"}},
		{"a site that is not in use is scaled to zero", func(f *route.Facts) {
			backup := f.Sites[0]
			backup.Context, backup.Config = "aks", config(t, strings.Replace(centralConfig, "value: primary", "value: backup", 1))
			backup.Central.Value = checks.Part{Workloads: []checks.Workload{{Kind: "StatefulSet", Name: "telepod-central"}}}
			f.Sites = append(f.Sites, backup)
		}, checks.Warning, "gets through to the primary site and its stores", []string{"failed site: statefulset/telepod-central, context aks [] scaled to zero; not in use", "problem warning site: statefulset/telepod-central is scaled to zero"}},
		{"the primary in the workload's own cluster is scaled to zero, and the backup in use", func(f *route.Facts) {
			f.Cluster.Collectors.Value.Instances[0].Metrics = set(t, strings.NewReplacer(`active{signal="traces",endpoint="primary"} 1`, `active{signal="traces",endpoint="primary"} 0`,
				`active{signal="traces",endpoint="backup"} 0`, `active{signal="traces",endpoint="backup"} 1`, `endpoint_up{endpoint="primary"} 1`, `endpoint_up{endpoint="primary"} 0`).Replace(regional))
			f.Sites[0].Central.Value = checks.Part{Workloads: []checks.Workload{{Kind: "StatefulSet", Name: "telepod-central"}}}
		}, checks.Warning, "gets through to the backup site", []string{"failed site: statefulset/telepod-central [] scaled to zero; not in use",
			"problem failed site: the primary site is not usable from 1 of 1 Collectors: the reason is unknown; statefulset/telepod-central is scaled to zero", "problem warning site: statefulset/telepod-central is scaled to zero"}},
		{"both sites are scaled to zero", func(f *route.Facts) {
			f.Cluster.Collectors.Value.Instances[0].Metrics = set(t, strings.NewReplacer(`active{signal="traces",endpoint="primary"} 1`, `active{signal="traces",endpoint="primary"} 0`,
				`up{endpoint="primary"} 1`, `up{endpoint="primary"} 0`, `up{endpoint="backup"} 1`, `up{endpoint="backup"} 0`).Replace(regional))
			site := f.Sites[0]
			site.Central.Value = checks.Part{Workloads: []checks.Workload{{Kind: "StatefulSet", Name: "telepod-central"}}}
			backup := site
			site.Context, backup.Context = "eks-2", "gke"
			backup.Config = config(t, strings.Replace(centralConfig, "value: primary", "value: backup", 1))
			f.Sites = []route.Site{{Snapshot: f.Cluster}, site, backup}
		}, checks.Failed, "waits on its Collectors: no site accepts it", []string{
			"the primary site is not usable from 1 of 1 Collectors: the reason is unknown; in context eks-2: statefulset/telepod-central is scaled to zero",
			"the backup site is not usable from 1 of 1 Collectors: the reason is unknown; in context gke: statefulset/telepod-central is scaled to zero"}},
		{"a context without a site", func(f *route.Facts) {
			f.Sites = append(f.Sites, route.Site{Snapshot: checks.Snapshot{Context: "gke"}})
		}, checks.OK, "gets through to the primary site and its stores", []string{"skipped site: none, context gke [] this cluster has no central site"}},
		{"two stores in another cluster", func(f *route.Facts) {
			f.Sites[0].Context = "aks"
			f.Sites = []route.Site{{Snapshot: f.Cluster}, f.Sites[0]}
			f.Sites[1].Samplers.Value.Workloads = []checks.Workload{{Kind: "Deployment", Name: "telepod-sampler", Desired: 1}}
			sends(t, &f.Sites[1], 5)
			f.Sites[1].Central.Value.Instances[0].Log = `Exporting failed. {"otelcol.component.id": "spool/archive", "error": "AccessDenied: no"}` + "\n"
		}, checks.Failed, "and waits there for deployment/telepod-sampler and archive (S3) in context aks", nil},
		{"no site here", func(f *route.Facts) { f.Sites[0].Central = checks.Answer[checks.Part]{} }, checks.OK, "gets through to the primary site; not all", []string{"skipped store: stores [] not checked"}},
		{"rights missing", func(f *route.Facts) {
			f.Cluster.Collectors, f.Sites[0].Central = checks.Answer[checks.Part]{Err: forbidden}, checks.Answer[checks.Part]{Err: forbidden}
			f.Config = checks.Answer[route.Config]{Err: forbidden}
		}, checks.Unknown, "unknown whether", []string{"unknown collector: regional Collectors [] unknown: list pods in namespace telepod: no", "unknown site: central Collectors [] unknown", "problem unknown : you lack permission to list pods in namespace telepod"}},
		{"no right to read addresses", func(f *route.Facts) { f.Config = checks.Answer[route.Config]{Err: forbidden} }, checks.OK, "gets through to the primary site and its stores", []string{"ok site: primary site [unknown] in use"}},
		{"sidecar crashes", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", status("sidecar"), container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), container("telepod-collector", "TELEPOD_EXPORT_ENDPOINT", "http://$(K8S_NODE_IP):4317"))}
		}, checks.Failed, "no sidecar is ready", []string{"1 sends grpc to its sidecar", "failed pod: 1 sidecar [127.0.0.1] 0 of 1 ready", "ok collector: telepod-collector-0, node n1 [10.0.1.7:4317]", "problem failed pod: the sidecar of 1 pod is not ready: CrashLoopBackOff"}},
		{"pods that wait for a node", func(f *route.Facts) {
			sends, sidecar := container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), container("telepod-collector", "TELEPOD_EXPORT_ENDPOINT", "http://telepod-collector-cluster.telepod.svc:4317")
			raw, _ := json.Marshal(status("sidecar"))
			pending, err := fleet.ReadPod([]byte(fmt.Sprintf(`{"metadata": {"name": "b", "namespace": "shop", "annotations": {"telepod.dev/status": %s}}, "spec": {"containers": [%s]}, "status": {"phase": "Pending"}}`, raw, sends+","+sidecar)))
			if err != nil {
				t.Fatal(err)
			}
			f.Pods = []*fleet.Pod{pending}
		}, checks.Failed, "it sends nothing: its pod does not run: Pending", []string{"failed pod: 1 sidecar [127.0.0.1] 0 of 1 ready", "problem warning pod: 1 pod: Pending: it sends nothing", "problem warning pod: the sidecar of 1 pod is not ready: it has not started yet"}},
		{"pods that crash", func(f *route.Facts) {
			for _, name := range []string{"b", "c"} {
				crashed := *f.Pods[0]
				crashed.Condition = fleet.Condition{Reason: "CrashLoopBackOff (container app)", Restarts: 12, Halted: true}
				crashed.Pod = &injector.Pod{Metadata: crashed.Metadata, Spec: crashed.Spec}
				crashed.Metadata.Name = name
				f.Pods = append(f.Pods, &crashed)
			}
			f.Pods = f.Pods[1:]
		}, checks.Failed, "it sends nothing: none of its 2 pods runs: CrashLoopBackOff (container app), 12 restarts", []string{"failed pod: 2 pods [] 2 do not run: CrashLoopBackOff (container app), 12 restarts\n", "problem warning pod: 2 pods: CrashLoopBackOff (container app), 12 restarts: they send nothing"}},
		{"one pod that is not ready", func(f *route.Facts) {
			f.Pods[0].Condition = fleet.Condition{Reason: "NotReady (container app)"}
		}, checks.Warning, "gets through to the primary site and its stores", []string{"problem warning pod: 1 pod: NotReady (container app)\n"}},
		{"to the Service", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "virtual", status("service"), container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://telepod-collector-cluster.telepod.svc:4317"))}
		}, checks.OK, "gets through", []string{"1 sends grpc to http://telepod-collector-cluster.telepod.svc:4317", "ok collector: telepod-collector-0, node n1 [telepod-collector-cluster.telepod.svc:4317]"}},
		{"elsewhere", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", status("https://otlp.vendor.example"), container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.vendor.example"))}
		}, checks.Skipped, "not followed: 1 sends grpc to https://otlp.vendor.example, which is not Telepod's", []string{"1 sends grpc to https://otlp.vendor.example, which is not Telepod's"}},
		{"elsewhere, with a password", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", status("https://user:s%zz@otlp.vendor.example/?key=secret"), container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:s%zz@otlp.vendor.example/?key=secret"))}
		}, checks.Skipped, "not followed: 1 sends grpc to https://otlp.vendor.example/, which", nil},
		{"a sidecar with a password", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", status("sidecar"), container("telepod-collector", "TELEPOD_EXPORT_ENDPOINT", "user:secret@$(K8S_NODE_IP):4317"))}
		}, checks.Failed, "no sidecar is ready", []string{"ok collector: telepod-collector-0, node n1 [10.0.1.7:4317]"}},
		{"turned off", func(f *route.Facts) { f.Pods = with(t, `{"name": "OTEL_SDK_DISABLED", "value": "TRUE"}`) }, checks.Failed, "it sends nothing: container app turns telemetry off: OTEL_SDK_DISABLED=TRUE",
			[]string{"warning pod: 1 pod [] 1 sends nothing to Telepod: container app turns telemetry off", "problem warning pod: container app turns telemetry off"}},
		{"traces turned off", func(f *route.Facts) { f.Pods = with(t, `{"name": "OTEL_TRACES_EXPORTER", "value": "none"}`) }, checks.Warning,
			"gets through to the primary site and its stores; but container app turns traces off: OTEL_TRACES_EXPORTER=none", []string{"1 sends grpc to the Collector of its node, but container app turns traces off: OTEL_TRACES_EXPORTER=none", "problem warning pod: container app turns traces off: OTEL_TRACES_EXPORTER=none"}},
		{"no trace is sampled", func(f *route.Facts) { f.Pods = with(t, `{"name": "OTEL_TRACES_SAMPLER", "value": "always_off"}`) }, checks.Warning, "; but container app turns traces off: OTEL_TRACES_SAMPLER=always_off", nil},
		{"logs turned off", func(f *route.Facts) { f.Pods = with(t, `{"name": "OTEL_LOGS_EXPORTER", "value": "none"}`) }, checks.OK, "gets through to the primary site and its stores", []string{"ok pod: 1 pod [] 1 sends grpc to the Collector of its node, but container app turns logs off: OTEL_LOGS_EXPORTER=none"}},
		{"an endpoint of its own", func(f *route.Facts) {
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", status("node"), container("app", "OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@nowhere.invalid:4318"))}
		}, checks.Warning, "container app sends telemetry to nowhere.invalid:4318, not to Telepod", []string{"1 sends nothing to Telepod: container app sends telemetry to nowhere.invalid:4318, not to Telepod\nproblem"}},
		{"an endpoint of its own for traces", func(f *route.Facts) {
			f.Pods = with(t, `{"name": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "value": "http://nowhere.invalid:4318/v1/traces"}`)
		}, checks.Warning, "; but container app sends traces to nowhere.invalid:4318, not to Telepod", []string{"ok collector: telepod-collector-0, node n1 [10.0.1.7:4317]"}},
		{"an endpoint from a Secret", func(f *route.Facts) {
			f.Pods = with(t, `{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}`)
		}, checks.Unknown, "it is not known whether container app sends telemetry to Telepod: the pod's spec does not show the effect of OTEL_EXPORTER_OTLP_ENDPOINT", []string{"unknown pod: 1 pod [] 1 may send to Telepod: it is not known"}},
		{"disabled by a Secret", func(f *route.Facts) {
			f.Pods = with(t, `{"name": "OTEL_SDK_DISABLED", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y"}}}`)
		}, checks.Unknown, "it is not known whether container app sends telemetry", nil},
		{"variables from envFrom", func(f *route.Facts) { f.Pods[0].Spec.Containers[0].EnvFrom = []injector.EnvSource{{ConfigMap: "x"}} }, checks.OK,
			"gets through to the primary site and its stores, unless envFrom of container app changes that", nil},
		{"bare, silent, and not scheduled", func(f *route.Facts) {
			silent := strings.Replace(status("node"), `"endpoint"`, `"silent": {"app": "user-pair"}, "endpoint"`, 1)
			f.Pods = []*fleet.Pod{pod(t, "a", "n1", ""), pod(t, "b", "n1", silent), pod(t, "c", "", status("node"))}
		}, checks.Unknown, "unknown whether", []string{"warning pod: 3 pods [] 1 is not injected, so it sends nothing through Telepod; 1 sends nothing, or to an endpoint of its own; 1 sends grpc to the Collector of their node", "unknown collector: of their node [] unknown: pods have no node yet"}},
		{"nothing injected", func(f *route.Facts) { f.Pods = []*fleet.Pod{pod(t, "a", "n1", "")} }, checks.Skipped, "not followed: 1 is not injected, so it sends nothing through Telepod", []string{"skipped pod: 1 pod [] 1 is not injected"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := healthy(t)
			test.change(&f)
			r := route.Of(f)
			got := text(r)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if r.Status != test.status {
				t.Errorf("%s, want %s in\n%s", r.Status, test.status, got)
			}
			if !strings.Contains(r.Verdict, test.verdict) {
				t.Errorf("%q, want %q in\n%s", r.Verdict, test.verdict, got)
			}
		})
	}
}

// TestAddresses: each exporter of the chart has the address of its store, and the user's configuration takes precedence.
func TestAddresses(t *testing.T) {
	c := config(t, centralConfig, `exporters: {otlp_grpc/jaeger: {endpoint: "other:4317"}, kafka: {}}`).Value
	for id, want := range map[string]string{
		"otlp_grpc/jaeger": "other:4317", "spool/prometheus": "http://prometheus.monitoring:9090/api/v1/write", "spool/other": "https://mimir.example/push",
		"spool/archive": "s3://telemetry at http://minio:9000", "spool/cold": "s3://cold", "kafka": "kafka-0:9092, kafka-1:9092", "otlp_failover/vendor": "https://otlp.vendor.example",
		"azure_blob/blob": "https://account.blob.core.windows.net", "load_balancing/samplers": "telepod-sampler.telepod.svc:4317", "none": "",
	} {
		if got := c.Address(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if _, err := route.ReadConfig(map[string]string{"collector.yaml": "exporters: ["}); err == nil || !strings.Contains(err.Error(), "read collector.yaml of the Collector's configuration: ") {
		t.Error(err)
	}
}
