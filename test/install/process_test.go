package install

import (
	"strings"
	"testing"

	"github.com/telepod/telepod/test/cluster"
)

const probePod = `
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: shop}
spec: {automountServiceAccountToken: false, containers: [{name: app, image: app}]}
`

func TestProcessInjectsWithoutNodes(t *testing.T) {
	t.Parallel()
	c := cluster.ForTest(t, cluster.Options{})
	// Applied before the webhook starts, because it reads this at startup.
	err := c.Apply(t.Context(), `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {telepod.dev/injection: enabled}, annotations: {telepod.dev/profile: frankfurt}}`)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Process(t.Context(), c, Options{Values: `
cloud: {provider: gcp, region: europe-west1, account: shop-123}
cluster: {name: prod-euw1}
profiles:
  frankfurt: {inherits: aws, identity: {region: eu-central-1}}
`})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Stop() })
	if err := c.Apply(t.Context(), probePod); err != nil {
		t.Fatal(err)
	}
	const query = `jsonpath={.spec.containers[0].env[?(@.name=="CLOUD_REGION")].value}`
	if got, err := c.Kubectl(t.Context(), "get", "pod/app", "-n", "shop", "-o", query); err != nil || got != "eu-central-1" {
		t.Errorf("the region is %q, %v; the webhook logged:\n%s", got, err, w.Log())
	}

	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), strings.Replace(probePod, "name: app,", "name: bare,", 1)); err != nil {
		t.Fatal("a pod was rejected while the webhook was stopped:", err)
	}
	if got, err := c.Kubectl(t.Context(), "get", "pod/bare", "-n", "shop", "-o", query); err != nil || got != "" {
		t.Errorf("while the webhook was stopped, a pod got the region %q, %v", got, err)
	}
}
