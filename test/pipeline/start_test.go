package pipeline

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// nowhere is the kubeconfig of an unreachable API server.
const nowhere = `
apiVersion: v1
kind: Config
clusters: [{name: away, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: away, context: {cluster: away, user: nobody}}]
current-context: away
`

// A receiver opens its ports as soon as one signal's pipeline has started. Other pipelines may start later, for
// example because a cloud's metadata service does not answer. Requests for them must wait.

// TestRegionStartsUnderLoad starts a region while clients send all signals, and the API server is unreachable.
func TestRegionStartsUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSlowStart(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	central := s.plant.Central(t, "primary", s.plant.Direct()).Start(t)
	region := s.plant.Region(t, [2]string{central.Address + ":4318", s.plant.Address() + ":4318"},
		"yaml:processors::k8s_attributes: {auth_type: kubeConfig, passthrough: false}", slowDetection)
	region.run.Env = append(region.run.Env, "KUBECONFIG="+kubeconfig)
	load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 200, Batch: 10})
	s.restartRepeatedly(t, region, func() int { return load.Acked(Traces) })
	s.requireAllStored(t, load)
}

// TestSiteStartsUnderLoad starts a site while a region sends its backlog.
func TestSiteStartsUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSlowStart(t)
	central := s.plant.Central(t, "primary", s.plant.Direct())
	central.run.Configs = append(central.run.Configs, slowDetection,
		"yaml:service::pipelines::metrics/prometheus::processors: [resource_detection]",
		"yaml:service::pipelines::logs/archive::processors: [resource_detection, archive_folder]",
		"yaml:service::pipelines::traces/sampled::processors: [resource_detection, tail_sampling]")
	region := s.plant.Region(t, [2]string{central.Address + ":4318", s.plant.Address() + ":4318"}).Start(t)
	load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 200, Batch: 10})
	s.restartRepeatedly(t, central, func() int { return int(central.Accepted(Traces)) })
	s.requireAllStored(t, load)
}

// slowDetection delays the start of a pipeline.
const slowDetection = "yaml:processors::resource_detection: {detectors: [ec2], timeout: 2s}"

// slowStart is a plant with a metadata service that accepts connections, but does not answer.
type slowStart struct {
	plant    *Plant
	metadata *Link
}

func newSlowStart(t *testing.T) slowStart {
	t.Helper()
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	s := slowStart{plant: NewPlant(t)}
	s.metadata = NewLink(t, net.JoinHostPort(s.plant.Address(), "80"), "127.0.0.1:1")
	s.metadata.Swallow()
	return s
}

// restartRepeatedly kills and restarts a Collector each time it has received more data: its pipelines start in a
// different order each time. It leaves the Collector running.
func (s slowStart) restartRepeatedly(t *testing.T, n *Node, arrived func() int) {
	t.Helper()
	n.run.Env = append(n.run.Env, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://"+s.metadata.Address)
	for range 2 {
		n.Start(t)
		before := arrived()
		Await(t, Patience, "spans at the "+n.Name, func() bool { return arrived() > before })
		n.Kill(t)
	}
	n.Start(t)
}

func (s slowStart) requireAllStored(t *testing.T, load *Sender) {
	t.Helper()
	for _, o := range s.plant.Drain(t, load, Archives(), Patience) {
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
}
