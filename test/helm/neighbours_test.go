package helm_test

import (
	"encoding/json"
	"strings"
	"testing"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// release runs Helm on a release in a namespace with the same name.
func (c *server) release(t *testing.T, verb, name string, args ...string) error {
	t.Helper()
	args = append([]string{verb, name, chart(t), "--namespace", name, "--create-namespace", "--kubeconfig", c.Kubeconfig()}, args...)
	if verb == "upgrade" {
		args = append(args, "--install")
	}
	_, err := program(t, "v4").Run(t.Context(), args...)
	return err
}

func (c *server) uninstall(t *testing.T, name string) {
	t.Helper()
	if _, err := program(t, "v4").Run(t.Context(), "uninstall", name, "--namespace", name, "--kubeconfig", c.Kubeconfig()); err != nil {
		t.Fatal(err)
	}
}

// testSecondRelease installs a second release next to "telepod": the chart must reject it while both would match the same
// pods or use the same node ports.
func (c *server) testSecondRelease(t *testing.T) {
	values := []string{"--values", presets(t)["aws"]}
	for _, refused := range []struct{ set, want string }{
		{"fullnameOverride=canary,regional.enabled=false", `release "telepod" has a webhook that injects the same pods, telepod-injector`},
		{"fullnameOverride=canary,injector.revision=next", "already runs Collectors with the same host ports or queue directory: set regional.enabled=false and regional.host=telepod-collector.telepod.svc"},
		{"fullnameOverride=canary,injector.revision=next,regional.hostPorts.grpc=14317,regional.hostPorts.http=14318", "another regional.queue.path"},
		{"fullnameOverride=telepod,injector.revision=next,regional.enabled=false", "cannot be imported into the current release"},
	} {
		if err := c.release(t, "install", "canary", append(values, "--set", refused.set)...); err == nil || !strings.Contains(err.Error(), refused.want) {
			t.Errorf("%s: %v, want %q in it", refused.set, err, refused.want)
		}
	}
	for _, set := range []string{
		"injector.revision=next,regional.enabled=false,regional.host=telepod-collector.telepod.svc",
		"injector.revision=next,regional.hostPorts.grpc=14317,regional.hostPorts.http=14318,regional.queue.path=/var/lib/canary",
	} {
		if err := c.release(t, "upgrade", "canary", append(values, "--set", set)...); err != nil {
			t.Errorf("%s: %v", set, err)
		}
		c.checkOneWebhook(t)
	}
	c.uninstall(t, "canary")
}

// checkOneWebhook checks namespaces of every kind against the selectors of both releases: at most one webhook of one
// release matches a namespace's pods.
func (c *server) checkOneWebhook(t *testing.T) {
	t.Helper()
	var list admissionregistration.MutatingWebhookConfigurationList
	if err := json.Unmarshal([]byte(c.kubectl(t, "get", "mutatingwebhookconfigurations", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 {
		t.Fatalf("%d webhook configurations, want those of two releases", len(list.Items))
	}
	for _, namespace := range []struct{ injection, revision, want string }{
		{"enabled", "", "telepod-injector"}, {"enabled", "next", "canary-telepod-injector"}, {"enabled", "other", ""},
		{"", "", "telepod-injector"}, {"", "next", "canary-telepod-injector"},
	} {
		of := labels.Set{"kubernetes.io/metadata.name": "shop"}
		if namespace.injection != "" {
			of["telepod.dev/injection"] = namespace.injection
		}
		if namespace.revision != "" {
			of["telepod.dev/revision"] = namespace.revision
		}
		var seen []string
		for _, configuration := range list.Items {
			for _, webhook := range configuration.Webhooks {
				selector, err := metav1.LabelSelectorAsSelector(webhook.NamespaceSelector)
				if err != nil {
					t.Fatal(err)
				}
				if selector.Matches(of) {
					seen = append(seen, configuration.Name)
				}
			}
		}
		if got := strings.Join(seen, " "); got != namespace.want {
			t.Errorf("a namespace with %v is matched by %q, want %q", of, got, namespace.want)
		}
	}
}

// testGatewayVolumes upgrades a gateway: an upgrade that does not change the volumes works, and the error for one that changes
// the destinations contains the value that keeps the volumes.
func (c *server) testGatewayVolumes(t *testing.T) {
	values := regional("injector.enabled=false,regional.mode=gateway,regional.queue.megabytes=512")
	if err := c.release(t, "install", "edge", values...); err != nil {
		t.Fatal(err)
	}
	for _, upgrade := range []struct{ set, want string }{
		{"regional.gateway.replicas=3", ""},
		{"regional.destinations[0].signals[1]=logs", "regional.queue.megabytes with regional.destinations asks for volumes of 4096Mi, but those of StatefulSet edge-telepod-collector have 3584Mi, which Kubernetes does not change: set regional.gateway.volumeMegabytes=3584 to keep them, or"},
		{"regional.destinations[0].signals[1]=logs,regional.gateway.volumeMegabytes=3584", ""},
		{"regional.destinations[0].queueMegabytes=64", "have 3584Mi, which Kubernetes does not change: set regional.gateway.volumeMegabytes=3584 to keep them, or"},
		{"regional.destinations[0].queueMegabytes=64,regional.gateway.volumeMegabytes=3584", ""},
		{"regional.gateway.persistent=false", "set regional.gateway.persistent back"},
	} {
		err := c.release(t, "upgrade", "edge", append(values, "--set", upgrade.set)...)
		if upgrade.want == "" && err != nil || upgrade.want != "" && (err == nil || !strings.Contains(err.Error(), upgrade.want)) {
			t.Errorf("%s: %v, want %q in it", upgrade.set, err, upgrade.want)
		}
	}
	c.uninstall(t, "edge")
}

// testVolumes upgrades a site: the chart must reject changes that lose queues or that Kubernetes does not allow.
func (c *server) testVolumes(t *testing.T) {
	const site = "cloud.provider=aws,cloud.region=us-east-1,cluster.name=hub,injector.enabled=false,regional.enabled=false," +
		"central.enabled=true,central.primary=hub.example.com:4318,central.jaeger=jaeger:4317,central.replicas=2,central.storage.className=gp3"
	if err := c.release(t, "install", "hub", "--set", site); err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]string{
		"central.storage.gigabytes=100":                   "central.storage.gigabytes asks for volumes of 100Gi, but those of StatefulSet hub-telepod-",
		"central.storage.className=io2":                   `central.storage.className is "io2", but the volumes of StatefulSet hub-telepod-`,
		"central.storage.gigabytes=0,central.replicas=1":  "has a volume, and Kubernetes does not change that: set central.storage.gigabytes back",
		"fullnameOverride=renamed":                        "would become renamed-central, which would leave queued data behind on its volumes: set fullnameOverride=hub-telepod",
		"central.replicas=3,central.tracesPerSecond=2000": "",
	} {
		err := c.release(t, "upgrade", "hub", "--set", site, "--set", set)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q in it", set, err, want)
		}
	}
	// As if an autoscaler had scaled to four: the upgrade keeps this number.
	c.kubectl(t, "-n", "hub", "scale", "statefulset/hub-telepod-central", "--replicas=4")
	if err := c.release(t, "upgrade", "hub", "--set", site, "--set", "central.autoscaling.enabled=true"); err != nil {
		t.Error(err)
	}
	if got := c.kubectl(t, "-n", "hub", "get", "statefulset/hub-telepod-central", "-o", "jsonpath={.spec.replicas}"); got != "4" {
		t.Errorf("%s replicas after the upgrade, want the autoscaler's 4", got)
	}
	c.uninstall(t, "hub")
}
