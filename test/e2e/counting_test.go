package e2e

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/pipeline"
)

// counting is a stage whose central site writes to stores that count. Telepod is not in it yet.
type counting struct {
	*stage
	stores *pipeline.Backends
	values string // of region and site
	loads  uint64
}

// countingValues make a region and a site of one replica, or more, whose queues outlive their pods.
const countingValues = `
cloud: {provider: aws, region: us-east-1}
cluster: {name: ` + clusterName + `}
environment: ` + environment + `
injector: {replicas: 2}
regional: {queue: {path: %q}}
central:
  enabled: true
  primary: ` + site + `:4318
  jaeger: %q
  prometheus: http://%s/api/v1/write
  archive: {bucket: archive, region: us-east-1, endpoint: "http://%s"}
  sampling: {keepPercent: 100}
  storage: {gigabytes: 1}
  service: {type: ClusterIP}
  resources: {requests: {cpu: 50m, memory: 64Mi}}
  env: [{name: AWS_ACCESS_KEY_ID, value: test}, {name: AWS_SECRET_ACCESS_KEY, value: test}]
  # A test does not wait for large objects.
  config: {connectors: {spool/archive: {sending_queue: {batch: {flush_timeout: 1s}}}}}
`

// newCounting starts the cluster and the stores. The claims are those of the site's volumes.
func newCounting(t *testing.T, o cluster.Options, claims ...string) *counting {
	t.Helper()
	skipWithoutNodes(t)
	disks := t.TempDir() // seen by the nodes, and removed after they have ended
	var err error
	if o.Images, err = install.Images(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &counting{stage: emptyStage(t, o)}
	c.stores = pipeline.StartBackends(t, c.Host())
	to := c.stores.Direct()
	c.values = fmt.Sprintf(countingValues, disks+"/region", to.OTLP, to.RemoteWrite, to.S3)
	for i, claim := range claims {
		disk := fmt.Sprintf("%s/%d", disks, i)
		if err := os.Mkdir(disk, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(disk, 0o777); err != nil { // whatever the umask is
			t.Fatal(err)
		}
		c.prerequisites += fmt.Sprintf(`
apiVersion: v1
kind: PersistentVolume
metadata: {name: %[1]s}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  claimRef: {namespace: %[2]s, name: %[1]s}
  hostPath: {path: %[3]q}
---
`, claim, install.Namespace, disk)
	}
	return c
}

// installWith installs or upgrades Telepod with more values, and waits until all of it is ready.
func (c *counting) installWith(t *testing.T, values ...string) {
	t.Helper()
	c.install(t, install.Options{Values: merged(t, append([]string{c.values}, values...)), Manifests: c.prerequisites, PodSecurity: "privileged"})
}

// send begins to send numbered spans, data points and log records to the node's region.
func (c *counting) send(t *testing.T) *pipeline.Sender {
	t.Helper()
	return c.sendTo(t, c.Nodes()[0].Address)
}

func (c *counting) sendTo(t *testing.T, node string) *pipeline.Sender {
	t.Helper()
	const most = 1_000_000 // items of a load, so that each has numbers of its own
	c.loads++
	return pipeline.SendLoad(t, pipeline.Load{Endpoint: net.JoinHostPort(node, "4317"), Rate: 200, Batch: 20, After: c.loads * most})
}

// nothingIsLost ends sending, and waits until everything that was acknowledged is stored.
func (c *counting) nothingIsLost(t *testing.T, sent *pipeline.Sender) {
	t.Helper()
	for _, o := range c.stores.Drain(t, sent, pipeline.Archives(), time.Minute) {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%s: %d of %d acknowledged items never arrived at %s", o.Signal, o.Lost, o.Acked, o.Backend)
		}
	}
	for text, n := range sent.Errors() {
		t.Logf("%d answers to clients: %s", n, text)
	}
}

// merged is YAML of mappings, where later ones win.
func merged(t *testing.T, texts []string) string {
	t.Helper()
	all := map[string]any{}
	for _, text := range texts {
		var more map[string]any
		if err := yaml.Unmarshal([]byte(text), &more); err != nil {
			t.Fatal(err)
		}
		merge(all, more)
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func merge(into, more map[string]any) {
	for key, value := range more {
		inner, both := value.(map[string]any)
		if old, isMap := into[key].(map[string]any); both && isMap {
			old = maps.Clone(old)
			merge(old, inner)
			into[key] = old
		} else {
			into[key] = value
		}
	}
}

// explainAll logs what is to see of the injector and of the Collectors.
func (s *stage) explainAll(t *testing.T) {
	t.Helper()
	s.explain(t)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	const collectors = "--selector=app.kubernetes.io/component in (collector, central, sampler)"
	for _, args := range [][]string{
		{"get", "pods", collectors, `--output=jsonpath={range .items[*]}{.metadata.name}: {.status.containerStatuses[*].lastState}{"\n"}{end}`},
		{"logs", collectors, "--prefix", "--tail=60", "--previous", "--ignore-errors"},
		{"logs", collectors, "--prefix", "--tail=20"},
	} {
		out, err := s.Kubectl(ctx, append(args, "--namespace="+install.Namespace)...)
		t.Logf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
