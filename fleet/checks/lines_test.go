package checks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/metrics"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// authority returns a CA certificate in PEM.
func authority(t *testing.T, end time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.AddDate(-1, 0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// set is a program's metrics.
func set(t *testing.T, text string) metrics.Set {
	t.Helper()
	found, err := metrics.Read(strings.NewReader(strings.ReplaceAll(text, "; ", "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Metrics of healthy programs. Certificates expire in a year.
const (
	injectorMetrics = `telepod_certificate_ready 1; telepod_certificate_expiry_timestamp_seconds 1.8037e+09; telepod_profiles_last_reload_successful 1; telepod_build_info{version="0.1.0"} 1; telepod_certificate_ca_expiry_timestamp_seconds %d`
	regionMetrics   = `otelcol_exporter_failover_active{signal="traces",endpoint="primary"} 1; otelcol_exporter_failover_active{signal="traces",endpoint="backup"} 0; otelcol_exporter_failover_endpoint_up{signal="traces",endpoint="primary"} 1; otelcol_exporter_queue_capacity{exporter="otlp_failover",data_type="traces"} 100; otelcol_exporter_queue_size{exporter="otlp_failover",data_type="traces"} 3; otelcol_certificate_expiry_timestamp_seconds{file="/etc/telepod/tls/tls.crt"} 1.8037e+09`
	siteMetrics     = `otelcol_exporter_queue_capacity{exporter="spool/archive",data_type="traces"} 100; otelcol_exporter_queue_size{exporter="spool/archive",data_type="traces"} 3; otelcol_certificate_expiry_timestamp_seconds{file="/etc/telepod/tls/tls.crt"} 1.8037e+09`
)

func instance(t *testing.T, name, node, text string) fleet.Instance {
	return fleet.Instance{Namespace: "telepod", Pod: name, Node: node, Ready: true, Image: "example.test/collector:1", Created: now.AddDate(0, 0, -1), Metrics: set(t, text)}
}

func workload(kind, name string, replicas int, ports ...corev1.ContainerPort) checks.Workload {
	return checks.Workload{Kind: kind, Name: name, Desired: replicas, Ready: replicas, Chart: "telepod-0.1.0", Version: "0.1.0",
		Labels: map[string]string{"part": name}, Pod: corev1.PodSpec{Containers: []corev1.Container{{Ports: ports}}}}
}

// healthy returns a cluster without problems.
func healthy(t *testing.T) checks.Snapshot {
	s := checks.Snapshot{Kubectl: "kubectl", Helm: "helm", Namespace: "telepod", Release: "telepod", Now: now, CLI: "devel"}
	s.Kubernetes.Value = apiversion.MustParseGeneric("1.36.3")
	s.Nodes.Value = []checks.Node{{Name: "n1"}, {Name: "n2"}}
	ca := now.AddDate(1, 0, 0)
	own := fmt.Sprintf(injectorMetrics, ca.Unix())
	s.Injector.Value = checks.Part{Workloads: []checks.Workload{workload("Deployment", "telepod-injector", 2, corev1.ContainerPort{Name: "webhook", ContainerPort: 9443})},
		Instances: []fleet.Instance{instance(t, "i1", "n1", own), instance(t, "i2", "n2", own)}}
	s.Collectors.Value = checks.Part{Workloads: []checks.Workload{workload("DaemonSet", "telepod-collector", 2, corev1.ContainerPort{Name: "otlp-grpc", ContainerPort: 4317})},
		Instances: []fleet.Instance{instance(t, "c1", "n1", regionMetrics), instance(t, "c2", "n2", regionMetrics)}}
	s.Central.Value = checks.Part{Workloads: []checks.Workload{workload("StatefulSet", "telepod-central", 1)}, Instances: []fleet.Instance{instance(t, "s1", "n1", siteMetrics)}}
	s.Bindings.Value = map[string]bool{"telepod-injector": true, "telepod-collector": true}
	s.Profiles.Value.Valid = 4
	s.Webhook.Value = []checks.Hook{{Configuration: "telepod-injector", Name: "namespaces.telepod.dev", CABundle: authority(t, ca),
		Service: "telepod/telepod-injector", Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"telepod.dev/injection": "enabled"}}}}
	s.Services.Value = map[string]checks.Service{"telepod/telepod-injector": {Exists: true, Ready: 2}}
	s.Pods.Value = checks.Pods{Labels: map[string]string{"shop": "enabled"}, Injected: map[string]int{"shop": 2}, SendToNode: map[string]int{"n1": 1, "n2": 1}}
	s.OutOfDate.Value = map[fleet.State]int{}
	s.Probe.Value = checks.Probe{Namespace: "default", Injected: true}
	return s
}

func TestHealthyClusterHasNoProblems(t *testing.T) {
	lines := healthy(t).Lines()
	if worst := checks.Worst(lines); worst != checks.OK || len(lines) < 20 {
		t.Errorf("%s in %+v", worst, lines)
	}
}

// TestLines breaks one thing at a time: the first line reports it.
func TestLines(t *testing.T) {
	for _, test := range []struct {
		name   string
		spoil  func(*checks.Snapshot)
		status checks.Status
		seen   string
		repair string
	}{
		{"no answer", func(s *checks.Snapshot) { s.Unreachable = errors.New("dial tcp: refused") }, checks.Failed, "the API server does not answer: dial tcp", "kubectl version"},
		{"old Kubernetes", func(s *checks.Snapshot) { s.Kubernetes.Value = apiversion.MustParseGeneric("1.28.9") }, checks.Warning, "no native sidecars before 1.29", "upgrade"},
		{"a disk is full", func(s *checks.Snapshot) { s.Nodes.Value[1].DiskPressure = true }, checks.Failed, "node n2 has no disk space left", "kubectl describe node n2"},
		{"a node is gone", func(s *checks.Snapshot) { s.Nodes.Value[1].NotReadySince = now }, checks.Warning, "node n2 has not been ready since 2026-03-01", "describe node n2"},
		{"no injector", func(s *checks.Snapshot) { s.Injector.Value = checks.Part{} }, checks.Failed, "release telepod in namespace telepod has no injector", "check --release"},
		{"no right to see it", func(s *checks.Snapshot) {
			s.Injector.Err = fleet.MissingRight{Verb: "list", Resource: "deployments", Place: "namespace telepod", Message: "forbidden"}
		}, checks.Failed, "you lack permission to list deployments in namespace telepod: 1 check could not be made", "telepod rbac --group GROUP | kubectl apply -f -"},
		{"not read", func(s *checks.Snapshot) { s.Injector.Err = errors.New("timeout") }, checks.Unknown, "the injector: unknown: timeout", ""},
		{"scaled to zero", func(s *checks.Snapshot) {
			s.Injector.Value.Workloads[0].Desired, s.Injector.Value.Workloads[0].Ready, s.Injector.Value.Instances = 0, 0, nil
			s.Services.Value["telepod/telepod-injector"] = checks.Service{Exists: true}
			s.Probe.Value.Injected = false
		}, checks.Failed, "deployment/telepod-injector is scaled to zero", "kubectl -n telepod scale deployment/telepod-injector --replicas=2"},
		{"not ready", func(s *checks.Snapshot) { s.Injector.Value.Workloads[0].Ready = 0 }, checks.Failed, "0 of 2 ready: pods are created without injection", "describe pods"},
		{"one of two", func(s *checks.Snapshot) { s.Injector.Value.Workloads[0].Ready = 1 }, checks.Warning, "1 of 2 ready", "describe pods"},
		{"one replica", func(s *checks.Snapshot) {
			s.Injector.Value.Workloads[0].Desired, s.Injector.Value.Workloads[0].Ready = 1, 1
		}, checks.Warning, "one replica", "--replicas=2"},
		{"no rights of its own", func(s *checks.Snapshot) {
			s.Bindings.Value["telepod-injector"] = false
			s.Webhook.Value[0].CABundle = nil
			s.Probe.Value.Injected = false
		}, checks.Failed, "ClusterRoleBinding telepod-injector is missing", "helm -n telepod upgrade telepod CHART --reset-then-reuse-values"},
		{"profiles", func(s *checks.Snapshot) { s.Profiles.Value.Mistakes = "a.yaml:1: wrong\nb.yaml:2: \x1b[2J" }, checks.Failed, "profiles: a.yaml:1: wrong b.yaml:2: [2J", "correct profiles"},
		{"profiles rejected", func(s *checks.Snapshot) {
			s.Injector.Value.Instances[0].Metrics = set(t, "telepod_profiles_last_reload_successful 0")
		}, checks.Warning, "i1 uses older profiles", "logs i1"},
		{"certificate of the webhook", func(s *checks.Snapshot) {
			s.Injector.Value.Instances[0].Metrics = set(t, `telepod_certificate_ready 0; telepod_certificate_reason{reason="expired"} 1`)
			s.Probe.Value.Injected = false
		}, checks.Failed, "pod i1 has no valid certificate: expired", "logs i1"},
		{"no webhook", func(s *checks.Snapshot) { s.Webhook.Value = nil; s.Probe.Value.Injected = false }, checks.Failed, "no MutatingWebhookConfiguration", "helm -n telepod upgrade"},
		{"selector", func(s *checks.Snapshot) { s.Webhook.Value[0].Selector.MatchLabels["x"] = "y" }, checks.Failed, "no webhook selects namespaces", "upgrade"},
		{"selector is missing", func(s *checks.Snapshot) { s.Webhook.Value[0].Selector = nil }, checks.OK, "", ""},
		{"caBundle cleared", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = nil; s.Probe.Value.Injected = false }, checks.Failed, "namespaces.telepod.dev: caBundle is empty", "kubectl -n telepod rollout restart deployment/telepod-injector"},
		{"caBundle is no PEM", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = []byte("x") }, checks.Failed, "it contains no PEM certificate", "rollout restart"},
		{"no such namespace for the probe", func(s *checks.Snapshot) {
			s.Probe = checks.Answer[checks.Probe]{Value: checks.Probe{Namespace: "nope", Absent: true}, Err: errors.New("not found")}
		}, checks.Failed, "was not tested: namespace nope does not exist", "set --probe-namespace"},
		{"caBundle expired", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = authority(t, now.AddDate(0, 0, -1)) }, checks.Failed, "has expired, the last on 2026-02-28", "rollout restart"},
		{"caBundle expires soon", func(s *checks.Snapshot) { s.Webhook.Value[0].CABundle = authority(t, now.AddDate(0, 0, 9)) }, checks.Warning, "expires in 9 days", "rollout restart"},
		{"caBundle is another's", func(s *checks.Snapshot) {
			s.Webhook.Value[0].CABundle = authority(t, now.AddDate(2, 0, 0))
			s.Probe.Value.Injected = false
		}, checks.Failed, "caBundle does not contain the CA", "rollout restart"},
		{"an old CA beside a new one", func(s *checks.Snapshot) {
			s.Webhook.Value[0].CABundle = append(authority(t, now.AddDate(0, 0, -1)), s.Webhook.Value[0].CABundle...)
		}, checks.OK, "", ""},
		{"no Service", func(s *checks.Snapshot) { s.Services.Value["telepod/telepod-injector"] = checks.Service{} }, checks.Failed, "Service telepod/telepod-injector does not exist", "upgrade"},
		{"no endpoint", func(s *checks.Snapshot) { s.Services.Value["telepod/telepod-injector"] = checks.Service{Exists: true} }, checks.Failed, "has no ready endpoint", "get pods"},
		{"not reached on GKE", func(s *checks.Snapshot) { s.Probe.Value.Injected, s.Nodes.Value[0].Provider = false, "gce" }, checks.Failed, "the control plane reach port 9443 of nodes", "logs"},
		{"not reached on EKS", func(s *checks.Snapshot) { s.Probe.Value.Injected, s.Nodes.Value[0].Provider = false, "aws" }, checks.Failed, "set injector.hostNetwork", "logs"},
		{"not reached on AKS", func(s *checks.Snapshot) { s.Probe.Value.Injected, s.Nodes.Value[0].Provider = false, "azure" }, checks.Failed, "admissions.enforcer/disabled", "logs"},
		{"no right to try", func(s *checks.Snapshot) { s.Probe = checks.Answer[checks.Probe]{Err: errors.New("forbidden")} }, checks.OK, "", ""},
		{"not tried", func(s *checks.Snapshot) { s.Probe.Value = checks.Probe{Skipped: true} }, checks.OK, "", ""},
		{"no Collectors", func(s *checks.Snapshot) { s.Collectors.Value = checks.Part{} }, checks.Warning, "no regional Collectors", "central.primary"},
		{"a port is taken", func(s *checks.Snapshot) {
			troubled(s, "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports")
			s.Pods.Value.HostPorts = map[checks.HostPort]string{{Node: "n2", Port: 4318}: "other/taker"}
		}, checks.Failed, "port 4318 of node n2 is taken by pod other/taker: pod c2 (node n2)", "kubectl -n other delete pod taker"},
		{"an image", func(s *checks.Snapshot) { troubled(s, "ErrImagePull: no such image") }, checks.Failed, "image example.test/collector:1 cannot be pulled: pod c2", "kubectl -n telepod rollout undo daemonset/telepod-collector"},
		{"a Secret is missing", func(s *checks.Snapshot) {
			troubled(s, `MountVolume.SetUp failed for volume "tls" : secret "telepod-collector-tls" not found`)
		}, checks.Failed, `secret "telepod-collector-tls" not found: pod c2`, "docs/chart.md"},
		{"it crashes", func(s *checks.Snapshot) { troubled(s, "CrashLoopBackOff: Error: no such exporter") }, checks.Failed, "its process keeps crashing: CrashLoopBackOff: Error: no such exporter", "logs c2 --previous"},
		{"it starts", func(s *checks.Snapshot) {
			troubled(s, "containers with unready status")
			s.Collectors.Value.Instances[1].Created = now.Add(-time.Second)
		}, checks.Warning, "not ready: containers with unready status: pod c2", "describe pod c2"},
		{"no node for Collectors", func(s *checks.Snapshot) {
			s.Collectors.Value.Workloads[0].Desired, s.Collectors.Value.Workloads[0].Ready = 0, 0
		}, checks.Failed, "matches no node", "nodeSelector"},
		{"a node without", func(s *checks.Snapshot) {
			s.Collectors.Value.Instances = s.Collectors.Value.Instances[:1]
			s.Nodes.Value[1].Taints = []corev1.Taint{{Key: "gpu", Value: "yes", Effect: corev1.TaintEffectNoSchedule}}
		}, checks.Failed, "node n2 has no Collector, and 1 of its pods sends to one: it does not tolerate the taint gpu=yes:NoSchedule", "regional.tolerations"},
		{"no node for Collectors, because of a label", func(s *checks.Snapshot) {
			s.Collectors.Value.Workloads[0].Desired, s.Collectors.Value.Workloads[0].Ready, s.Collectors.Value.Instances = 0, 0, nil
			s.Collectors.Value.Workloads[0].Pod.NodeSelector = map[string]string{"pool": "apps"}
			s.Nodes.Value, s.Pods.Value.SendToNode = s.Nodes.Value[1:], map[string]int{"n2": 1}
		}, checks.Failed, "node n2 has no Collector, and 1 of its pods sends to one: nodeSelector requires pool=apps", "remove pool from regional.nodeSelector"},
		{"no node for Collectors, because somebody has changed a label", func(s *checks.Snapshot) {
			w := &s.Collectors.Value.Workloads[0]
			w.Desired, w.Ready, s.Collectors.Value.Instances = 0, 0, nil
			w.Pod.NodeSelector, w.Selected = map[string]string{"pool": "app"}, checks.Change{Manager: "kubectl-patch", At: now, Exactly: true}
			for i := range s.Nodes.Value {
				s.Nodes.Value[i].Labels = map[string]string{"pool": "apps"}
			}
			s.Pods.Value.SendToNode = nil
		}, checks.Failed, "daemonset/telepod-collector runs on no node: nodeSelector pool=app matches no node; the nearest label is pool=apps; changed by kubectl-patch at " + now.UTC().Format("2006-01-02 15:04:05Z"),
			`kubectl -n telepod patch daemonset/telepod-collector --type=merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"pool":"apps"}}}}}'`},
		{"no node for Collectors, because of a mistyped value", func(s *checks.Snapshot) {
			s.Collectors.Value.Workloads[0].Desired, s.Collectors.Value.Workloads[0].Ready, s.Collectors.Value.Instances = 0, 0, nil
			s.Collectors.Value.Workloads[0].Pod.NodeSelector = map[string]string{"pool": "app"}
			s.Nodes.Value, s.Pods.Value.SendToNode = s.Nodes.Value[1:], map[string]int{"n2": 2}
			s.Nodes.Value[0].Labels = map[string]string{"pool": "apps"}
		}, checks.Failed, "node n2 has no Collector, and 2 of its pods send to one: nodeSelector requires pool=app; the nearest label is pool=apps", "set pool: apps in regional.nodeSelector in the chart's values, and run helm upgrade"},
		{"a node without, because somebody has chosen another", func(s *checks.Snapshot) {
			w := &s.Collectors.Value.Workloads[0]
			s.Collectors.Value.Instances = s.Collectors.Value.Instances[:1]
			w.Pod.NodeSelector, w.Selected = map[string]string{"name": "n1"}, checks.Change{Manager: "kubectl-edit", At: now}
			s.Nodes.Value[0].Labels, s.Nodes.Value[1].Labels = map[string]string{"name": "n1"}, map[string]string{"name": "n2"}
		}, checks.Failed, "node n2 has no Collector, and 1 of its pods sends to one: nodeSelector requires name=n1; changed by kubectl-edit at ", "kubectl -n telepod rollout undo daemonset/telepod-collector"},
		{"a node without senders", func(s *checks.Snapshot) {
			s.Collectors.Value.Instances = s.Collectors.Value.Instances[:1]
			delete(s.Pods.Value.SendToNode, "n2")
		}, checks.OK, "", ""},
		{"a site is away", func(s *checks.Snapshot) { region(t, s, away("unreachable")) }, checks.Failed, "the primary site is not usable from 1 of 2 Collectors: connection failed: lookup central.example.com: no such host", "telepod check --context CONTEXT"},
		{"a site is away, and its address is known", func(s *checks.Snapshot) {
			region(t, s, away("unreachable"))
			s.SiteAddresses = map[string]string{"primary": "https://central.example.com:4318"}
		}, checks.Failed, "the primary site is not usable", "telepod check --context CONTEXT  # CONTEXT: the cluster of the primary site, which regions reach at https://central.example.com:4318; if it is healthy there: docs/operations.md#telepodonbackup"},
		{"a site is away, and its address would be a command", func(s *checks.Snapshot) {
			region(t, s, away("unreachable"))
			s.SiteAddresses = map[string]string{"primary": "https://$(reboot):4318"}
		}, checks.Failed, "the primary site is not usable", "# CONTEXT: the cluster of the primary site; if it is healthy there"},
		{"another authority", func(s *checks.Snapshot) { region(t, s, away("handshake")) }, checks.Failed, "TLS negotiation failed: a certificate has expired, or is from another CA", "renew the certificate"},
		{"a site resets connections", func(s *checks.Snapshot) {
			region(t, s, away("hung"))
			s.Collectors.Value.Instances[1].Log = `warn Switched {"from": "primary", "to": "none", "reason": "hung", "cause": "read tcp 10.1.2.3:4318: read: connection reset by peer"}` + "\n"
		}, checks.Failed, "the primary site is not usable from 1 of 2 Collectors: connections break: read tcp 10.1.2.3:4318: read: connection reset by peer", "telepod check --context CONTEXT"},
		{"a site is away, and the backup in use", func(s *checks.Snapshot) {
			region(t, s, away("unreachable")+`; otelcol_exporter_failover_active{signal="traces",endpoint="backup"} 1`)
		}, checks.Failed, "the primary site is not usable", "telepod check --context CONTEXT"},
		{"on the backup", func(s *checks.Snapshot) {
			region(t, s, `otelcol_exporter_failover_active{signal="traces",endpoint="backup"} 1; otelcol_exporter_failover_active{signal="traces",endpoint="primary"} 0`)
		}, checks.Warning, "1 of 2 Collectors send to the backup site", "logs"},
		{"a certificate has expired", func(s *checks.Snapshot) {
			region(t, s, away("handshake")+`; otelcol_certificate_expiry_timestamp_seconds{file="/etc/telepod/tls/tls.crt"} 1.7e+09`)
		}, checks.Failed, "the regional Collectors' certificate expired on 2023-11-14", "renew it"},
		{"a queue is full", func(s *checks.Snapshot) {
			region(t, s, strings.Replace(regionMetrics, `"} 3`, `"} 99`, 1))
		}, checks.Failed, "the queue of otlp_failover of pod c2 (node n2) is full", "logs c2"},
		{"a queue fills", func(s *checks.Snapshot) {
			region(t, s, strings.Replace(regionMetrics, `"} 3`, `"} 60`, 1))
		}, checks.Warning, "is 60 % full", "logs c2"},
		{"a disk has no room", func(s *checks.Snapshot) {
			grows(t, s, `otelcol_storage_refused_writes_total{reason="full"} %d`)
		}, checks.Failed, "pod c2 (node n2) cannot write to its queue: no space is left on its disk", "debug node/n2"},
		{"a disk had no room", func(s *checks.Snapshot) {
			region(t, s, regionMetrics+`; otelcol_storage_refused_writes_total{reason="full"} 7`)
		}, checks.OK, "", ""},
		{"refusals", func(s *checks.Snapshot) {
			grows(t, s, `otelcol_receiver_refused_requests_total{reason="memory"} %d`)
		}, checks.Warning, "pod c2 (node n2) refuses requests: memory", "logs c2"},
		{"rejects", func(s *checks.Snapshot) {
			grows(t, s, `otelcol_exporter_failover_rejected_items_total{endpoint="primary"} %d`)
		}, checks.Failed, "a site rejects items permanently", "logs c2"},
		{"S3 refuses", func(s *checks.Snapshot) {
			s.Central.Value.Instances[0].Log = `warn Exporting failed. Will retry the request after interval. {"otelcol.component.id": "spool/archive", "error": "AccessDenied: no"}` + "\n"
		}, checks.Failed, "spool/archive does not deliver: the archive (S3): AccessDenied: no", "logs s1"},
		{"S3 refused once", func(s *checks.Snapshot) {
			s.Central.Value.Instances[0].Log = `warn Exporting failed. {"otelcol.component.id": "spool/archive", "error": "AccessDenied: no"}` + "\n"
			s.Central.Value.Instances[0].Metrics = set(t, strings.Replace(siteMetrics, `"} 3`, `"} 0`, 1))
		}, checks.OK, "", ""},
		{"S3 accepts nothing for a while, as between two batches", func(s *checks.Snapshot) { waiting(t, s, 5) }, checks.OK, "", ""},
		{"the site is scaled to zero", func(s *checks.Snapshot) {
			s.Central.Value.Workloads[0].Desired, s.Central.Value.Workloads[0].Ready, s.Central.Value.Instances = 0, 0, nil
			region(t, s, away("unreachable"))
		}, checks.Failed, "statefulset/telepod-central is scaled to zero", "kubectl -n telepod scale statefulset/telepod-central --replicas=1"},
		{"the site ends", func(s *checks.Snapshot) {
			s.Central.Value.Workloads[0].Desired, s.Central.Value.Instances = 0, nil
			s.Central.Value.Workloads[0].Scaled = checks.Change{Manager: "kubectl", At: now, Exactly: true}
		}, checks.Failed, "statefulset/telepod-central is scaled to zero (changed by kubectl at 2026-03-01 12:00:00Z): its last pods end; then regions keep their data", "--replicas=1"},
		{"a policy", func(s *checks.Snapshot) { s.Policies.Value = []networkingv1.NetworkPolicy{deny("telepod-collector")} }, checks.Failed, "NetworkPolicy deny blocks port 4317 of daemonset/telepod-collector for pods", "kubectl -n telepod delete networkpolicy deny"},
		{"a policy beside one that opens", func(s *checks.Snapshot) {
			open := deny("telepod-collector")
			open.Spec.Ingress = []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Port: &intstr.IntOrString{Type: intstr.String, StrVal: "otlp-grpc"}}}}}
			s.Policies.Value = []networkingv1.NetworkPolicy{deny("telepod-collector"), open}
		}, checks.OK, "", ""},
		{"a policy that nothing enforces", func(s *checks.Snapshot) { s.Policies.Value = []networkingv1.NetworkPolicy{deny("telepod-injector")} }, checks.Warning, "blocks port 9443 of deployment/telepod-injector for the API server", "delete networkpolicy"},
		{"half an upgrade", func(s *checks.Snapshot) { s.Collectors.Value.Workloads[0].Chart = "telepod-0.0.9" }, checks.Failed, "daemonset/telepod-collector: chart 0.0.9; deployment/telepod-injector, statefulset/telepod-central: chart 0.1.0", "upgrade"},
		{"another version of telepod", func(s *checks.Snapshot) { s.CLI = "v0.2.0" }, checks.Warning, "this telepod is version 0.2.0, the injector is 0.1.0", "use telepod 0.1.0"},
		{"no label", func(s *checks.Snapshot) { s.Pods.Value.Labels, s.Pods.Value.Injected = nil, nil }, checks.Warning, "no namespace has the label", "kubectl label --overwrite namespace"},
		{"a label is gone", func(s *checks.Snapshot) { delete(s.Pods.Value.Labels, "shop") }, checks.Failed, "namespace shop has 2 injected pods and no label", "kubectl label --overwrite namespace shop telepod.dev/injection=enabled"},
		{"a label is mistyped", func(s *checks.Snapshot) { s.Pods.Value.Labels["shop"] = "enable" }, checks.Failed, "namespace shop has the label telepod.dev/injection: enable, which is not a valid value: use enabled or disabled, and then restart its bare pods: telepod restart --bare -n shop", "namespace shop"},
		{"stale", func(s *checks.Snapshot) { s.OutOfDate.Value = map[fleet.State]int{fleet.Stale: 2, fleet.Bare: 1} }, checks.Warning, "workloads out of date: 1 bare, 2 stale; bare pods send nothing", "telepod restart --stale --bare -A"},
		{"refused", func(s *checks.Snapshot) { s.OutOfDate.Value = map[fleet.State]int{fleet.Refused: 1} }, checks.Warning, "workloads out of date: 1 refused", "telepod stale -A"},
		{"settings with mistakes", func(s *checks.Snapshot) {
			s.Remarkable = []*fleet.Workload{{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, Mistakes: []string{"unknown-profile: x", "y"}}}
		}, checks.Warning, "1 workload has mistakes in its settings: shop/deployment/web: unknown-profile: x", "telepod explain deployment/web -n shop"},
		{"traces turned off", func(s *checks.Snapshot) {
			s.Remarkable = []*fleet.Workload{{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, Sends: []fleet.Sending{
				{Container: "app", Signals: []string{"traces"}, Fate: fleet.TurnedOff, Variable: "OTEL_TRACES_EXPORTER", Value: "none"}}}}
		}, checks.Warning, "injected, but it sends no traces: shop/deployment/web: container app turns traces off: OTEL_TRACES_EXPORTER=none", "kubectl -n shop set env deployment/web -c app OTEL_TRACES_EXPORTER-"},
		{"logs turned off, and an endpoint of its own", func(s *checks.Snapshot) {
			s.Remarkable = []*fleet.Workload{{Identity: fleet.Identity{Namespace: "shop", Kind: "Deployment", Name: "web"}, Sends: []fleet.Sending{
				{Container: "app", Signals: []string{"logs"}, Fate: fleet.TurnedOff}, {Container: "app", Signals: []string{"traces"}, Fate: fleet.Elsewhere, Variable: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "x"}}}}
		}, checks.OK, "injected, with an endpoint or exporter of its own: shop/deployment/web: container app sends traces to x", ""},
		{"other injectors", func(s *checks.Snapshot) { s.Others = fleet.Others{"Odigos": 2, "Datadog": 1} }, checks.OK, "other telemetry injectors: Datadog (pods: 1), Odigos (pods: 2): their settings win, and Telepod sets the rest", ""},
		{"a canary waits", func(s *checks.Snapshot) { s.Canaries = []checks.Canary{{Pod: "c1", Node: "n1"}} }, checks.Failed, "canary: waits on the node", "logs c1"},
		{"a canary is refused", func(s *checks.Snapshot) { s.Canaries = []checks.Canary{{Pod: "c1", Accepted: errors.New("no")}} }, checks.Failed, "canary: lost before the node's disk", "logs c1"},
		{"a canary is lost", func(s *checks.Snapshot) { s.Canaries = []checks.Canary{{Pod: "c1", Site: "primary", Looked: true}} }, checks.Failed, "canary: lost behind the site", "telepod check"},
		{"a canary waits at the site", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", Site: "primary", SiteContext: "eu", Stores: []checks.Delivery{{Exporter: "spool/archive", Delivered: true}, {Exporter: "otlp_grpc/jaeger", Waits: true}}}}
		}, checks.Failed, "canary: waits at the primary site, which accepted it from the Collector c1, for Jaeger (otlp_grpc/jaeger)", "back ends of context eu"},
		{"a canary whose site is unknown", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", SiteErr: errors.New("pod c1: timeout")}}
		}, checks.Unknown, "canary: the Collector c1 has it on disk; whether a site has accepted it is unknown: pod c1: timeout", ""},
		{"a canary whose site is unknown, in the archive", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", SiteErr: errors.New("timeout"), Looked: true, Archived: true}}
		}, checks.OK, "", ""},
		{"a canary whose stores are unknown", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", Site: "primary", SiteContext: "eu", StoresErr: errors.New("pod s1: timeout")}}
		}, checks.Unknown, "through the Collector c1; whether its stores accept spans is unknown: pod s1: timeout", ""},
		{"a canary is sampled", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", Site: "primary", SiteContext: "eu", Stores: []checks.Delivery{{Exporter: "otlp_grpc/jaeger"}}}}
		}, checks.OK, "", ""},
		{"a canary arrives", func(s *checks.Snapshot) {
			s.Canaries = []checks.Canary{{Pod: "c1", Site: "primary", Looked: true, Archived: true}}
		}, checks.OK, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := healthy(t)
			test.spoil(&s)
			lines := checks.Fold(s.Lines())
			first := lines[0]
			if test.status == checks.OK {
				if first.Status.Problem() {
					t.Errorf("a false alarm: %+v", first)
				}
				return
			}
			if first.Status != test.status || !strings.Contains(first.Seen, test.seen) || !strings.Contains(first.Repair, test.repair) || (test.repair == "") != (first.Repair == "") {
				t.Errorf("want %s %q repaired by %q first in\n%+v", test.status, test.seen, test.repair, lines)
			}
			for _, line := range lines[1:] {
				if line.Status.Problem() && line.Because != first.Code {
					t.Errorf("another problem in addition to %q: %+v", first.Seen, line)
				}
			}
			if checks.Worst(lines) != test.status {
				t.Errorf("worst is %s", checks.Worst(lines))
			}
		})
	}
}

