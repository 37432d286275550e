package cost

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/charts"
)

// Price is what a cloud charges, in dollars per gigabyte (10^9 bytes).
type Price struct {
	// Egress is for traffic to the internet, EgressSameCloud for traffic to another region of the same cloud.
	Egress          float64 `json:"egress"`
	EgressSameCloud float64 `json:"egressSameCloud"`
	// Archive is for a month in ordinary storage, ArchiveCold for a month in cold storage.
	Archive     float64 `json:"archive"`
	ArchiveCold float64 `json:"archiveCold"`
	// TraceStore is for a month on disks.
	TraceStore float64 `json:"traceStore"`
}

// Prices is a price list by cloud.
type Prices struct {
	Clouds map[string]Price `json:"clouds"`
	// AsOf is the date of these list prices.
	AsOf string `json:"asOf"`
}

// ListPrices returns the chart's list prices.
func ListPrices() (Prices, error) {
	p, err := readPrices(charts.Values)
	if err != nil {
		return Prices{}, fmt.Errorf("read the chart's values: %w", err)
	}
	return p, nil
}

// With overrides prices by those in a values file of the chart (cost.prices).
func (p Prices) With(values []byte) (Prices, error) {
	given, err := readPrices(values)
	if err != nil {
		return Prices{}, err
	}
	merged := Prices{maps.Clone(p.Clouds), p.AsOf}
	maps.Copy(merged.Clouds, given.Clouds)
	if given.AsOf != "" {
		merged.AsOf = given.AsOf
	}
	return merged, nil
}

func readPrices(values []byte) (Prices, error) {
	var file struct {
		Cost struct {
			Prices map[string]Price
			AsOf   string
		}
	}
	if err := yaml.Unmarshal(values, &file); err != nil {
		return Prices{}, fmt.Errorf("read cost.prices: %w", err)
	}
	return Prices{file.Cost.Prices, file.Cost.AsOf}, nil
}

// of returns the prices of a cloud.
func (p Prices) of(cloud string) (Price, error) {
	price, ok := p.Clouds[cloud]
	if !ok {
		return Price{}, fmt.Errorf("no prices for cloud %q, only for %s: set cost.prices in a values file", cloud, strings.Join(slices.Sorted(maps.Keys(p.Clouds)), ", "))
	}
	return price, nil
}
