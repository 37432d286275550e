package cost_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/prometheus"
	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/monitoring"
)

// history returns the data of three clusters since the start of the month: one sends spans and metrics, one started
// halfway through, and one a few minutes ago. Rates are in dollars per second.
func history(now time.Time) string {
	start := now.Add(-cost.SinceMonthStart(now)).Truncate(time.Minute)
	var b strings.Builder
	line := func(series string, value float64, at time.Time) {
		fmt.Fprintf(&b, "%s %g %d\n", series, value, at.Unix())
	}
	each := func(from time.Time, do func(time.Time)) {
		// Start shortly before the month, which must not count; end now, so that a rule finds the last sample.
		for at := from; at.Before(now); at = at.Add(4 * time.Minute) {
			do(at)
		}
	}
	half := start.Add(now.Sub(start) / 2)
	b.WriteString("# TYPE telepod:dollars:rate5m gauge\n")
	for _, series := range []struct {
		labels string
		rate   float64
		from   time.Time
	}{
		{`{cloud_provider="aws",k8s_cluster_name="a",signal="traces",destination="primary",of="egress"}`, 0.001, start.Add(-3 * time.Hour)},
		{`{cloud_provider="aws",k8s_cluster_name="a",signal="traces",destination="primary",of="archive"}`, 0.002, start.Add(-3 * time.Hour)},
		{`{cloud_provider="aws",k8s_cluster_name="a",signal="metrics",destination="primary",of="egress"}`, 0.0005, start.Add(-3 * time.Hour)},
		{`{cloud_provider="gcp",k8s_cluster_name="late",signal="traces",destination="primary",of="egress"}`, 0.004, half},
		{`{cloud_provider="gcp",k8s_cluster_name="new",signal="metrics",destination="primary",of="egress"}`, 0.001, now.Add(-8 * time.Minute)},
	} {
		each(series.from, func(at time.Time) { line("telepod:dollars:rate5m"+series.labels, series.rate, at) })
	}
	b.WriteString("# TYPE telepod:month_start:timestamp_seconds gauge\n")
	each(start.Add(-3*time.Hour), func(at time.Time) {
		of := start
		if at.Before(start) {
			of = start.AddDate(0, -1, 0)
		}
		line("telepod:month_start:timestamp_seconds", float64(of.Unix()), at)
	})
	b.WriteString("# TYPE traces_span_metrics_calls counter\n")
	for labels, rate := range map[string]float64{
		`{k8s_cluster_name="a",k8s_namespace_name="shop",service_name="checkout"}`: 3,
		`{k8s_cluster_name="a",k8s_namespace_name="shop",service_name="cart"}`:     1,
		`{k8s_cluster_name="a",k8s_namespace_name="pay",service_name="charge"}`:    6,
	} {
		each(start, func(at time.Time) { line("traces_span_metrics_calls_total"+labels, rate*at.Sub(start).Seconds(), at) })
	}
	return b.String()
}

