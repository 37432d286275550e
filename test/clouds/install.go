package clouds

import (
	"context"
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
	"github.com/telepod/telepod/test/install"
)

// central is the name of the central site's objects.
const central = "telepod-central"

// Install installs Telepod in every cluster with telepod estate, from the estate file of this package.
func (e *Estate) Install(ctx context.Context) error {
	return e.withLoadBalancers(ctx, func(ctx context.Context) error {
		if err := os.WriteFile(e.path("estate.yaml"), []byte(described+values), 0o644); err != nil {
			return err
		}
		kubeconfig, err := e.Kubeconfig()
		if err != nil {
			return err
		}
		_, err = e.run(ctx, kubeconfig, "telepod estate check\ntelepod estate ca init\ntelepod estate install")
		return err
	})
}

// withLoadBalancers runs an installation while it simulates the clouds: volumes, bucket keys and load balancers. It
// returns once every cluster injects a pod that opts in.
func (e *Estate) withLoadBalancers(ctx context.Context, do func(context.Context) error) error {
	if err := e.linkStores(); err != nil {
		return err
	}
	if err := e.each(func(s *Site) error { return s.prepare(ctx) }); err != nil {
		return err
	}
	done, stop := context.WithCancel(ctx)
	defer stop()
	balanced := make(chan error, 1)
	go func() { balanced <- e.each(func(s *Site) error { return e.serveLoadBalancer(done, s) }) }()
	if err := do(ctx); err != nil {
		return err
	}
	if err := <-balanced; err != nil {
		return err
	}
	return e.each(func(s *Site) error { return install.Injecting(ctx, s.Cluster) })
}

// prepare creates the objects that a cloud provides for a central site.
func (s *Site) prepare(ctx context.Context) error {
	if !s.Central() {
		return nil
	}
	// The directory belongs to the Collector's user: the kubelet does not change the owner of hostPath volumes.
	disk := filepath.Join(s.Telemetry().Disk, "central")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		return err
	}
	if err := os.Chown(disk, 10001, 10001); err != nil {
		return err
	}
	return s.Apply(ctx, fmt.Sprintf(siteManifests, s.Telemetry().Name, install.Namespace, central))
}

// siteManifests contains the volume of a central site, on its node's disk, and the bucket's keys for a site outside AWS.
// The S3 server does not check the keys.
const siteManifests = `
apiVersion: v1
kind: Namespace
metadata: {name: %[2]s}
---
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
`

// serveLoadBalancer simulates the cloud's load balancer for a central site: it waits for the Service, opens links from
// every cluster to the Service's port on the site's node, and publishes the site's host name.
func (e *Estate) serveLoadBalancer(ctx context.Context, s *Site) error {
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
		return fmt.Errorf("service %s has no node port yet", central)
	})
	return port, err
}

// DeployShop runs the services of examples/shop, with secrets in their telemetry, and opens the links between them.
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
		// The namespace comes first in the manifests, and the pods wait for the ConfigMap.
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
