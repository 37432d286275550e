//go:build !injector

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/test/helm"
	"github.com/telepod/telepod/test/install"
)

// chartValues are the chart's values for the configuration in testdata/live/cluster.yaml.
const chartValues = `
cloud: {provider: aws, region: us-east-1, account: "123456789012"}
cluster: {name: prod-use1}
profiles:
  shop: {inherits: aws, resourceAttributes: {team: shop}}
`

// chart: the commands read the settings of the real webhook from the chart's objects. Pods that it has injected are
// current, and the repairs work.
func (l *onCluster) chart(t *testing.T) {
	for _, object := range []string{"deployment/telepod-injector", "service/telepod-injector", "mutatingwebhookconfiguration/telepod-injector"} {
		if _, err := l.admin.Kubectl(t.Context(), "-n", "telepod", "delete", object); err != nil {
			t.Fatal(err)
		}
	}
	webhook, err := install.Process(t.Context(), l.admin, install.Options{Values: chartValues})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := webhook.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := l.admin.Apply(t.Context(), rendered(t)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-n", "shop", "rollout", "restart", "deployment/checkout"},
		{"-n", "other", "rollout", "restart", "deployment/volunteer"},
		{"-n", "shop", "delete", "pod/orders-0", "--force"},
	} {
		if _, err := l.admin.Kubectl(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	// A Deployment replaces old pods once new ones are ready. This cluster has no node, so the test deletes the old
	// ones.
	for app, namespace := range map[string]string{"checkout": "shop", "volunteer": "other"} {
		if _, err := l.admin.Kubectl(t.Context(), "-n", namespace, "delete", "replicaset", "-l", "app="+app); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"shop Deployment/offline 1 of 1 stale: # Deployment/offline in shop: its manifest was injected by 'telepod inject': inject the original again, and apply the result; a restart has no effect"}
	var got []string
	err = wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 30*time.Second, true, wait.ConditionFunc(func() (bool, error) {
		got = l.listed(t, 1, "-A")
		return cmp.Equal(want, got), nil
	}).WithContext())
	if err != nil {
		t.Errorf("%v: (-want +got):\n%s", err, cmp.Diff(want, got))
	}
	l.pods(t, "checkout", 2)
	l.kubeconfig = l.admin.Kubeconfig() // this user may create pods
	l.sees(t, 1, nil, checks.OK, "the API server reaches the webhook: a dry run of a pod in namespace default was injected")
	l.sees(t, 1, nil, checks.OK, "telepod-injector selects namespaces with telepod.dev/injection: enabled")
	l.sees(t, 1, nil, checks.OK, "namespaces.telepod.dev: caBundle is valid for ")
}

// rendered returns the chart's Deployment and profiles.
func rendered(t *testing.T) string {
	t.Helper()
	cli, chart := helm.ForTest(t)
	values := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(values, []byte(chartValues), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := cli.Run(t.Context(), "template", "telepod", chart, "--namespace", "telepod", "--values", values,
		"--show-only", "templates/injector/deployment.yaml", "--show-only", "templates/injector/profiles.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