// waiting sets the metrics of the site's archive: data in its queue, and the spans that it has sent, 5 at the first reading
// and now at the second.
func waiting(t *testing.T, s *checks.Snapshot, now int) {
	t.Helper()
	const sent = `; otelcol_exporter_sent_spans_total{exporter="spool/archive"} %d`
	i := &s.Central.Value.Instances[0]
	i.Earlier, i.Twice = set(t, siteMetrics+fmt.Sprintf(sent, 5)), true
	i.Metrics = set(t, siteMetrics+fmt.Sprintf(sent, now))
}

// TestBackEnds: "back ends accept data" lists only those that sent data, or have none.
func TestBackEnds(t *testing.T) {
	const accepts = "back ends accept data: spool/archive"
	for _, test := range []struct {
		name   string
		change func(*checks.Snapshot)
		status checks.Status
		seen   string
	}{
		{"sends", func(s *checks.Snapshot) { waiting(t, s, 6) }, checks.OK, accepts},
		{"has no data", func(s *checks.Snapshot) {
			s.Central.Value.Instances[0].Metrics = set(t, strings.Replace(siteMetrics, `"} 3`, `"} 0`, 1))
		}, checks.OK, accepts},
		{"waits", func(s *checks.Snapshot) { waiting(t, s, 5) }, checks.Skipped, "whether spool/archive accepts data is unknown: data waits, and nothing was sent between two readings"},
		{"was read once", func(*checks.Snapshot) {}, checks.Skipped, "whether spool/archive accepts data is unknown: data waits, and its counters were read only once"},
	} {
		s := healthy(t)
		test.change(&s)
		found := slices.DeleteFunc(s.Lines(), func(l checks.Line) bool { return l.Code != "back-ends" })
		if len(found) != 1 || found[0].Status != test.status || found[0].Seen != test.seen {
			t.Errorf("%s: %+v, want %s %q", test.name, found, test.status, test.seen)
		}
	}
}

