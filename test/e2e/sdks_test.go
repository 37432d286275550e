package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/test/collector"
	"github.com/telepod/telepod/test/install"
)

const sdksNamespace = "sdks"

// loadScriptApps loads the images of the applications for Node.js and Deno.
func (s *stage) loadScriptApps(t *testing.T) {
	t.Helper()
	images, err := install.ScriptApps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		if err := s.LoadImage(t.Context(), image); err != nil {
			t.Fatal(err)
		}
	}
}

// testSDKs runs stock SDKs in workloads of each kind, in a namespace with nothing but the label. All their signals arrive,
// under a name that is the same for every run.
func (s *stage) testSDKs(t *testing.T) {
	s.loadScriptApps(t)
	s.namespace(t, sdksNamespace, enabled(), nil)
	s.waitForProfile(t, sdksNamespace, "aws")
	s.kubectl(t, "apply", "--namespace="+sdksNamespace, "--filename=testdata/sdks.yaml")
	s.schedule(t, sdksNamespace, "go-cron")
	t.Cleanup(func() { // no more runs while later tests change the region
		if out, err := s.Kubectl(context.Background(), "delete", "--namespace="+sdksNamespace, "cronjob/go-cron"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	all := []string{collector.Span, collector.Metric, collector.Log}
	for _, want := range []struct {
		workload, owner string // and the attribute with the workload's name
		service         string
		signals         []string
	}{
		{"node-settings", "k8s.deployment.name", "named-by-config", all},
		{"node-set", "k8s.statefulset.name", "node-set", all},
		{"go-cron", "k8s.cronjob.name", "go-cron", all},
		{"go-job", "k8s.job.name", "go-job", all},
		{"go-only-grpc", "k8s.job.name", "go-only-grpc", all[:1]},
		{"go-only-http", "k8s.job.name", "go-only-http", all[:1]},
		{"go-grpc", "k8s.job.name", "go-grpc", all},
		{"node-only-grpc", "k8s.job.name", "node-only-grpc", all},
		{"node-only-http", "k8s.job.name", "node-only-http", all},
		{"node-only-json", "k8s.job.name", "node-only-json", all},
		{"node-grpc", "k8s.job.name", "node-grpc", all},
		{"node-json", "k8s.job.name", "node-json", all},
		{"deno", "k8s.job.name", "deno", all},
		{"deno-json", "k8s.job.name", "deno-json", all},
	} {
		t.Run(want.workload, func(t *testing.T) {
			t.Parallel()
			eventually(t, func(ctx context.Context) error {
				return s.arrived(ctx, want.workload, want.service, want.owner, want.signals)
			})
		})
	}
}

// arrived returns an error until the signals of a workload's pods have arrived, with their identity.
func (s *stage) arrived(ctx context.Context, workload, service, owner string, signals []string) error {
	pods, err := s.pods(ctx, sdksNamespace, "app="+workload)
	if err != nil {
		return err
	}
	uids := map[string]string{} // by pod
	for _, pod := range pods {
		uids[pod.Name] = string(pod.UID)
	}
	items, err := s.receivedFrom(ctx, sdksNamespace, service)
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, signal := range signals {
		missing[signal] = true
	}
	want := map[string]string{
		"service.name": service, "service.namespace": sdksNamespace, owner: workload,
		"k8s.namespace.name": sdksNamespace, "k8s.container.name": "app", "k8s.cluster.name": clusterName,
		"cloud.provider": "aws", "cloud.platform": "aws_eks", "cloud.account.id": account, "cloud.availability_zone": "us-east-1a",
		"deployment.environment.name": environment,
	}
	for _, item := range items {
		delete(missing, item.Signal)
		got := maps.Clone(item.Resource)
		if uid := uids[got["k8s.pod.name"]]; uid == "" || uid != got["k8s.pod.uid"] {
			err = errors.Join(err, fmt.Errorf("%s of pod %s, %s; the workload has %v", item.Signal, got["k8s.pod.name"], got["k8s.pod.uid"], uids))
		}
		maps.DeleteFunc(got, func(key, _ string) bool { return want[key] == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			err = errors.Join(err, fmt.Errorf("resource of a %s (-want +got):\n%s", item.Signal, diff))
		}
	}
	if len(missing) > 0 {
		err = errors.Join(err, fmt.Errorf("%v have not arrived; %s", missing, s.logsOf(ctx, workload)))
	}
	return err
}

func (s *stage) logsOf(ctx context.Context, workload string) string {
	out, err := s.Kubectl(ctx, "logs", "--namespace="+sdksNamespace, "--selector=app="+workload, "--all-containers", "--tail=8", "--prefix", "--ignore-errors")
	return fmt.Sprint(out, err)
}