// TestMonth queries a real Prometheus that runs the chart's rules.
func TestMonth(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Prometheus; run without -short")
	}
	now := time.Now()
	server, err := prometheus.New(monitoring.Recorded(t, history(now)), prometheus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var months map[string]cost.Month
	err = await.Success(t.Context(), 2*time.Minute, func(ctx context.Context) error {
		var err error
		if months, err = cost.Months(ctx, server); err == nil && (months["a"].Projected == nil || months["a"].Measured == nil) {
			err = errors.New("the rules have not been evaluated")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seconds := cost.SinceMonthStart(now).Seconds()
	near := func(what string, got, want, within float64) {
		t.Helper()
		if math.Abs(got-want) > within {
			t.Errorf("%s: %v, want %v ± %v", what, got, want, within)
		}
	}
	const sample = 2 * 1800 // seconds: the rules count half-hours
	a, late := months["a"], months["late"]
	near("dollars of a", a.Dollars, 0.0035*seconds, 0.0035*sample)
	near("its egress", a.Parts["egress"], 0.0015*seconds, 0.0015*sample)
	near("its spans", a.Traces, 0.003*seconds, 0.003*sample)
	near("its measured share", *a.Measured, 1, sample/seconds)
	if a.ProjectedFrom == nil {
		t.Error("the time that the projection extends is unknown")
	} else if *a.ProjectedFrom < 23*3600 || *a.ProjectedFrom > 24*3600+300 {
		t.Errorf("projected from %g seconds, want a day", *a.ProjectedFrom)
	}
	if from := months["new"].ProjectedFrom; from == nil || *from < 7*60 || *from > 10*60 {
		t.Errorf("new is projected from %v, want about 8 minutes", months["new"])
	}
	near("30 days of a", *a.Per30Days, 0.0035*30*86400, 1)
	near("its spans in 30 days", *a.TracesPer30Days, 0.003*30*86400, 1)
	// Whether new has dollars depends on the clock: on the full and the half hour.
	if a.Unmeasured() || months["new"].Per30Days == nil || *months["new"].Per30Days < 0.0009*30*86400 {
		t.Errorf("new: %+v, want a rate", months["new"])
	}
	near("dollars of late", late.Dollars, 0.004*seconds/2, 0.004*sample)
	near("its measured share", *late.Measured, 0.5, sample/seconds)
	if whole := 0.0035 * 86400 * 28; *a.Projected < whole-0.0035*sample {
		t.Errorf("projected cost %v, want the cost of a whole month, more than %v", *a.Projected, whole)
	}
	services(t, server, months, now)
}

// TestUnmeasured: a month is without dollars before its first half-hour is recorded. Free of charge is another thing.
func TestUnmeasured(t *testing.T) {
	none, some := 0.0, 0.1
	for _, c := range []struct {
		month cost.Month
		want  bool
	}{
		{cost.Month{Measured: &none}, true},
		{cost.Month{Measured: &none, Dollars: 1.8}, false},
		{cost.Month{Measured: &some}, false},
		{cost.Month{}, false},
	} {
		if got := c.month.Unmeasured(); got != c.want {
			t.Errorf("%+v: unmeasured %v, want %v", c.month, got, c.want)
		}
	}
}

func services(t *testing.T, server *prometheus.Server, months map[string]cost.Month, now time.Time) {
	lines, err := cost.Services(t.Context(), server, months, now)
	if err != nil {
		t.Fatal(err)
	}
	sums, rates := map[string]float64{}, map[string]float64{}
	var got []string
	for _, l := range append(lines, cost.Namespaces(lines)...) {
		share := -1.0
		if l.Share != nil {
			share = *l.Share
		} else if !l.Rest {
			t.Errorf("%+v has no share", l)
		}
		sums[l.Cluster] += l.Dollars
		if l.Per30Days != nil {
			rates[l.Cluster] += *l.Per30Days
		}
		got = append(got, fmt.Sprintf("%s/%s/%s %.2f", l.Cluster, l.Namespace, l.Service, share))
	}
	want := []string{"a/pay/charge 0.60", "a/shop/checkout 0.30", "a// -1.00", "a/shop/cart 0.10", "late// -1.00", "new// -1.00",
		"a/pay/ 0.60", "a/shop/ 0.40", "a// -1.00", "late// -1.00", "new// -1.00"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, m := range months {
		if m.Per30Days == nil || math.Abs(rates[name]-2**m.Per30Days) > 1e-6**m.Per30Days {
			t.Errorf("services of %s cost %v in 30 days, and the cluster %v", name, rates[name]/2, m)
		}
		if math.Abs(sums[name]-2*m.Dollars) > 1e-6*m.Dollars {
			t.Errorf("services of %s cost %v, and the cluster %v", name, sums[name]/2, m.Dollars)
		}
	}
}

// TestNothingRecorded: unknown costs are not zero.
func TestNothingRecorded(t *testing.T) {
	for name, test := range map[string]struct{ answer, want string }{
		"no rules":      {`{"status":"success","data":{"resultType":"vector","result":[]}}`, "prometheus has no series telepod:month:dollars: install the chart's rules there"},
		"a web page":    {`<html>`, "query Prometheus: the response is not from its API: check the URL"},
		"a refusal":     {`{"status":"error","errorType":"bad_data","error":"parse error"}`, "prometheus rejected a query: parse error"},
		"another shape": {`{"status":"success","data":{"resultType":"matrix","result":[]}}`, "the response is a matrix, not a vector"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if name == "a refusal" {
					w.WriteHeader(http.StatusBadRequest)
				}
				fmt.Fprint(w, test.answer)
			}))
			defer server.Close()
			client, err := prometheus.New(server.URL, prometheus.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cost.Months(t.Context(), client); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}