// TestLosses: one line has what was lost since the Collectors started, which is not a problem.
func TestLosses(t *testing.T) {
	const up = `; otelcol_process_uptime_seconds_total{} `
	for _, test := range []struct {
		metrics string
		status  checks.Status
		seen    string
	}{
		{regionMetrics + up + "7200", checks.OK, "the counters of 1 of 3 Collectors show no data refused, rejected or dropped since the Collectors started (the last one 120m ago)"},
		{regionMetrics + up + `60; otelcol_receiver_produced_items_total{otelcol_component_outcome="success"} 9; otelcol_receiver_refused_requests_total{reason="malformed"} 2; otelcol_receiver_refused_requests_total{reason="memory"} 1; ` +
			`otelcol_fan_out_dropped_items_total{pipeline="traces/jaeger"} 5; otelcol_exporter_send_failed_spans_total{exporter="spool/archive"} 4; otelcol_exporter_send_failed_spans_total{exporter="kafka"} 3`, checks.Skipped,
			"since the Collectors started (the last one 60s ago), the counters of 1 of 3 Collectors show requests refused: 3, items dropped: 5, items not sent: 3"},
	} {
		s := healthy(t)
		region(t, &s, test.metrics)
		found := slices.DeleteFunc(s.Lines(), func(l checks.Line) bool { return l.Code != "refusals" })
		if len(found) != 1 || found[0].Status != test.status || found[0].Seen != test.seen {
			t.Errorf("%+v, want %s %q", found, test.status, test.seen)
		}
	}
}

