package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Destination is a store other than the archive and the trace store that charges for the data that it receives.
type Destination struct {
	Name    string   `json:"name"`
	Signals []string `json:"signals"`
	// Sampled destinations receive the traces that tail sampling keeps; others receive all of them.
	Sampled bool `json:"sampled"`
	// PerGigabyte is its price in dollars for a gigabyte before compression.
	PerGigabyte float64 `json:"perGigabyte"`
}

// chartValues are the chart's values for destinations and their prices.
type chartValues struct {
	Cost    struct{ Destinations map[string]float64 }
	Central struct {
		Destinations       []destinationValues
		Jaeger, Prometheus string
		Archive            struct{ Bucket string }
		Kafka              struct{ Brokers []string }
		Sampling           struct{ KeepPercent *float64 }
	}
	Regional struct{ Destinations []destinationValues }
}

type destinationValues struct {
	Name    string
	Signals []string
	Sampled *bool
}

// PricedDestinations returns the destinations in the chart's values that have a price in cost.destinations.
func PricedDestinations(values []byte) ([]Destination, error) {
	var v chartValues
	if err := yaml.Unmarshal(values, &v); err != nil {
		return nil, fmt.Errorf("read cost.destinations: %w", err)
	}
	known := v.destinations()
	var priced []Destination
	for _, name := range slices.Sorted(maps.Keys(v.Cost.Destinations)) {
		to, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("cost.destinations has a price for %q, which is not a destination in the same values; they have %s: add it, with its signals, to central.destinations or regional.destinations",
				name, named(slices.Sorted(maps.Keys(known))))
		}
		to.PerGigabyte = v.Cost.Destinations[name]
		priced = append(priced, to)
	}
	return priced, nil
}

// Kept returns central.sampling.keepPercent in the chart's values as a share from 0 to 1; nil if they do not set it.
func Kept(values []byte) (*float64, error) {
	var v chartValues
	if err := yaml.Unmarshal(values, &v); err != nil {
		return nil, fmt.Errorf("read central.sampling.keepPercent: %w", err)
	}
	percent := v.Central.Sampling.KeepPercent
	if percent == nil {
		return nil, nil
	}
	if !(*percent >= 0 && *percent <= 100) {
		return nil, fmt.Errorf("central.sampling.keepPercent is %g: set it to a percentage from 0 to 100", *percent)
	}
	share := *percent / 100
	return &share, nil
}

// destinations returns all destinations by name, including those with separate values, such as Jaeger.
func (v chartValues) destinations() map[string]Destination {
	known := map[string]Destination{}
	for _, of := range v.Regional.Destinations {
		known[of.Name] = Destination{Name: of.Name, Signals: of.Signals}
	}
	for _, of := range v.Central.Destinations {
		known[of.Name] = Destination{Name: of.Name, Signals: of.Signals, Sampled: of.Sampled == nil || *of.Sampled}
	}
	for name, of := range map[string]struct {
		set     bool
		signals []string
	}{
		"jaeger":     {v.Central.Jaeger != "", []string{"traces"}},
		"prometheus": {v.Central.Prometheus != "", []string{"metrics"}},
		"archive":    {v.Central.Archive.Bucket != "", []string{"traces", "logs"}},
		"kafka":      {len(v.Central.Kafka.Brokers) > 0, []string{"traces", "metrics", "logs"}},
	} {
		if of.set {
			known[name] = Destination{Name: name, Signals: of.signals, Sampled: name != "archive"}
		}
	}
	return known
}

func named(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// perSecond returns the bytes that a destination receives each second, before compression.
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
