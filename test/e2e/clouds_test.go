package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/injector"
)

// cloud is a namespace with a profile, and the variables expected in its pods. An empty region means that of the
// pod's node.
type cloud struct {
	profile, provider, platform, region, account, cluster string
}

// testClouds runs every kind of workload in a namespace for each cloud.
func testClouds(t *testing.T, s *stage) {
	for namespace, cloud := range map[string]cloud{
		"aws":   {"aws", "aws", "aws_eks", "", account, clusterName},
		"gcp":   {"gcp-euw1", "gcp", "gcp_kubernetes_engine", "europe-west1", "shop-prod", "prod-euw1"},
		"azure": {"azure-weu", "azure", "azure.aks", "westeurope", "2f6c1d4e", "prod-weu"},
	} {
		t.Run(namespace, func(t *testing.T) {
			t.Parallel()
			s.namespace(t, namespace, enabled(), map[string]string{injector.ProfileAnnotation: cloud.profile})
			s.waitForProfile(t, namespace, cloud.profile)
			s.kubectl(t, "apply", "--namespace="+namespace, "-f", "testdata/workloads.yaml")
			s.schedule(t, namespace, "report")
			for _, w := range []struct {
				app     string
				pods    int
				service string
				owners  func(p *corev1.Pod) map[string]string
			}{
				{"web", 1, "web", func(p *corev1.Pod) map[string]string {
					return map[string]string{"DEPLOYMENT": "web", "REPLICASET": controller(p)}
				}},
				{"db", 1, "db", owner("STATEFULSET", "db")},
				{"agent", 2, "agent", owner("DAEMONSET", "agent")},
				{"load", 1, "load", owner("JOB", "load")},
				{"report", 1, "report", func(p *corev1.Pod) map[string]string {
					return map[string]string{"CRONJOB": "report", "JOB": controller(p)}
				}},
				{"bare", 1, "bare", func(*corev1.Pod) map[string]string { return nil }},
			} {
				t.Run(w.app, func(t *testing.T) {
					for _, seen := range s.observePods(t, namespace, w.app, w.pods) {
						want := cloud.variables(seen.pod, seen.node, w.service, w.owners(seen.pod))
						if diff := cmp.Diff(want, ours(seen.environment)); diff != "" {
							t.Errorf("pod %s (-want +got):\n%s", seen.pod.Name, diff)
						}
					}
				})
			}
		})
	}
}

// waitForProfile waits until the webhook has read the namespace's profile: earlier pods would get the default profile.
func (s *stage) waitForProfile(t *testing.T, namespace, profile string) {
	t.Helper()
	for range 6 { // reaches both replicas, very likely
		eventually(t, func(ctx context.Context) error {
			made, _, err := s.dryRun(ctx, allowed(pod(namespace, nil, nil)))
			if err != nil {
				return err
			}
			if got := status(t, made); got == nil || got.Profile != profile {
				return fmt.Errorf("status %+v, want profile %s", got, profile)
			}
			return nil
		})
	}
}

func owner(kind, name string) func(*corev1.Pod) map[string]string {
	return func(*corev1.Pod) map[string]string { return map[string]string{kind: name} }
}

func controller(p *corev1.Pod) string { return metav1.GetControllerOf(p).Name }

// observedPod is the environment that the application in a pod printed.
type observedPod struct {
	pod         *corev1.Pod
	node        *corev1.Node
	environment map[string]string
}

// observePods waits until this many pods of a workload have printed their environment.
func (s *stage) observePods(t *testing.T, namespace, app string, count int) (seen []observedPod) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		pods, err := s.pods(ctx, namespace, "app="+app)
		if err != nil || len(pods) < count {
			return fmt.Errorf("%d pods, want %d: %w", len(pods), count, err)
		}
		seen = nil
		for i := range pods[:count] {
			p := &pods[i]
			if p.Status.PodIP == "" && p.Status.Phase != corev1.PodSucceeded {
				return fmt.Errorf("pod %s has no address yet", p.Name)
			}
			environment, err := s.environment(ctx, p)
			if err != nil {
				return err
			}
			node, err := s.client.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
			if err != nil {
				return err
			}
			seen = append(seen, observedPod{p, node, environment})
		}
		return nil
	})
	return seen
}

// ours filters the variables that Telepod sets, or must leave unset, such as AWS_REGION. Resource attributes become
// separate entries, decoded as SDKs do.
func ours(seen map[string]string) map[string]string {
	mine := map[string]string{}
	for name, value := range seen {
		switch prefix, _, _ := strings.Cut(name, "_"); prefix {
		case "CLOUD", "K8S", "OTEL", "DEPLOYMENT", "AWS", "GOOGLE", "AZURE", "FROM":
			mine[name] = value
		}
	}
	for part := range strings.SplitSeq(mine["OTEL_RESOURCE_ATTRIBUTES"], ",") {
		key, value, _ := strings.Cut(part, "=")
		if decoded, err := url.PathUnescape(value); err == nil {
			mine[key] = decoded
		}
	}
	delete(mine, "OTEL_RESOURCE_ATTRIBUTES")
	return mine
}

// variables returns all variables and resource attributes that a pod should have.
func (c cloud) variables(p *corev1.Pod, n *corev1.Node, service string, owners map[string]string) map[string]string {
	region := c.region
	if region == "" {
		region = n.Labels["topology.kubernetes.io/region"]
	}
	zone := n.Labels["topology.kubernetes.io/zone"]
	want := map[string]string{
		"CLOUD_PROVIDER": c.provider, "CLOUD_PLATFORM": c.platform, "CLOUD_REGION": region,
		"CLOUD_ACCOUNT_ID": c.account, "CLOUD_AVAILABILITY_ZONE": zone,
		"DEPLOYMENT_ENVIRONMENT": environment,
		"K8S_CLUSTER_NAME":       c.cluster, "K8S_NAMESPACE": p.Namespace, "K8S_POD_NAME": p.Name, "K8S_POD_UID": string(p.UID),
		"K8S_NODE_NAME": p.Spec.NodeName, "K8S_NODE_IP": p.Status.HostIP, "K8S_CONTAINER_NAME": "app",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + p.Status.HostIP + ":4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		"OTEL_SERVICE_NAME": service, "OTEL_PROPAGATORS": "tracecontext,baggage",
		"FROM_USER": "http://" + p.Status.HostIP + ":9/" + c.provider,

		"cloud.provider": c.provider, "cloud.platform": c.platform, "cloud.region": region,
		"cloud.account.id": c.account, "cloud.availability_zone": zone, "deployment.environment.name": environment,
		"k8s.cluster.name": c.cluster, "k8s.namespace.name": p.Namespace, "k8s.pod.name": p.Name, "k8s.pod.uid": string(p.UID),
		"k8s.node.name": p.Spec.NodeName, "k8s.container.name": "app",
		"service.namespace": p.Namespace, "service.version": "1", "service.instance.id": p.Namespace + "." + p.Name + ".app",
	}
	if ip := p.Status.PodIP; ip != "" { // removed after the pod has ended
		want["K8S_POD_IP"] = ip
	}
	attributes := map[string]string{}
	for kind, name := range owners {
		want["K8S_"+kind+"_NAME"] = name
		attributes["k8s."+strings.ToLower(kind)+".name"] = name
	}
	maps.Copy(want, attributes)
	return want
}
