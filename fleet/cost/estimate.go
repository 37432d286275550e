package cost

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// SecondsOfMonth is a month of 30 days, as on the dashboard.
const SecondsOfMonth = 30 * 86400

// ArchivedMonths is the retention that the rules assume for the price of an archived byte; two of the months are in
// cold storage.
const ArchivedMonths = 3

// DaysOfTraces is the retention that the trace store's price covers.
const DaysOfTraces = 30

// Demand is the expected volume of an estate.
type Demand struct {
	// Spans, Logs and Points are per second, of all clusters together, before any sampling at a site.
	Spans  float64 `json:"spansPerSecond"`
	Logs   float64 `json:"logsPerSecond"`
	Points float64 `json:"pointsPerSecond"`
	// SpanBytes and so on are the mean size in OTLP, before compression.
	SpanBytes  float64 `json:"spanBytes"`
	LogBytes   float64 `json:"logBytes"`
	PointBytes float64 `json:"pointBytes"`
	// Compressed is the compression ratio: bytes on the wire for each byte of OTLP.
	Compressed float64 `json:"compressed"`
	// Clusters is the number of clusters in each cloud. All send the same amount.
	Clusters map[string]int `json:"clusters"`
	// Site is the cloud of the central site.
	Site string `json:"site"`
	// ArchiveMonths is the archive's retention of traces and logs, the first month in ordinary storage; 0 disables
	// it.
	ArchiveMonths float64 `json:"archiveMonths"`
	// Kept is the share of spans that tail sampling keeps, and TraceDays the trace store's retention; 0 disables it.
	Kept      float64 `json:"kept"`
	TraceDays float64 `json:"traceDays"`
	// Destinations charge for the data that they receive.
	Destinations []Destination `json:"destinations,omitempty"`
}

// Part is an item of a monthly bill.
type Part struct {
	// Of is egress, archive, trace-store or destination.
	Of string `json:"of"`
	// Cloud is the cloud that charges for it, empty for a destination, and Name the destination.
	Cloud string `json:"cloud,omitempty"`
	Name  string `json:"name,omitempty"`
	// Gigabytes are per month; PerGigabyte is in dollars.
	Gigabytes   float64 `json:"gigabytes"`
	PerGigabyte float64 `json:"perGigabyte"`
	Dollars     float64 `json:"dollars"`
}

// Estimate is the bill of a month in steady state: as much data expires as is stored.
type Estimate struct {
	Demand  Demand  `json:"demand"`
	Parts   []Part  `json:"parts"`
	Dollars float64 `json:"dollars"`
	// Prices is the date of the list prices.
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
	add := func(of, cloud, name string, gigabytes, price float64) {
		if gigabytes > 0 {
			e.Parts = append(e.Parts, Part{of, cloud, name, gigabytes, price, gigabytes * price})
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
		add("egress", cloud, "", month((spans+logs+points)*d.Compressed)*share, perGigabyte)
	}
	add("archive", d.Site, "", month((spans+logs)*d.Compressed), site.archived(d.ArchiveMonths))
	add("trace-store", d.Site, "", month(spans*d.Kept), site.TraceStore*d.TraceDays/DaysOfTraces)
	for _, to := range d.Destinations {
		add("destination", "", to.Name, month(to.perSecond(d)), to.PerGigabyte)
	}
	// Skip items without a price.
	e.Parts = slices.DeleteFunc(e.Parts, func(part Part) bool { return part.PerGigabyte == 0 })
	return e, nil
}

// archived returns the price of storing a gigabyte for that many months, the first in ordinary storage.
func (p Price) archived(months float64) float64 {
	return p.Archive*min(months, 1) + p.ArchiveCold*max(months-1, 0)
}

// mostOf is the upper limit for inputs: a larger number is a mistake, and could exceed floating-point precision.
const mostOf = 1e15

func (d Demand) check() error {
	for name, value := range map[string]float64{"spans": d.Spans, "logs": d.Logs, "points": d.Points, "bytes of a span": d.SpanBytes,
		"bytes of a log record": d.LogBytes, "bytes of a point": d.PointBytes, "months of the archive": d.ArchiveMonths, "days of traces": d.TraceDays} {
		if math.IsNaN(value) || value < 0 || value > mostOf {
			return fmt.Errorf("estimate: %s: %v is out of range: use a number from 0 to %g", name, value, float64(mostOf))
		}
	}
	for name, value := range map[string]float64{"compressed size": d.Compressed, "share of spans that are kept": d.Kept} {
		if math.IsNaN(value) || value < 0 || value > 1 {
			return fmt.Errorf("estimate: %s: %v is out of range: use a number from 0 to 1", name, value)
		}
	}
	for _, to := range d.Destinations {
		if math.IsNaN(to.PerGigabyte) || to.PerGigabyte < 0 || to.PerGigabyte > mostOf {
			return fmt.Errorf("estimate: price of destination %q: %v is out of range: use a number from 0 to %g", to.Name, to.PerGigabyte, float64(mostOf))
		}
	}
	if len(d.Clusters) == 0 {
		return errors.New("estimate: there are no clusters: set their number by cloud, such as aws=3")
	}
	for cloud, n := range d.Clusters {
		if n < 1 || n > 1e6 {
			return fmt.Errorf("estimate: %d clusters in %s: use a number from 1 to 1000000", n, cloud)
		}
	}
	return nil
}