// troubled makes the second Collector unready.
func troubled(s *checks.Snapshot, trouble string) {
	s.Collectors.Value.Workloads[0].Ready = 1
	i := &s.Collectors.Value.Instances[1]
	i.Ready, i.Trouble = false, "pod c2 is not ready: "+trouble
}

// region changes the metrics of the second Collector.
func region(t *testing.T, s *checks.Snapshot, text string) {
	t.Helper()
	i := &s.Collectors.Value.Instances[1]
	i.Metrics = set(t, text)
	i.Log = `warn No endpoint accepts the signal {"from": "primary", "to": "none", "reason": "x", "cause": "lookup central.example.com: no such host"}` + "\n"
}

// away returns the metrics of a Collector whose only site is unusable.
func away(outcome string) string {
	return `otelcol_exporter_failover_active{signal="traces",endpoint="primary"} 0; otelcol_exporter_failover_endpoint_up{signal="traces",endpoint="primary"} 0; otelcol_exporter_failover_requests_total{signal="traces",endpoint="primary",outcome="` + outcome + `"} 5`
}

// grows makes a counter of the second Collector grow between two readings.
func grows(t *testing.T, s *checks.Snapshot, counter string) {
	t.Helper()
	i := &s.Collectors.Value.Instances[1]
	i.Earlier, i.Twice = set(t, fmt.Sprintf(counter, 5)), true
	i.Metrics = set(t, regionMetrics+"; "+fmt.Sprintf(counter, 6))
}

func deny(part string) networkingv1.NetworkPolicy {
	return networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "deny"}, Spec: networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"part": part}}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}}}
}
