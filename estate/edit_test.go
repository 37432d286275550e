package estate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const commented = `# The estate of the shop.
kind: Estate # never changes
environment: production

chart:
  # Upgraded on Tuesdays.
  version: 0.1.0 # after the freeze

sites:
  # In the office's region.
  primary:
    cluster: us
    endpoint: telemetry-us.example.com:4318
    stores: {jaeger: jaeger:4317}
  # Second choice.
  backup:
    cluster: eu
    endpoint: telemetry-eu.example.com:4318
    stores: {jaeger: jaeger:4317}

clusters:
  - name: us
    cloud: aws
    region: us-east-1
  # Frankfurt was too expensive.
  - {name: eu, cloud: gcp, region: europe-west1}

  # The smallest one.
  - name: asia-1
    cloud: azure
    region: eastasia # for now

# For every cluster.
values:
  central: {replicas: 3}
  zones: [a, b]
  commented: [a, # why
    b]
`

// TestEdits: a change replaces only the lines that it affects.
func TestEdits(t *testing.T) {
	set := func(field, value string) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			return Set("estate.yaml", text, Assignment{Field: field, Value: value})
		}
	}
	unset := func(field string) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) {
			return Set("estate.yaml", text, Assignment{Field: field, Unset: true})
		}
	}
	remove := func(cluster string) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) { return Remove("estate.yaml", text, cluster) }
	}
	add := func(c Cluster) func([]byte) ([]byte, error) {
		return func(text []byte) ([]byte, error) { return Add("estate.yaml", text, c) }
	}
	swap := func(text []byte) ([]byte, error) { return Swap("estate.yaml", text) }
	for _, test := range []struct {
		name     string
		edit     func([]byte) ([]byte, error)
		old, new string // what the edit replaces
		err      string
	}{
		{"a version", set("chart.version", "0.2.0"), "version: 0.1.0 #", "version: 0.2.0 #", ""},
		{"text that looks like a number", set("clusters.us.account", "012345678901"), "region: us-east-1\n", "region: us-east-1\n    account: \"012345678901\"\n", ""},
		{"a new field", set("chart.source", "charts/telepod"), "# after the freeze\n", "# after the freeze\n  source: charts/telepod\n", ""},
		{"a new mapping", set("certificates.from", "secrets"), "    b]\n", "    b]\ncertificates:\n  from: secrets\n", ""},
		{"a boolean of a cluster", set("clusters.asia-1.canary", "true"), "eastasia # for now\n", "eastasia # for now\n    canary: true\n", ""},
		{"a list", set("clusters.eu.networks", "[10.2.0.0/16]"), "europe-west1}", "europe-west1, networks: [10.2.0.0/16]}", ""},
		{"a shorter list", set("values.zones", "[c]"), "zones: [a, b]", "zones: [c]", ""},
		{"a chart value", set("values.central.replicas", "5"), "{replicas: 3}", "{replicas: 5}", ""},
		{"a chart value deep inside", set("sites.primary.values.central.storage.gigabytes", "100"), "  # Second choice.\n",
			"    values:\n      central:\n        storage:\n          gigabytes: 100\n  # Second choice.\n", ""},
		{"a site moves", set("sites.backup.cluster", "asia-1"), "cluster: eu", "cluster: asia-1", ""},
		{"a cluster is added", add(Cluster{Name: "au", Cloud: "aws", Region: "ap-southeast-2", Account: "123456789012"}), "eastasia # for now\n",
			"eastasia # for now\n  - name: au\n    cloud: aws\n    region: ap-southeast-2\n    account: \"123456789012\"\n", ""},
		{"the last cluster is removed", remove("asia-1"), "\n  # The smallest one.\n  - name: asia-1\n    cloud: azure\n    region: eastasia # for now\n", "\n", ""},
		{"the sites swap", swap, "primary:\n    cluster: us\n    endpoint: telemetry-us.example.com:4318\n    stores: {jaeger: jaeger:4317}\n  # Second choice.\n  backup:",
			"backup:\n    cluster: us\n    endpoint: telemetry-us.example.com:4318\n    stores: {jaeger: jaeger:4317}\n  # Second choice.\n  primary:", ""},

		{"a field is removed", unset("environment"), "environment: production\n", "", ""},
		{"the last field of a mapping is removed", unset("chart.version"), "chart:\n  # Upgraded on Tuesdays.\n  version: 0.1.0 # after the freeze\n\n", "", ""},
		{"a mapping is removed", unset("sites.backup"), "  # Second choice.\n  backup:\n    cluster: eu\n    endpoint: telemetry-eu.example.com:4318\n    stores: {jaeger: jaeger:4317}\n", "", ""},
		{"a member in flow style is removed", unset("values.central"), "  central: {replicas: 3}\n", "", ""},
		{"a list on two lines is removed", unset("values.commented"), "  commented: [a, # why\n    b]\n", "", ""},
		{"a field that is not set is removed", unset("chart.source"), "kind: Estate", "kind: Estate", ""},
		{"a field below one that is not set is removed", unset("sites.primary.stores.archive.region"), "kind: Estate", "kind: Estate", ""},

		{"a required field is removed", unset("clusters.asia-1.region"), "", "", "estate.yaml: clusters[2].region: is missing"},
		{"a required field in flow style is removed", unset("clusters.eu.cloud"), "", "", "estate.yaml: clusters[1].cloud: is missing"},
		{"the first field behind a dash is removed", unset("clusters.us.name"), "", "", "edit the file"},
		{"an unknown field is removed", unset("chart.versoin"), "", "", `estate.yaml: chart.versoin: unknown field (did you mean "version"?)`},
		{"an unknown mapping is removed", unset("chrat.version"), "", "", `estate.yaml: chrat: unknown field (did you mean "chart"?)`},
		{"an item of a list is removed", unset("clusters.asia-1"), "", "", "clusters.asia-1: an item of a list cannot be removed: set the whole list, or use 'telepod estate remove' for a cluster"},
		{"a field of text is removed", unset("environment.name"), "", "", "environment is not a mapping"},

		{"an unknown field", set("chart.versoin", "1"), "", "", `estate.yaml: chart.versoin: unknown field (did you mean "version"?)`},
		{"an unknown cluster", set("clusters.asia-2.canary", "true"), "", "", `the estate has no cluster "asia-2" (did you mean "asia-1"?)`},
		{"a field of text", set("environment.name", "x"), "", "", "environment is not a mapping: it has no field name"},
		{"an item of a list", set("clusters.9.name", "x"), "", "", `the estate has no cluster "9"`},
		{"an empty field name", set("", "x"), "", "", "unknown field"},
		{"a value that is not YAML", set("values.x", "{"), "", "", `values.x: "{" is not YAML`},
		{"a list with a comment becomes shorter", set("values.commented", "[a]"), "", "", "edit the file"},
		{"fields would be lost", set("values.central", "{x: 1}"), "", "", "estate.yaml: this command cannot remove fields or items there, such as in a list in flow style ([…]): edit the file"},
		{"an invalid version", set("chart.version", "1.10"), "", "", `chart.version: "1.10" is not a version`},
		{"a list with a mistake", set("clusters.eu.networks", "[10.2.0.0]"), "", "", `"10.2.0.0" is not an address range`},
		{"an invalid boolean", set("clusters.eu.canary", "often"), "", "", "clusters[1].canary: "},
		{"a contradiction", set("sites.backup.cluster", "us"), "", "", "estate.yaml: sites.backup.cluster: "},
		{"a name that exists", add(Cluster{Name: "eu", Cloud: "aws", Region: "us-east-1"}), "", "", `estate.yaml: clusters[3].name: `},
		{"an unknown cluster is removed", remove("asia-2"), "", "", `the estate has no cluster "asia-2" (did you mean "asia-1"?)`},
		{"a site is removed", remove("eu"), "", "", "cluster eu hosts the backup site: move the site first, with 'telepod estate set sites.backup.cluster=NAME'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.edit([]byte(commented))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(commented, test.old); n != 1 {
				t.Fatalf("%q occurs %d times in the file, want once", test.old, n)
			}
			if diff := cmp.Diff(strings.Replace(commented, test.old, test.new, 1), string(got)); diff != "" {
				t.Errorf("wrong text (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRemoveFromTheMiddle: fields are checked after all of them are set. Comments above a removed cluster go with it, those
// above the next one stay.
func TestRemoveFromTheMiddle(t *testing.T) {
	text, err := Set("estate.yaml", []byte(commented), Assignment{Field: "sites.backup.cluster", Value: "us"}, Assignment{Field: "sites.primary.cluster", Value: "asia-1"})
	if err == nil {
		text, err = Remove("estate.yaml", text, "eu")
	}
	if err != nil {
		t.Fatal(err)
	}
	want := "    region: us-east-1\n  # The smallest one.\n  - name: asia-1\n"
	if !strings.Contains(string(text), want) || strings.Contains(string(text), "Frankfurt") {
		t.Errorf("%q is not in\n%s", want, text)
	}
}

// TestSwapInFlowStyle: both keys may be on one line.
func TestSwapInFlowStyle(t *testing.T) {
	text := "kind: Estate\nsites: {primary: {cluster: us, endpoint: u.example.com:4318, stores: {jaeger: ü:1}}, backup: {cluster: eu, endpoint: e.example.com:4318, stores: {jaeger: j:1}}}\nclusters: [{name: us, cloud: aws, region: us-east-1}, {name: eu, cloud: gcp, region: europe-west1}]\n"
	got, err := Swap("estate.yaml", []byte(text))
	want := strings.NewReplacer("primary", "backup", "backup", "primary").Replace(text)
	if err != nil || string(got) != want {
		t.Errorf("%v, got\n%swant\n%s", err, got, want)
	}
	if _, err := Remove("estate.yaml", []byte(strings.Replace(text, "}]", "}, {name: x, cloud: other, region: y}]", 1)), "x"); err == nil {
		t.Error("a list in flow style lost an item")
	}
}

// TestSwapCountsLinesAsYAML: lines are counted as in YAML, also in comments. Otherwise the wrong lines would change.
func TestSwapCountsLinesAsYAML(t *testing.T) {
	odd := strings.NewReplacer("# The estate", "# The\u2028# estate", "primary:\n", "primary:\n# The first of them.\n", "backup:\n", "backup:\n# And the second one.\n").Replace(commented)
	for name, text := range map[string]string{
		"CRLF": strings.ReplaceAll(commented, "\n", "\r\n"), "CR": strings.ReplaceAll(commented, "\n", "\r"),
		"a line separator in a comment": odd, "a byte order mark": "\ufeff" + commented,
	} {
		got, err := Swap("estate.yaml", []byte(text))
		if want := strings.NewReplacer("  primary:", "  backup:", "  backup:", "  primary:").Replace(text); err != nil || string(got) != want {
			t.Errorf("%s: %v, got\n%q, want\n%q", name, err, got, want)
		}
	}
	for _, key := range []string{"&site primary", "!!str primary", `"primary"`} {
		_, err := Swap("estate.yaml", []byte(strings.Replace(commented, "primary", key, 1)))
		if err == nil || !strings.Contains(err.Error(), "estate.yaml:11: sites.primary: write the key without quotes") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
