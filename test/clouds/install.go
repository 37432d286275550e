package clouds

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

// The objects of the chart's central site.
const central = "telepod-central"

// Install installs the chart in every cluster.
func (e *Estate) Install(ctx context.Context) error {
	if err := e.linkStores(); err != nil {
		return err
	}
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	return e.each(func(s *Site) error {
		o, err := s.installation(ca)
		if err != nil {
			return err
		}
		done, stop := context.WithCancel(ctx)
		defer stop()
		balanced := make(chan error, 1)
		go func() { balanced <- e.balance(done, s) }()
		if err := install.Telepod(ctx, s.Cluster, o); err != nil {
			return err
		}
		return <-balanced
	})
}

// installation is the chart's example for the place, and what differs here.
func (s *Site) installation(ca authority) (o install.Options, err error) {
	chart, err := helm.Chart()
	if err != nil {
		return o, err
	}
	o = install.Options{
		Files: []string{filepath.Join(chart, "examples", s.example)}, Values: s.Place.values(),
		PodSecurity: "privileged", // the DaemonSet has a directory and two ports of its node
	}
	if o.Manifests, err = ca.secret("telepod-collector-tls", s.Place.Cluster+".regions.telepod", x509.ExtKeyUsageClientAuth); err != nil || !s.Central() {
		return o, err
	}
	name, _, err := net.SplitHostPort(s.Endpoint)
	if err != nil {
		return o, err
	}
	secret, err := ca.secret(central+"-tls", name, x509.ExtKeyUsageServerAuth)
	o.Manifests += secret + fmt.Sprintf(siteManifests, s.Telemetry().Name, install.Namespace, central)
	if err != nil {
		return o, err
	}
	// The Collector's user; the kubelet does not hand hostPath volumes over.
	disk := filepath.Join(s.Telemetry().Disk, "central")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		return o, err
	}
	return o, os.Chown(disk, 10001, 10001)
}

// siteManifests: the volume of a central site, on its node's disk, and the keys with which a site
// outside of AWS reaches the bucket; nobody checks them here.
const siteManifests = `
apiVersion: v1
kind: PersistentVolume
metadata: {name: central}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: /var/lib/telepod/central}
  claimRef: {namespace: %[2]s, name: queue-%[3]s-0}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [%[1]s]}]}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: telemetry-archive, namespace: %[2]s}
stringData: {access-key-id: example, secret-access-key: example}
---
`

// values go on top of the examples: what is smaller, nearer or quicker than in production.
func (p Place) values() string {
	common := fmt.Sprintf(`
cloud: {region: %s, account: %q}
cluster: {name: %s}
environment: demo
tls: {issuerRef: null, caConfigMap: "", clientCAConfigMap: ""}
injector: {enabled: true, replicas: 1}
regional:
  enabled: true
  nodeSelector: {pool: apps}
  queue: {megabytes: 512}
  resources: {requests: {cpu: 50m, memory: 96Mi}, limits: {memory: 384Mi}}
  cloudExport: {signals: []}
  identity: ""
collector: {metrics: {interval: 5s}}
`, p.Region, p.Account, p.Cluster)
	if p.Endpoint == "" {
		return common + fmt.Sprintf("central: {primary: %q, backup: %q}\n", primaryEndpoint, backupEndpoint)
	}
	return common + fmt.Sprintf(siteValues, primaryEndpoint, backupEndpoint)
}

const siteValues = `
central:
  primary: %q
  backup: %q
  replicas: 1
  tracesPerSecond: 200
  sampling: {keepPercent: 25, decisionSeconds: 5}
  jaeger: jaeger.example.com:4317
  prometheus: http://prometheus.example.com:9091/api/v1/write
  archive:
    bucket: ` + Bucket + `
    endpoint: http://s3.us-east-1.example.com:9000
    regions: [aws/us-east-1, gcp/europe-west1, azure/eastasia]
  kafka: {brokers: ["kafka.example.com:9092"]}
  destinations:
    - {name: victorialogs, protocol: otlp_http, endpoint: "http://victorialogs.example.com:9428/insert/opentelemetry", signals: [logs]}
  storage: {gigabytes: 1, className: ""}
  nodeSelector: {pool: telemetry}
  tolerations: [{key: dedicated, operator: Equal, value: telemetry, effect: NoSchedule}]
  resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 768Mi}}
  config:
    connectors: {span_metrics: {metrics_flush_interval: 5s}}
    processors: {cluster_identity: {require: true}}
    connectors: {spool/archive: {sending_queue: {batch: {flush_timeout: 2s}}}}
`

// balance plays the cloud's load balancer for a central site: it waits for the Service, opens the paths
// from every cluster to its port on the site's node, and says under which name the site is reached.
func (e *Estate) balance(ctx context.Context, s *Site) error {
	if !s.Central() {
		return nil
	}
	port, err := s.awaitNodePort(ctx)
	if err != nil {
		return err
	}
	name, entry, err := net.SplitHostPort(s.Endpoint)
	if err != nil {
		return err
	}
	target := net.JoinHostPort(s.Telemetry().Address, strconv.Itoa(int(port)))
	for _, from := range e.sites {
		if err := e.link(from, entry, s.Place, "central", target); err != nil {
			return err
		}
	}
	patch, err := json.Marshal(map[string]any{"status": corev1.ServiceStatus{
		LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{Hostname: name}}},
	}})
	if err != nil {
		return err
	}
	_, err = s.Client.CoreV1().Services(install.Namespace).Patch(ctx, central, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func (s *Site) awaitNodePort(ctx context.Context) (port int32, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		service, err := s.Client.CoreV1().Services(install.Namespace).Get(ctx, central, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, p := range service.Spec.Ports {
			if p.Name == "otlp-http" && p.NodePort != 0 {
				port = p.NodePort
				return nil
			}
		}
		return fmt.Errorf("service %s has no port on nodes yet", central)
	})
	return port, err
}

// DeployShop runs the services of examples/shop, which write secrets into their telemetry, and opens
// the paths between them.
func (e *Estate) DeployShop(ctx context.Context) error {
	aws, gcp, azure := e.sites[0], e.sites[1], e.sites[2]
	for port, to := range map[string]*Site{"30081": gcp, "30090": gcp, "30082": azure} {
		if err := e.link(aws, port, to.Place, "shop", net.JoinHostPort(to.Apps().Address, port)); err != nil {
			return err
		}
	}
	err := e.each(func(s *Site) error {
		manifests, err := readShop(s.Cloud + ".yaml")
		if err != nil {
			return err
		}
		settings := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop, namespace: shop}\ndata:\n"
		if s == aws {
			if settings, err = readShop("upstreams.yaml"); err != nil {
				return err
			}
		}
		// The namespace is first in the manifests, and the pods wait for the settings.
		if err := s.Apply(ctx, manifests+"\n---\n"+strings.TrimRight(settings, "\n")+"\n  SHOP_LEAK: \"true\"\n"); err != nil {
			return err
		}
		_, err = s.Kubectl(ctx, "--namespace=shop", "wait", "--for=condition=Available", "deployment", "--all", "--timeout="+patience.String())
		return err
	})
	if err != nil {
		return err
	}
	return await.Success(ctx, patience, e.tryOrder)
}
