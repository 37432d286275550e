package profiles_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/telepod/telepod/profiles"
)

// TestHashChanges checks that each field that affects pods changes the hash.
func TestHashChanges(t *testing.T) {
	const head = "name: mine\ninherits: aws\n"
	seen := map[string]string{lookup(t, mustLoad(t, head), "mine").Hash: "nothing"}
	base := lookup(t, mustLoad(t), "base")
	for _, edit := range []string{
		"cloud: {provider: gcp}",
		"cloud: {platform: aws_ec2}",
		"identity: {region: a}",
		"identity: {account: a}",
		"identity: {cluster: a}",
		"identity: {environment: a}",
		"otlp: {endpoint: service}",
		"otlp: {protocol: grpc}",
		"otlp: {serviceHost: elsewhere}",
		"otlp: {grpcPort: 5317}",
		"otlp: {httpPort: 5318}",
		"variables: [{name: A, value: a}]",
		"variables: [{name: A, value: b}]",
		"variables: [{name: A, value: a}, {name: B, value: b}]",
		"variables: [{name: B, value: b}, {name: A, value: a}]",
		"variables: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]",
		"resourceAttributes: {a: b}",
		"resourceAttributes: {k8s.pod.uid: ''}",
		"serviceNameFromLabels: true",
		"serviceNameFromLabels: false",
		"propagators: [b3]",
		"propagators: []",
		"envFrom: override",
		"resourceAttributes: {service.instance.id: null}",
		"skipContainers: []",
		"detectors: [env]",
		"sidecar: {enabled: true}",
		"sidecar: {image: elsewhere}",
		"sidecar: {imagePullPolicy: Always}",
		"sidecar: {resources: {requests: {cpu: 30m}}}",
		"sidecar: {resources: {limits: {cpu: 30m}}}",
		"sidecar: {env: [{name: AWS_REGION, value: b}]}",
		"sidecar: {config: " + quoted(base.Sidecar.Config, "gzip", "zstd") + "}",
		"sidecar: {gateStartup: true}",
		"sidecar: {securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}",
	} {
		hash := lookup(t, mustLoad(t, head+edit), "mine").Hash
		if len(hash) != 12 {
			t.Errorf("hash %q has %d digits, want 12", hash, len(hash))
		}
		if other, ok := seen[hash]; ok {
			t.Errorf("%s has the same hash as %s", edit, other)
		}
		seen[hash] = edit
	}
}

// TestEqualProfilesHaveEqualHashes writes the same profile in different ways.
func TestEqualProfilesHaveEqualHashes(t *testing.T) {
	const want = `
name: mine
inherits: aws
identity: {region: a}
resourceAttributes: {b: c, d: e}
sidecar: {resources: {requests: {cpu: 100m}}}
`
	hash := lookup(t, mustLoad(t, want), "mine").Hash
	for name, documents := range map[string][]string{
		"description":     {want + "description: Another one."},
		"order of keys":   {"sidecar: {resources: {requests: {cpu: 100m}}}\nresourceAttributes: {d: e, b: c}\nidentity: {region: a}\ninherits: aws\nname: mine"},
		"quantity":        {strings.Replace(want, "100m", "0.1", 1)},
		"new parent":      {strings.Replace(want, "inherits: aws", "inherits: between", 1), "{name: between, inherits: aws}"},
		"from the parent": {"{name: mine, inherits: between, identity: {region: a}, resourceAttributes: {b: c}}", "{name: between, inherits: aws, resourceAttributes: {d: e}, sidecar: {resources: {requests: {cpu: 100m}}}}"},
		"unrelated":       {want, "{name: unrelated, inherits: base}"},
		"same as base":    {want + "otlp: {endpoint: node}\npropagators: [tracecontext, baggage]"},
		"empty fields":    {want + "variables: []\ncloud:\n"},
	} {
		if got := lookup(t, mustLoad(t, documents...), "mine").Hash; got != hash {
			t.Errorf("%s changed the hash from %s to %s", name, hash, got)
		}
	}
	set, err := profiles.Load(profiles.Facts{Identity: profiles.Identity{Region: "a"}}, sources(strings.Replace(want, "identity: {region: a}", "", 1))...)
	if err != nil {
		t.Fatal(err)
	}
	if got := lookup(t, set, "mine").Hash; got != hash {
		t.Errorf("a fact instead of an identity changed the hash from %s to %s", hash, got)
	}
	if got := fmt.Sprint(lookup(t, set, "mine").Lineage); got != "[mine aws base]" {
		t.Errorf("lineage is %s, want [mine aws base]", got)
	}
}

// quoted puts an edited configuration on one line of YAML.
func quoted(config, old, new string) string {
	return strconv.Quote(strings.ReplaceAll(config, old, new))
}
