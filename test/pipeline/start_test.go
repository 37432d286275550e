package pipeline

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// nowhere is a kubeconfig of an API server that is away.
const nowhere = `
apiVersion: v1
kind: Config
clusters: [{name: away, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: away, context: {cluster: away, user: nobody}}]
current-context: away
`

// A region starts while clients send all signals, and neither the API server nor the cloud's metadata
// service answers. The Collector's OTLP receiver opens its ports as soon as the pipeline of one signal
// has started, and the others may take their time: what comes for them has to wait.
func TestRegionStartsUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	p := NewPlant(t)
	silent := NewLink(t, net.JoinHostPort(p.Address(), "80"), "127.0.0.1:1")
	silent.Swallow()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(nowhere), 0o600); err != nil {
		t.Fatal(err)
	}
	central := p.Central(t, "primary", p.Direct()).Start(t)
	region := p.Region(t, [2]string{central.Address + ":4318", p.Address() + ":4318"},
		"yaml:processors::k8sattributes: {auth_type: kubeConfig, passthrough: false}",
		"yaml:processors::resourcedetection: {detectors: [ec2], timeout: 2s}")
	region.run.Env = append(region.run.Env, "KUBECONFIG="+kubeconfig, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://"+silent.Address)
	load := SendLoad(t, Load{Endpoint: region.Address + ":4317", Rate: 200, Batch: 10})
	for range 3 { // the order of the start is another one each time
		region.Start(t)
		acked := load.Acked(Traces)
		Await(t, 10*time.Second, "spans that are acknowledged", func() bool { return load.Acked(Traces) > acked })
		region.Kill(t)
	}
	region.Start(t)
	for _, o := range p.Drain(t, load, Archives(), 30*time.Second) {
		if o.Lost > 0 || o.Acked == 0 {
			t.Errorf("%v", o)
		}
	}
}
