//go:build !injector

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/terminal"
)

func TestCostEstimate(t *testing.T) {
	own := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(own, []byte("cost: {prices: {aws: {egress: 1, egressSameCloud: 1, archive: 0, archiveCold: 0, traceStore: 0}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	vendor := filepath.Join(t.TempDir(), "vendor.yaml")
	if err := os.WriteFile(vendor, []byte("central: {destinations: [{name: vendor, signals: [traces, logs]}]}\ncost: {destinations: {vendor: 0.5}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sampled := filepath.Join(t.TempDir(), "sampled.yaml")
	if err := os.WriteFile(sampled, []byte("central: {sampling: {keepPercent: 5}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	excessive := filepath.Join(t.TempDir(), "excessive.yaml")
	if err := os.WriteFile(excessive, []byte("central: {sampling: {keepPercent: 500}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unknown := filepath.Join(t.TempDir(), "unknown.yaml")
	if err := os.WriteFile(unknown, []byte("central: {jaeger: 'jaeger:4317'}\ncost: {destinations: {vendor: 0.5}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args        string
		code        int
		out, stderr string
	}{
		{"--spans 1k/s --span-bytes 1000 --keep 25% --logs 1k/s --log-bytes 1000 --clusters aws=1 --prices " + vendor, exitOK, "destination vendor  –      3.2 TB   $0.500  $1,620\n", ""},
		{"--spans 1k/s --clusters aws=1 --prices " + unknown, exitError, "", `cost.destinations has a price for "vendor", which is not a destination in the same values; they have jaeger: add it`},
		{"--spans 1k/s --span-bytes 1000 --compressed 10% --clusters aws=1 --prices " + own, exitOK, "egress  aws    259 GB   $1.000  $259.20\n", ""},
		{"--spans 1k/s --clusters aws=1 --prices " + own, exitOK, "prices: cost.prices and cost.destinations in " + own + "\n", ""},
		{"--spans 1k/s --clusters aws=1 --prices " + sampled, exitOK, "; 5 % of spans kept for", ""},
		{"--spans 1k/s --clusters aws=1 --keep 20% --prices " + sampled, exitOK, "; 20 % of spans kept for", ""},
		{"--spans 1k/s --clusters aws=1 --prices " + own, exitOK, "; 100 % of spans kept for", ""},
		{"--spans 1k/s --clusters aws=1 --prices " + excessive, exitError, "", "central.sampling.keepPercent is 500: set it to a percentage from 0 to 100"},
		{"--spans 2000/s --clusters gcp=1,aws=2", exitOK, "egress       gcp ", ""},
		{"--spans 2000 --clusters gcp=1,aws=2 --site gcp", exitOK, "archive      gcp ", ""},
		{"--spans 2000/s --clusters aws=1", exitOK, "prices: list prices, first tier, US regions, early 2026: cost.prices in the chart's values", ""},
		{"--clusters aws=1", exitUsage, "", "there is nothing to estimate: set --spans, --logs or --points"},
		{"--spans 1/s", exitUsage, "", "estimate: there are no clusters"},
		{"--spans 1/s --clusters was=1", exitUsage, "", `no prices for cloud "was", only for aws, azure, gcp`},
		{"--spans fast --clusters aws=1", exitUsage, "", "use a number per second, such as 2000/s or 20k/s"},
		{"--spans NaN --clusters aws=1", exitUsage, "", "use a number per second"},
		{"--spans 1 --clusters aws=1 --keep 200%", exitUsage, "", "use a share from 0% to 100%"},
		{"--spans 1 --clusters aws=1 --prices none.yaml", exitError, "", "read --prices: open none.yaml"},
	} {
		var out, stderr bytes.Buffer
		code := run(append([]string{"cost", "estimate"}, strings.Fields(test.args)...), streams{os.Stdin, &out, &stderr})
		if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d\n%s%s", test.args, code, &out, &stderr)
		}
	}
	var out, stderr bytes.Buffer
	run(strings.Fields("cost estimate --spans 10/s --clusters aws=1 -o json"), streams{os.Stdin, &out, &stderr})
	var e cost.Estimate
	if err := json.Unmarshal(out.Bytes(), &e); err != nil || len(e.Parts) != 3 || e.Demand.Spans != 10 {
		t.Errorf("%v: %+v", err, e)
	}
}

// recorded answers like a Prometheus with the chart's rules; the tests of fleet/cost use a real one.
func recorded(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("X-Scope-OrgID") != "shop" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		query := r.FormValue("query")
		for part, samples := range map[string]string{
			"month:dollars":                    `{"metric":{"k8s_cluster_name":"a","signal":"traces","of":"egress"},"value":[0,"30"]},{"metric":{"k8s_cluster_name":"a","signal":"logs","of":"archive"},"value":[0,"10"]},{"metric":{"k8s_cluster_name":"b\u001b[2J","signal":"traces","of":"egress"},"value":[0,"1"]},{"metric":{"k8s_cluster_name":"b\u001b[2J","signal":"traces","of":"destination"},"value":[0,"2"]}`,
			"month_end":                        `{"metric":{"k8s_cluster_name":"a"},"value":[0,"90"]}`,
			"timestamp(telepod:dollars:rate5m": `{"metric":{"k8s_cluster_name":"a"},"value":[0,"86000"]}`,
			"sum by (k8s_cluster_name, signal) (avg_over_time": `{"metric":{"k8s_cluster_name":"a","signal":"traces"},"value":[0,"1e-5"]},{"metric":{"k8s_cluster_name":"a","signal":"logs"},"value":[0,"1e-6"]}`,
			"measured_ratio": `{"metric":{"k8s_cluster_name":"a"},"value":[0,"0.5"]}`,
			"calls_total":    `{"metric":{"k8s_cluster_name":"a","k8s_namespace_name":"shop","service_name":"cart"},"value":[0,"300"]},{"metric":{"k8s_cluster_name":"a","k8s_namespace_name":"pay","service_name":"charge"},"value":[0,"100"]}`,
		} {
			if strings.Contains(query, part) {
				fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, samples)
				return
			}
		}
		t.Errorf("query %s", query)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestCost(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envPrometheus, "")
	absent := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(absent.Close)
	with := "--prometheus " + recorded(t) + " --tenant shop --token-file " + token
	for _, test := range []struct {
		args        string
		code        int
		out, stderr string
	}{
		{with, exitOK, "a           $30.00  $10.00   –            –            $40.00  50 %      $90.00                  $28.51\n", ""},
		{with, exitOK, `"b\x1b[2J"`, ""},
		{with, exitOK, "CLUSTER     EGRESS  ARCHIVE  TRACE STORE  DESTINATION  SO FAR", ""},
		{with, exitOK, "all         $31.00  $10.00   –            $2.00        $43.00            –                       –\n", ""},
		{with + " --clusters a --by service", exitOK, "a        shop                      cart     300    75.0 %  $22.50  $19.44\n", ""},
		{with + " --clusters a --by namespace", exitOK, "a        pay                       100    25.0 %  $7.50   $6.48\n", ""},
		{with + " --clusters a --by namespace", exitOK, "a        (not counted by service)  –      –       $10.00  $2.59\n", ""},
		{with + " --clusters a -o json", exitOK, `"projected": 90`, ""},
		{with + " --clusters c", exitError, "", `no cost is recorded for cluster "c"`},
		{with + " --tenant other", exitError, "", "query Prometheus: client error: 401\n"},
		{"--prometheus http://127.0.0.1:1/prom/graph?g0.expr=up", exitUsage, "", "the URL of Prometheus ends in /graph: leave that out: http://127.0.0.1:1/prom\n"},
		{"--prometheus " + absent.URL + "/prom", exitError, "", "query Prometheus: " + absent.URL + "/prom/api/v1/query does not exist: check the URL\n"},
		{"", exitUsage, "", "--prometheus is required: set it to a URL, or set TELEPOD_PROMETHEUS"},
		{"--by pod " + with, exitUsage, "", "choose one of cluster, namespace, service"},
		{"estimat", exitUsage, "", `(did you mean "estimate"?)`},
		{"--prometheus http://127.0.0.1:1", exitError, "", "query Prometheus: "},
	} {
		var out, stderr bytes.Buffer
		code := run(append([]string{"cost"}, strings.Fields(test.args)...), streams{os.Stdin, &out, &stderr})
		if code != test.code || !strings.Contains(out.String(), test.out) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%s: exit code %d\n%s%s", test.args, code, &out, &stderr)
		}
		if strings.ContainsRune(out.String(), '\x1b') {
			t.Errorf("%s: control characters in %q", test.args, &out)
		}
	}
}

// TestCostColumns: categories come from a metric's label, so only a few get a column.
func TestCostColumns(t *testing.T) {
	a, b := cost.Month{Parts: map[string]float64{"egress": 1}}, cost.Month{Parts: map[string]float64{"destination": 900}}
	for i := range 40 {
		a.Parts[fmt.Sprintf("x%02d", i)] = float64(i)
	}
	a.Dollars, b.Dollars = 1+40*39/2, 900
	table := terminal.Terminal{}.Table(monthTable(map[string]cost.Month{"a": a, "b": b}, time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))...)
	want := `CLUSTER  EGRESS  ARCHIVE  TRACE STORE  DESTINATION  X38     X39     OTHERS   SO FAR   MEASURED  TO THE END OF NOVEMBER  PER 30 DAYS
a        $1.00   –        –            –            $38.00  $39.00  $703.00  $781.00            –                       –
b        –       –        –            $900.00      –       –       –        $900.00            –                       –
all      $1.00   –        –            $900.00      $38.00  $39.00  $703.00  $1,681             –                       –
`
	if table != want {
		t.Errorf("%s", table)
	}
	if len(a.Parts) != 41 {
		t.Error("the JSON output lost categories")
	}
}

// TestCostUnmeasured: an amount of which nothing has been recorded yet is unknown, not zero.
func TestCostUnmeasured(t *testing.T) {
	rate := 4.0
	table := (terminal.Terminal{}).Table(monthTable(map[string]cost.Month{"a": {Measured: new(float64), Parts: map[string]float64{"egress": 0}, Per30Days: &rate}}, time.Now())...)
	if !strings.HasSuffix(table, "–       0 %       –                       $4.00\n") {
		t.Errorf("%s", table)
	}
}

func TestCostProjectedFromMinutes(t *testing.T) {
	for seconds, want := range map[float64]string{
		20:    "$90.00 (projected from 1 minute)",
		330:   "$90.00 (projected from 5 minutes)",
		3600:  "$90.00",
		86000: "$90.00",
	} {
		month := cost.Month{Dollars: 1, Projected: new(float64), ProjectedFrom: &seconds}
		*month.Projected = 90
		if table := (terminal.Terminal{}).Table(monthTable(map[string]cost.Month{"a": month}, time.Now())...); !strings.Contains(table, "  "+want+" ") {
			t.Errorf("from %g seconds:\n%s", seconds, table)
		}
	}
}
