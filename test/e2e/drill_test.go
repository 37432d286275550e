package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/telepod/telepod/archive/bucket"
	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/drill/canary"
	"github.com/telepod/telepod/drill/sites"
	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

// spare is the name of the backup site's release and namespace. The site is in the same cluster: the tests only need two
// sites that fail separately.
const (
	spare     = "spare"
	spareSite = spare + "-telepod-central." + spare + ".svc"
)

// drillValues make a region and the primary of the first release. Its queue survives its pod: without a volume, a drill
// would detect the loss. The second release is only a site.
const (
	drillValues = `
central: {backup: "` + spareSite + `:4318"}
drill: {schedule: "0 3 1 1 *", args: [--duration=5s, --max-lost=-1, --max-duplicated=-1, --output=json]}
`
	spareValues = `
injector: {enabled: false}
regional: {enabled: false}
central: {role: backup, storage: {gigabytes: 0}}
drill: {schedule: ""}
`
)

// TestDrill runs drills for the loss of the primary on real pods, and the chart's CronJob. make demo DEMO=-check covers the
// method scale.
func TestDrill(t *testing.T) {
	c := newCounting(t, cluster.Options{Name: "drill", Nodes: make([]cluster.Node, 1)}, "queue-telepod-central-0")
	cli, err := install.CommandLineImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.LoadImage(t.Context(), cli); err != nil {
		t.Fatal(err)
	}
	c.prerequisites += siteCertificates(t, spare)
	c.namespace(t, spare, nil, nil)
	c.installWith(t, drillValues)
	c.installSpare(t)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"kill", func(t *testing.T) { c.drill(t, drill.Kill, drill.Passed) }},
		// No NetworkPolicy is enforced here, so no region fails over, and the drill must report that.
		{"partition", func(t *testing.T) { c.drill(t, drill.Partition, drill.Failed) }},
		{"observe in the cluster", c.observeInCluster},
	} {
		if !t.Run(step.name, step.test) {
			c.explainAll(t)
		}
	}
}

func (c *counting) installSpare(t *testing.T) {
	t.Helper()
	cli, chart := helm.ForTest(t)
	values := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(values, []byte(merged(t, []string{c.values, drillValues, spareValues})), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := cli.Run(t.Context(), "upgrade", "--install", spare, chart, "--namespace", spare, "--values", values,
		"--wait", "--timeout", patience.String(), "--kubeconfig", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
}

// drill runs a drill on the primary, and checks that the primary is healthy afterwards.
func (c *counting) drill(t *testing.T, method drill.Method, want drill.Verdict) {
	id := "e2e-" + string(method)
	site := func(namespace, release string) *sites.Cluster {
		cluster, err := sites.Connect(c.Kubeconfig(), "", sites.Release{Namespace: namespace, Name: release})
		if err != nil {
			t.Fatal(err)
		}
		cluster.Name = namespace
		return cluster
	}
	primary, backup := site(install.Namespace, install.Release), site(spare, spare)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	store, err := bucket.Open(t.Context(), bucket.Location{Name: "archive", Endpoint: "http://" + c.stores.Direct().S3})
	if err != nil {
		t.Fatal(err)
	}
	plan := drill.Plan{
		ID: id, Method: method, Baseline: 3 * time.Second, Duration: 5 * time.Second, GiveUp: 30 * time.Second,
		ReturnWithin: patience, Settle: patience, Interval: 250 * time.Millisecond, Rate: 20,
		// Durations depend on this machine; a kill may cause duplicates.
		Limits: drill.Limits{FailOver: -1, Return: -1, Lost: 0, Duplicated: -1},
	}
	if want == drill.Failed {
		plan.GiveUp = 5 * time.Second
	}
	parts := sites.Parts{Regions: []sites.Region{{Cluster: primary}}, Primary: primary, Backup: backup, Operator: "e2e"}
	target := parts.Estate(plan)
	target.Archive = canary.NewArchives(time.Now(), store)
	report, err := drill.Run(t.Context(), target, plan, func(e drill.Event) { t.Log(e.Text) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("failed over in %s, returned in %s, %+v", report.Times.FailOver, report.Times.Return, report.Canaries)
	if report.Verdict != want || report.Canaries.Lost != 0 || report.Canaries.Stored == 0 || !report.ArchiveRead {
		t.Errorf("verdict %s, want %s, and no canary lost: %+v, %v", report.Verdict, want, report.Checks, report.Problems)
	}
	if err := (sites.Central{Cluster: primary}).Healthy(t.Context()); err != nil {
		t.Errorf("after the drill: %v", err)
	}
	if want == drill.Passed {
		checkMeasurements(t, parts.Regions[0], report)
	}
}

// checkMeasurements checks the values that a drill has read from the metrics of the region's Collectors.
func checkMeasurements(t *testing.T, region sites.Region, report *drill.Report) {
	t.Helper()
	collectors, err := region.Collectors(t.Context())
	if err != nil || len(collectors) != 1 {
		t.Fatalf("Collectors %q, %v, want one", collectors, err)
	}
	sample, err := region.Sample(t.Context(), collectors[0])
	if err != nil {
		t.Fatal(err)
	}
	if sample.Sent[drill.Backup] == 0 || sample.Failed[drill.Primary] == 0 {
		t.Errorf("the Collector's metrics show %v sent and %v failed, want both at the sites of the drill", sample.Sent, sample.Failed)
	}
	if report.Regions[0].Collectors[0].MostQueuedBytes == 0 {
		t.Error("the queue was never above zero, although every canary passes through it")
	}
}

// observeInCluster runs the chart's CronJob now.
func (c *counting) observeInCluster(t *testing.T) {
	c.kubectl(t, "create", "job", "watch", "--from=cronjob/telepod-drill", "--namespace="+install.Namespace)
	eventually(t, func(ctx context.Context) error {
		job, err := c.client.BatchV1().Jobs(install.Namespace).Get(ctx, "watch", metav1.GetOptions{})
		if err == nil && job.Status.Succeeded+job.Status.Failed == 0 {
			err = fmt.Errorf("the Job has not finished: %+v", job.Status)
		}
		return err
	})
	logs := c.kubectl(t, "logs", "--namespace="+install.Namespace, "job/watch")
	var report struct {
		Verdict, Method string
		Regions         []struct{ Name string }
	}
	_, text, _ := strings.Cut(logs, "\n{")
	err := json.Unmarshal([]byte("{"+text), &report)
	if got := fmt.Sprint(report); err != nil || got != "{passed observe [{"+clusterName+"}]}" {
		t.Errorf("the report's verdict is %s, %v: %s", got, err, logs)
	}
}
