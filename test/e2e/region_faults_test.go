package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/pipeline"
)

// secondNode contains values that run region and site on the second node: the first runs the control plane and DNS.
const secondNode = `
regional: {nodeSelector: {kubernetes.io/hostname: faults-n2}}
central: {nodeSelector: {kubernetes.io/hostname: faults-n2}}
`

// smallDisk puts the region's queue on a given disk, in small segments, without a minimum of free space.
const smallDisk = `regional: {queue: {path: %q, minFreeMegabytes: 0}, config: {extensions: {segment_storage/queue: {segment_size: 1048576}}}}`

// TestRegionFaults cuts the region off from its dependencies. It must accept data throughout, or return an error.
func TestRegionFaults(t *testing.T) {
	skipWithoutNodes(t)
	disk := mountDisk(t) // before the nodes start, so that they see the mount
	c := newCounting(t, cluster.Options{Name: "faults", Nodes: make([]cluster.Node, 2)}, "queue-telepod-central-0")
	c.prerequisites += siteCertificates(t)
	c.installWith(t, secondNode, fmt.Sprintf(smallDisk, disk+"/queue"))
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"without API server and DNS", c.testWithoutControlPlane},
		{"with a full disk", func(t *testing.T) { c.testFullDisk(t, disk) }},
	} {
		if !t.Run(step.name, step.test) {
			c.explainAll(t)
		}
	}
}

// testWithoutControlPlane disconnects the node that runs API server and DNS. It kills region and site meanwhile: they
// must start without either.
func (c *counting) testWithoutControlPlane(t *testing.T) {
	control, node := c.Nodes()[0], c.Nodes()[1]
	sent := c.sendTo(t, node.Address)
	c.awaitAcked(t, sent)
	if err := c.CutNode(t.Context(), control.Name); err != nil {
		t.Fatal(err)
	}
	joined := false
	join := func() {
		if err := c.JoinNode(context.Background(), control.Name); err != nil && !joined {
			t.Error(err)
		}
		joined = true
	}
	defer join()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx); err == nil {
		t.Fatal("the API server still answers")
	}
	c.awaitAcked(t, sent)
	if refused := sent.Errors(); len(refused) > 0 {
		t.Errorf("clients received errors: %v", refused)
	}
	killed, err := c.Kill(node.Name, "otelcol")
	if err != nil || killed != 2 {
		t.Fatalf("%d Collectors were killed, %v: want region and site", killed, err)
	}
	t.Logf("without API server and DNS, the region accepted data again after %v", c.awaitAcked(t, sent).Round(time.Millisecond))
	join()
	c.requireAllStored(t, sent)
}

// awaitAcked waits until a hundred more items of each signal have been acknowledged.
func (c *counting) awaitAcked(t *testing.T, sent *pipeline.Sender) time.Duration {
	t.Helper()
	signals := []string{pipeline.Traces, pipeline.Metrics, pipeline.Logs}
	before := map[string]int{}
	for _, signal := range signals {
		before[signal] = sent.Acked(signal)
	}
	return pipeline.Await(t, patience, "acknowledgements", func() bool {
		for _, signal := range signals {
			if sent.Acked(signal) < before[signal]+100 {
				return false
			}
		}
		return true
	})
}

// testFullDisk fills the disk of the region's queue while the site is down. Clients must get an error. Once there is
// room, the region must accept data again without a restart. It must not lose anything that it accepted.
func (c *counting) testFullDisk(t *testing.T, disk string) {
	node := c.Nodes()[1]
	collectors := func() []int {
		found, err := c.Processes(node.Name, "otelcol")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	scale := func(replicas int) {
		c.kubectl(t, "scale", "--namespace="+install.Namespace, "statefulset/telepod-central", fmt.Sprintf("--replicas=%d", replicas))
		c.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, "statefulset/telepod-central", "--timeout=2m")
	}
	scale(0)
	pipeline.Await(t, patience, "the site's Collector to exit", func() bool { return len(collectors()) == 1 })
	region := collectors()[0]
	ballast := fill(t, disk)
	during := c.sendTo(t, node.Address)
	pipeline.Await(t, patience, "an error at a client", func() bool { return len(during.Errors()) > 0 })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	c.awaitAcked(t, during)
	during.Stop()
	after := c.sendTo(t, node.Address)
	c.awaitAcked(t, after)
	scale(1)
	c.requireAllStored(t, after)
	for _, o := range c.stores.Drain(t, during, pipeline.Archives(), 30*time.Second) {
		t.Logf("while the disk was full: %v", o)
		if o.Acked == 0 || o.Lost > 0 {
			t.Errorf("%s: %d of %d acknowledged items never arrived", o.Signal, o.Lost, o.Acked)
		}
	}
	if !slices.Contains(collectors(), region) {
		t.Error("the region's Collector was restarted")
	}
}

// mountDisk mounts a disk of 64 MB.
func mountDisk(t *testing.T) (dir string) {
	t.Helper()
	image := t.TempDir() + "/image"
	dir = t.TempDir()
	for _, argv := range [][]string{
		{"truncate", "--size=64M", image},
		{"mkfs.ext4", "-q", image},
		{"mount", "-o", "loop", image, dir},
	} {
		if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Skipf("this machine cannot mount a disk: %q: %v: %s", argv, err, out)
		}
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill fills a disk, and returns the file to remove.
func fill(t *testing.T, disk string) (ballast string) {
	t.Helper()
	ballast = disk + "/ballast"
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10)) // writes as much as fits
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return ballast
}
