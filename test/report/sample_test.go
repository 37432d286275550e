package report_test

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/telepod/telepod/test/report"
)

// story is a plausible run: an order across three clouds with a failed payment, and a primary that is
// killed for 20 s while one region's link is cut later.
func story(t *testing.T) report.Report {
	t.Helper()
	body, err := os.ReadFile("testdata/jaeger/order.json")
	if err != nil {
		t.Fatal(err)
	}
	trace, err := report.ParseJaeger(body)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, time.November, 22, 14, 3, 0, 0, time.UTC)
	return report.Report{
		Title: "Three clouds, one failover, nothing lost", Started: start, Ended: start.Add(4*time.Minute + 12*time.Second),
		Clusters: []report.Cluster{
			{Name: "shop-use1", Cloud: "aws", Region: "us-east-1", Role: "central primary"},
			{Name: "shop-euw1", Cloud: "gcp", Region: "europe-west1", Role: "central backup"},
			{Name: "shop-eas", Cloud: "azure", Region: "eastasia", Role: "region"},
		},
		Trace:    trace,
		Timeline: course(start),
		Outcome: []report.Row{
			{Name: "Spans sent", Value: "148,200", Note: "with sequence numbers, from all three regions", OK: true},
			{Name: "Spans in the archive", Value: "148,200", Note: "each number once", OK: true},
			{Name: "Lost", Value: "0", Note: "acknowledged, but never stored", OK: true},
			{Name: "Duplicated", Value: "0", Note: "stored at both sites", OK: true},
			{Name: "Time to fail over", Value: "0.8 s", Note: "until all three regions send to the backup", OK: true},
			{Name: "Time to return", Value: "0.6 s", Note: "after the primary was ready", OK: true},
			{Name: "Shop requests failed because of telemetry", Value: "0", Note: "of 9,880", OK: true},
		},
		Steps: []report.Step{
			{Name: "Start three clusters", Text: "EKS us-east-1, GKE europe-west1, AKS eastasia; one Helm install each", Took: 41200 * time.Millisecond, OK: true},
			{Name: "Order a pot", Text: "the order reads the product, takes it from the stock and is paid for", Took: 2300 * time.Millisecond, OK: true},
			{Name: "Kill the primary site", Text: "kill -9 of every Collector in its namespace, under 800 spans/s", Took: 20 * time.Second, OK: true},
			{Name: "Cut one region's link", Text: "its queue grows on disk and drains", Took: 30 * time.Second, OK: true},
		},
	}
}

// course has two samples a second for 100 s.
func course(start time.Time) report.Timeline {
	var drawn report.Timeline
	drawn.QueueUnit = "spans"
	cut, queue := 0.0, 0.0
	for i := range 200 {
		at := float64(i) / 2
		rate := 800 + 24*math.Sin(at*1.7) + 18*math.Sin(at*4.1)
		primary, backup := rate, 0.0
		if at >= 20.5 && at < 41 {
			primary, backup = 0, rate
		}
		if at == 20.5 || at == 41 {
			backup *= 1.4
		}
		if at >= 60 && at < 85 {
			primary *= 2. / 3
			cut += rate / 6
		} else if cut > 0 {
			drained := math.Min(cut, 900)
			cut, primary = cut-drained, primary+2*drained
		}
		queue = 8 + 6*math.Abs(math.Sin(at))
		if at == 20 || at == 20.5 {
			queue = 260
		}
		drawn.Samples = append(drawn.Samples, report.Sample{
			At:    start.Add(time.Duration(i) * time.Second / 2),
			Site:  map[string]float64{"shop-use1": primary, "shop-euw1": backup},
			Queue: map[string]float64{"shop-use1": queue, "shop-euw1": queue * 0.8, "shop-eas": queue*0.7 + cut},
		})
	}
	drawn.Marks = []report.Mark{
		{At: start.Add(20 * time.Second), Text: "primary killed", Kind: report.Failure},
		{At: start.Add(20800 * time.Millisecond), Text: "all regions on the backup, 0.8 s", Kind: report.Note},
		{At: start.Add(40400 * time.Millisecond), Text: "primary ready again", Kind: report.Return},
		{At: start.Add(60 * time.Second), Text: "link of shop-eas cut", Kind: report.Failure},
		{At: start.Add(85 * time.Second), Text: "link restored", Kind: report.Return},
	}
	return drawn
}
