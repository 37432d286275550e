package cost

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// SecondsOfMonth is a month of 30 days, as the dashboard counts it.
const SecondsOfMonth = 30 * 86400

// ArchivedMonths is how long the archive keeps data, two of the months in cold storage: the price of an archived byte in the rules.
const ArchivedMonths = 3

// DaysOfTraces is how long the price of the trace store is for.
const DaysOfTraces = 30

// Demand is what somebody expects of an estate.
type Demand struct {
	// Spans, Logs and Points are per second, of all clusters together, before any sampling at a site.
	Spans  float64 `json:"spansPerSecond"`
	Logs   float64 `json:"logsPerSecond"`
	Points float64 `json:"pointsPerSecond"`
	// SpanBytes and so on are the mean size in OTLP, before compression.
	SpanBytes  float64 `json:"spanBytes"`
	LogBytes   float64 `json:"logBytes"`
	PointBytes float64 `json:"pointBytes"`
	// Compressed is the bytes on the wire for each byte of OTLP.
	Compressed float64 `json:"compressed"`
	// Clusters is how many there are in each cloud. They send the same amount each.
	Clusters map[string]int `json:"clusters"`
	// Site is the cloud of the central site.
	Site string `json:"site"`
	// ArchiveMonths is how long the archive keeps traces and logs, the first month in ordinary storage; 0 means none.
	ArchiveMonths float64 `json:"archiveMonths"`
	// Kept is the share of spans that tail sampling keeps, and TraceDays how long the trace store keeps them; 0 means none.
	Kept      float64 `json:"kept"`
	TraceDays float64 `json:"traceDays"`
}

// Part is a part of the bill of a month.
type Part struct {
	// Of is egress, archive or trace-store.
	Of string `json:"of"`
	// Cloud sends the bill.
	Cloud string `json:"cloud"`
	// Gigabytes in a month, PerGigabyte in dollars.
	Gigabytes   float64 `json:"gigabytes"`
	PerGigabyte float64 `json:"perGigabyte"`
	Dollars     float64 `json:"dollars"`
}

// Estimate is the bill of a month in which as much is stored as expires.
type Estimate struct {
	Demand  Demand  `json:"demand"`
	Parts   []Part  `json:"parts"`
	Dollars float64 `json:"dollars"`
	// Prices is when the prices were the list prices.
	Prices string `json:"pricesAsOf"`
}

// Estimate computes what a demand costs.
func (p Prices) Estimate(d Demand) (Estimate, error) {
	if err := d.check(); err != nil {
		return Estimate{}, err
	}
	site, err := p.of(d.Site)
	if err != nil {
		return Estimate{}, err
	}
	e := Estimate{Demand: d, Prices: p.AsOf}
	add := func(of, cloud string, gigabytes, price float64) {
		if gigabytes > 0 {
			e.Parts = append(e.Parts, Part{of, cloud, gigabytes, price, gigabytes * price})
			e.Dollars += gigabytes * price
		}
	}
	clusters := 0
	for _, n := range d.Clusters {
		clusters += n
	}
	month := func(perSecond float64) float64 { return perSecond * SecondsOfMonth / 1e9 }
	spans, logs, points := d.Spans*d.SpanBytes, d.Logs*d.LogBytes, d.Points*d.PointBytes
	for _, cloud := range slices.Sorted(maps.Keys(d.Clusters)) {
		price, err := p.of(cloud)
		if err != nil {
			return Estimate{}, err
		}
		perGigabyte := price.Egress
		if cloud == d.Site {
			perGigabyte = price.EgressSameCloud
		}
		share := float64(d.Clusters[cloud]) / float64(clusters)
		add("egress", cloud, month((spans+logs+points)*d.Compressed)*share, perGigabyte)
	}
	add("archive", d.Site, month((spans+logs)*d.Compressed), site.archived(d.ArchiveMonths))
	add("trace-store", d.Site, month(spans*d.Kept), site.TraceStore*d.TraceDays/DaysOfTraces)
	// What has no price is no part of a bill.
	e.Parts = slices.DeleteFunc(e.Parts, func(part Part) bool { return part.PerGigabyte == 0 })
	return e, nil
}

// archived is the price of a gigabyte that is kept for so many months, the first of them in ordinary storage.
func (p Price) archived(months float64) float64 {
	return p.Archive*min(months, 1) + p.ArchiveCold*max(months-1, 0)
}

// mostOf anything: a number that is larger is a mistake, and stays clear of the limits of floating point.
const mostOf = 1e15

func (d Demand) check() error {
	for name, value := range map[string]float64{"spans": d.Spans, "logs": d.Logs, "points": d.Points, "bytes of a span": d.SpanBytes,
		"bytes of a log record": d.LogBytes, "bytes of a point": d.PointBytes, "months of the archive": d.ArchiveMonths, "days of traces": d.TraceDays} {
		if math.IsNaN(value) || value < 0 || value > mostOf {
			return fmt.Errorf("estimate: %s: %v is out of range: give a number from 0 to %g", name, value, float64(mostOf))
		}
	}
	for name, value := range map[string]float64{"compressed size": d.Compressed, "share of spans that are kept": d.Kept} {
		if math.IsNaN(value) || value < 0 || value > 1 {
			return fmt.Errorf("estimate: %s: %v is out of range: give a number from 0 to 1", name, value)
		}
	}
	if len(d.Clusters) == 0 {
		return errors.New("estimate: there are no clusters: give their number by cloud, such as aws=3")
	}
	for cloud, n := range d.Clusters {
		if n < 1 || n > 1e6 {
			return fmt.Errorf("estimate: %d clusters in %s: give a number from 1", n, cloud)
		}
	}
	return nil
}
