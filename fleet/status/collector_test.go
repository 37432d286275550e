package status_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/metrics"
	"github.com/telepod/telepod/fleet/status"
	"github.com/telepod/telepod/test/pipeline"
)

// TestRealCollectors: the metrics of a region and two sites contain the data for a row, before and after the primary is
// killed.
func TestRealCollectors(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Collectors; run without -short")
	}
	plant := pipeline.NewPlant(t)
	first := plant.Central(t, "primary", plant.Direct()).Start(t)
	second := plant.Central(t, "backup", plant.Direct()).Start(t)
	region := plant.Region(t, [2]string{first.Address + ":4318", second.Address + ":4318"}).Start(t)
	pipeline.SendLoad(t, pipeline.Load{Endpoint: region.Address + ":4317", Rate: 100, Batch: 20})
	row := func() status.Row {
		r := status.Reading{Context: "real", Central: workloads(1, 1), Earlier: scraped(t, region.Address)}
		time.Sleep(time.Second) // rates are measured between two readings
		r.Later = scraped(t, region.Address)
		r.Sites = checks.Answer[[]fleet.Instance]{Value: scraped(t, second.Address).Collectors}
		return status.RowOf(r, time.Now())
	}
	await := func(what, site string) status.Row {
		t.Helper()
		var got status.Row
		pipeline.Await(t, pipeline.Patience, what, func() bool {
			got = row()
			return got.Traffic != nil && got.Traffic.Site != nil && got.Traffic.Site.Name == site && got.Traffic.SpansPerSecond != nil && *got.Traffic.SpansPerSecond > 0
		})
		return got
	}
	got := await("spans at the primary", "primary")
	if q := got.Traffic.Queue; q == nil || q.Fullest > 1 || got.Traffic.LastSwitch != nil || len(got.Traffic.Sites) != 2 || !got.Traffic.Sites[0].Up || got.Traffic.Site.Since.IsZero() {
		t.Errorf("traffic on the primary: %+v, queue %+v", got.Traffic, q)
	}
	// The rig names both sites primary, in no cloud.
	if got.Central.Name != "primary" || got.Place != (status.Place{Cluster: "test", Region: "us-east-1"}) || got.Certificate == nil {
		t.Errorf("site %q, place %+v, certificate %+v", got.Central.Name, got.Place, got.Certificate)
	}
	first.Kill(t)
	got = await("spans at the backup", "backup")
	if got.Traffic.LastSwitch == nil || got.Traffic.Sites[0].Up || !slices.Contains(got.Problems, status.Problem{Text: "sends to the backup site"}) {
		t.Errorf("traffic on the backup: %+v, problems %v", got.Traffic, got.Problems)
	}
}

// scraped is a Collector with its metrics, as inventory reads them.
func scraped(t *testing.T, address string) status.Scrape {
	t.Helper()
	response, err := http.Get("http://" + address + ":8888/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	set, err := metrics.Read(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return status.Scrape{At: time.Now(), Collectors: []fleet.Instance{{Pod: "collector", Node: "n", Ready: true, Metrics: set}}}
}
