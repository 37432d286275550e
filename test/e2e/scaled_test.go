package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/cluster"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/pipeline"
)

// scaledValues make a site of two Collectors, which find two samplers by name. Samplers drop all ordinary traces, so
// every trace in Jaeger is the result of a sampler's decision.
const scaledValues = `
central: {replicas: 2, sampling: {keepPercent: 0, decisionSeconds: 5}}
`

// TestScaledSite upgrades a region and a site with samplers under load, and uninstalls them.
func TestScaledSite(t *testing.T) {
	c := newCounting(t, cluster.Options{Name: "scaled", Nodes: make([]cluster.Node, 1)},
		"queue-telepod-central-0", "queue-telepod-central-1", "queue-telepod-sampler-0", "queue-telepod-sampler-1")
	c.prerequisites += siteCertificates(t)
	certificate := c.newExistingSecret(t)
	c.installWith(t, scaledValues, certificate.values)
	c.namespace(t, "load", enabled(), nil)
	c.awaitReplicas(t)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"traces stay complete", c.testCompleteTraces},
		{"the user's certificate is renewed under load", func(t *testing.T) { c.testUsersCertificate(t, certificate) }},
		{"helm upgrade under load", func(t *testing.T) { c.testUpgradeUnderLoad(t, certificate.values) }},
		{"helm uninstall", c.testUninstallOfSite},
	} {
		if !t.Run(step.name, step.test) {
			c.explainAll(t)
		}
	}
}

// testCompleteTraces checks that spans of a trace meet at one sampler, although they arrive in several requests at two
// Collectors.
func (c *counting) testCompleteTraces(t *testing.T) {
	sent := c.send(t)
	enough := func() bool { failed, _ := c.stores.Complete(t, sent, "otlp"); return failed >= 10 }
	pipeline.Await(t, patience, "ten traces with an error", enough)
	c.requireAllStored(t, sent)
	c.awaitCompleteTraces(t, sent)
}

func (c *counting) awaitCompleteTraces(t *testing.T, sent *pipeline.Sender) {
	t.Helper()
	pipeline.Await(t, patience, "all spans of every trace with an error", func() bool {
		failed, complete := c.stores.Complete(t, sent, "otlp")
		return failed == complete
	})
	failed, _ := c.stores.Complete(t, sent, "otlp")
	kept, acked := len(c.stores.Tally(t, "otlp", pipeline.Traces)), c.stores.Outcome(t, sent, pipeline.Place{Signal: pipeline.Traces, Backend: "otlp"}).Acked
	t.Logf("all %d traces with an error are complete; %d of %d spans were kept", failed, kept, acked)
	if kept > acked/10 {
		t.Errorf("%d of %d spans were kept: the samplers did not decide", kept, acked)
	}
}

// usersCertificate is a serving certificate in a Secret that the user manages.
type usersCertificate struct {
	authority tls.Certificate
	secret    *corev1.Secret
	values    string // values of the chart
}

// newExistingSecret issues such a certificate, and creates the Secret before the chart is installed.
func (c *counting) newExistingSecret(t *testing.T) usersCertificate {
	t.Helper()
	certificate, key := newCA(t)
	authority, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	o := usersCertificate{authority: authority, secret: &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "mine", Namespace: install.Namespace}, Type: corev1.SecretTypeTLS,
	}}
	o.renew(t)
	values, err := yaml.Marshal(map[string]any{"injector": map[string]any{"certificates": map[string]any{
		"mode": "existingSecret", "existingSecret": o.secret.Name, "caBundle": string(certificate),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := yaml.Marshal(o.secret)
	if err != nil {
		t.Fatal(err)
	}
	o.values = string(values)
	c.apply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+install.Namespace+"}\n---\n"+string(manifest))
	return o
}

func (o usersCertificate) renew(t *testing.T) {
	t.Helper()
	o.secret.Data = issue(t, o.authority, x509.ExtKeyUsageServerAuth, nextYear(), install.Name+"."+install.Namespace+".svc")
}

// testUsersCertificate replaces the certificate in the Secret.
func (c *counting) testUsersCertificate(t *testing.T, o usersCertificate) {
	before := c.rotations(t)
	admissions := c.startLoad(t)
	o.renew(t)
	if _, err := c.client.CoreV1().Secrets(install.Namespace).Update(t.Context(), o.secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.awaitRotation(t, before)
	admissions.Reach(t, admissions.Made()+20)
	admissions.Finish(t)
}

// testUpgradeUnderLoad replaces every pod of Telepod.
func (c *counting) testUpgradeUnderLoad(t *testing.T, values string) {
	generation := func(of string) string {
		return c.kubectl(t, "get", of, "--namespace="+install.Namespace, "--output=jsonpath={.status.observedGeneration}")
	}
	all := []string{"deployment/" + install.Name, "daemonset/telepod-collector", "statefulset/telepod-central", "statefulset/telepod-sampler"}
	before := map[string]string{}
	for _, of := range all {
		before[of] = generation(of)
	}
	admissions, sent := c.startLoad(t), c.send(t)
	admissions.Reach(t, 20)
	c.installWith(t, scaledValues, values, "environment: upgraded", `central: {podAnnotations: {example.com/upgraded: "true"}}`)
	c.awaitReplicas(t)
	for _, of := range all {
		c.kubectl(t, "rollout", "status", "--namespace="+install.Namespace, of, "--timeout=2m")
		if generation(of) == before[of] {
			t.Errorf("%s was not upgraded", of)
		}
	}
	admissions.Reach(t, admissions.Made()+20)
	admissions.Finish(t)
	c.requireAllStored(t, sent)
}

// testUninstallOfSite checks that an uninstall leaves nothing that affects others, and that the namespace can be deleted.
func (c *counting) testUninstallOfSite(t *testing.T) {
	c.uninstall(t, "load")
	ctx := t.Context()
	claims, err := c.client.CoreV1().PersistentVolumeClaims(install.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(claims.Items) != 4 {
		t.Errorf("%d claims are left, want 4: their queues may contain undelivered data", len(claims.Items))
	}
	began := time.Now()
	c.kubectl(t, "delete", "namespace", install.Namespace, "--wait", "--timeout="+fmt.Sprint(patience))
	t.Logf("the namespace was deleted after %v", time.Since(began).Round(time.Millisecond))
}
