package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Destination is a place beside the archive and the trace store that charges for what it gets.
type Destination struct {
	Name    string   `json:"name"`
	Signals []string `json:"signals"`
	// Sampled destinations get the traces that tail sampling keeps, others all of them.
	Sampled bool `json:"sampled"`
	// PerGigabyte is its price in dollars for a gigabyte before compression.
	PerGigabyte float64 `json:"perGigabyte"`
}

// PricedDestinations returns the destinations in the chart's values that have a price in cost.destinations.
func PricedDestinations(values []byte) ([]Destination, error) {
	type entry struct {
		Name    string
		Signals []string
		Sampled *bool
	}
	var file struct {
		Cost    struct{ Destinations map[string]float64 }
		Central struct {
			Destinations       []entry
			Jaeger, Prometheus string
			Archive            struct{ Bucket string }
			Kafka              struct{ Brokers []string }
		}
		Regional struct{ Destinations []entry }
	}
	if err := yaml.Unmarshal(values, &file); err != nil {
		return nil, fmt.Errorf("read cost.destinations: %w", err)
	}
	known := map[string]Destination{}
	for _, of := range file.Regional.Destinations {
		known[of.Name] = Destination{Name: of.Name, Signals: of.Signals}
	}
	for _, of := range file.Central.Destinations {
		known[of.Name] = Destination{Name: of.Name, Signals: of.Signals, Sampled: of.Sampled == nil || *of.Sampled}
	}
	for name, short := range map[string]struct {
		set     bool
		signals []string
	}{
		"jaeger":     {file.Central.Jaeger != "", []string{"traces"}},
		"prometheus": {file.Central.Prometheus != "", []string{"metrics"}},
		"archive":    {file.Central.Archive.Bucket != "", []string{"traces", "logs"}},
		"kafka":      {len(file.Central.Kafka.Brokers) > 0, []string{"traces", "metrics", "logs"}},
	} {
		if short.set {
			known[name] = Destination{Name: name, Signals: short.signals, Sampled: name != "archive"}
		}
	}
	var priced []Destination
	for _, name := range slices.Sorted(maps.Keys(file.Cost.Destinations)) {
		to, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("cost.destinations has a price of %q, which is no destination in the same values; they have %s: add it, with its signals, to central.destinations or regional.destinations",
				name, named(slices.Sorted(maps.Keys(known))))
		}
		to.PerGigabyte = file.Cost.Destinations[name]
		priced = append(priced, to)
	}
	return priced, nil
}

func named(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// perSecond returns the bytes of a demand that a destination gets each second, before compression.
func (to Destination) perSecond(d Demand) float64 {
	bytes := 0.0
	for _, signal := range to.Signals {
		switch signal {
		case "traces":
			spans := d.Spans * d.SpanBytes
			if to.Sampled {
				spans *= d.Kept
			}
			bytes += spans
		case "metrics":
			bytes += d.Points * d.PointBytes
		case "logs":
			bytes += d.Logs * d.LogBytes
		}
	}
	return bytes
}
