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

// counting is a stage with a central site that writes to stores which count. Telepod is not installed yet.
type counting struct {
	*stage
	stores *pipeline.Backends
	values string // values for region and site
	loads  uint64
}

// countingValues make a region and a site of one replica or more. Their queues survive their pods.
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

// newCounting starts the cluster and the stores. claims are the names of the site's volume claims.
func newCounting(t *testing.T, o cluster.Options, claims ...string) *counting {
	t.Helper()
	skipWithoutNodes(t)
	disks := t.TempDir() // the nodes mount it; it is removed after they have stopped
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
		if err := os.Chmod(disk, 0o777); err != nil { // regardless of the umask
			t.Fatal(err)
		}
		c.prerequisites += install.Volume(claim, disk)
	}
	return c
}

// installWith installs or upgrades Telepod with more values, and waits until everything is ready.
func (c *counting) installWith(t *testing.T, values ...string) {
	t.Helper()
	c.install(t, install.Options{Values: merged(t, append([]string{c.values}, values...)), Manifests: c.prerequisites, PodSecurity: "privileged"})
}

// send starts sending numbered spans, data points and log records to the node's region.
func (c *counting) send(t *testing.T) *pipeline.Sender {
	t.Helper()
	return c.sendTo(t, c.Nodes()[0].Address)
}

func (c *counting) sendTo(t *testing.T, node string) *pipeline.Sender {
	t.Helper()
	const most = 1_000_000 // items per load, so the numbers of loads do not overlap
	c.loads++
	return pipeline.SendLoad(t, pipeline.Load{Endpoint: net.JoinHostPort(node, "4317"), Rate: 200, Batch: 20, After: c.loads * most})
}

// requireAllStored stops sending, and fails the test if something that was acknowledged is not stored.
func (c *counting) requireAllStored(t *testing.T, sent *pipeline.Sender) {
	t.Helper()
	for _, o := range c.stores.Drain(t, sent, pipeline.Archives(), time.Minute) {
		t.Log(o)
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%s: %d of %d acknowledged items never arrived at %s", o.Signal, o.Lost, o.Acked, o.Backend)
		}
	}
	for text, n := range sent.Errors() {
		t.Logf("%d errors returned to clients: %s", n, text)
	}
}

// merged merges YAML mappings; later ones win.
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

// explainAll logs the state of the injector and the Collectors.
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
