package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
)

// The tolerances between three counts of the bytes that left the regions. Links carry more than the requests' bodies:
// TLS, HTTP/2 and pings, independent of the load.
const (
	costTolerance = 0.2  // fraction of the sites' own count
	linkOverhead  = 4000 // bytes per second and region
)

// reconcile compares three counts over the last five minutes or less: bytes on the links to the central sites, bodies of
// requests that the sites report, and the result of the chart's cost rules.
func (t *story) reconcile(ctx context.Context) error {
	const window = 5 * time.Minute
	samples := t.watch.Samples()
	first, last := samples[0], samples[len(samples)-1]
	for _, s := range samples {
		if last.At.Sub(s.At) >= window {
			first = s
		}
	}
	bodies, carried := total(last.Bodies)-total(first.Bodies), total(last.Carried)-total(first.Carried)
	off, ruled := 0.0, 0.0
	// Wait for the Collectors' last metrics.
	for range 10 {
		var err error
		if ruled, err = t.ruled(ctx, window); err != nil {
			return err
		}
		if off = ruled/bodies - 1; math.Abs(off) <= costTolerance {
			break
		}
		if err := pause(ctx, 3*time.Second); err != nil {
			return err
		}
	}
	t.row("bytes: sites and cost rules", fmt.Sprintf("%.0f and %.0f kB", bodies/1000, ruled/1000),
		fmt.Sprintf("%+.0f %%; up to %.0f %% is expected", 100*off, 100*costTolerance), math.Abs(off) <= costTolerance)
	over := (carried - bodies) / last.At.Sub(first.At).Seconds() / float64(len(last.Carried))
	t.row("bytes: links", fmt.Sprintf("%.0f kB", carried/1000),
		fmt.Sprintf("%.1f kB per second and region more than the bodies, for TLS, HTTP/2 and pings; 0 to %d are expected", over/1000, linkOverhead/1000),
		over >= 0 && over <= linkOverhead)
	return nil
}

// ruled is the number of bytes that left the regions for central sites, according to the chart's rules.
func (t *story) ruled(ctx context.Context, window time.Duration) (float64, error) {
	var series []clouds.Series
	err := await.Success(ctx, patience, func(ctx context.Context) (err error) {
		series, err = t.estate.Stores.Query(ctx, fmt.Sprintf("sum(telepod:wire_bytes:rate5m) * %.0f", window.Seconds()))
		if err == nil && len(series) != 1 {
			err = errors.New("telepod:wire_bytes:rate5m has no data")
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("query the bytes of the cost rules: %w", err)
	}
	return strconv.ParseFloat(series[0].Value, 64)
}

func total(values map[string]float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}
