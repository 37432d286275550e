package helm_test

import (
	"fmt"
	"strconv"
	"testing"
)

// testWarnings submits every kind with valid and invalid annotations.
func (c *server) testWarnings(t *testing.T) {
	c.checkTypes(t)
	kinds := map[string]string{
		"Pod":         pod("plain", `, annotations: %s`),
		"Deployment":  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: x, namespace: plain}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}, annotations: %s}, spec: ` + podSpec + `}}}`,
		"StatefulSet": `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x, namespace: plain}, spec: {serviceName: x, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}, annotations: %s}, spec: ` + podSpec + `}}}`,
		"DaemonSet":   `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: x, namespace: plain}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}, annotations: %s}, spec: ` + podSpec + `}}}`,
		"Job":         `{apiVersion: batch/v1, kind: Job, metadata: {name: x, namespace: plain}, spec: {template: {metadata: {annotations: %s}, spec: {restartPolicy: Never, containers: [{name: app, image: app}]}}}}`,
		"CronJob":     `{apiVersion: batch/v1, kind: CronJob, metadata: {name: x, namespace: plain}, spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {metadata: {annotations: %s}, spec: {restartPolicy: Never, containers: [{name: app, image: app}]}}}}}}`,
		"Namespace":   `{apiVersion: v1, kind: Namespace, metadata: {name: x, annotations: %s}}`,
	}
	for kind, document := range kinds {
		t.Run(kind, func(t *testing.T) {
			c.expect(t, fmt.Sprintf(document, `{telepod.dev/profil: aws}`), "unknown annotation telepod.dev/profil: it has no effect. After telepod.dev/, use one of containers, endpoint, ")
			c.expect(t, fmt.Sprintf(document, `{telepod.dev/endpoint: nod, example.com/x: "y"}`), `telepod.dev/endpoint: "nod" is not node, service, sidecar or a URL`)
			c.expect(t, fmt.Sprintf(document, `{telepod.dev/endpoint: node, example.com/profil: "y"}`), "")
			c.expect(t, fmt.Sprintf(document, `{}`), "")
			c.expect(t, fmt.Sprintf(document, `null`), "")
		})
	}
	c.expect(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: x, namespace: plain}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: app}]}}}}`, "")
	c.expect(t, pod("plain", `, labels: {telepod.dev/inject: "yes"}`), `label telepod.dev/inject: "yes" is not true or false`)
	c.expect(t, `{apiVersion: v1, kind: Namespace, metadata: {name: x, labels: {telepod.dev/injection: "true"}}}`, `label telepod.dev/injection: "true" is not enabled or disabled`)
	c.expect(t, pod("kube-system", `, annotations: {telepod.dev/profil: aws}`), "")
	c.expect(t, pod("plain", `, annotations: {telepod.dev/profil: aws, telepod.dev/status: "{}"}`), "")
	t.Run("values", c.testValues)
}

// expect creates a document and checks for one warning, or none.
func (c *server) expect(t *testing.T, document, want string) {
	t.Helper()
	messages, err := c.create(t, document)
	if err != nil {
		t.Errorf("%v:\n%s", err, document)
	}
	if want == "" && len(messages) > 0 || want != "" && !mentions(messages, want) {
		t.Errorf("warnings %q, want %q:\n%s", messages, want, document)
	}
}

// testValues checks valid and invalid values of every setting with the policy.
func (c *server) testValues(t *testing.T) {
	for _, v := range settingValues() {
		want := ""
		if !v.good {
			want = fmt.Sprintf(`%s: "%s" is not `, v.key, v.text)
		}
		c.expect(t, pod("plain", fmt.Sprintf(`, annotations: {%s: %s}`, v.key, strconv.Quote(v.text))), want)
	}
}

// checkTypes reads the API server's type-check results for the policies' expressions.
func (c *server) checkTypes(t *testing.T) {
	for _, policy := range []string{"telepod-injector-settings", "telepod-injector-bare-pods"} {
		c.kubectl(t, "wait", "--for=jsonpath={.status.observedGeneration}=1", "--timeout=30s", "validatingadmissionpolicy/"+policy)
		if problems := c.kubectl(t, "get", "validatingadmissionpolicy", policy, "-o", "jsonpath={.status.typeChecking.expressionWarnings}"); problems != "" {
			t.Errorf("%s: %s", policy, problems)
		}
	}
}
