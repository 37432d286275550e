package load

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Options configure a run. Shares are from 0 to 1 and accurate to within a few orders; the summary has the
// exact counts.
type Options struct {
	URL      string
	Run      string
	Rate     float64 // orders per second
	Duration time.Duration
	Failures float64 // share of orders whose payment is declined
	Slow     float64 // share of orders with a slow payment
	// Each, if not nil, is called with every result. Calls do not overlap.
	Each func(Result)
}

func (o Options) check() error {
	switch {
	case o.URL == "":
		return fmt.Errorf("place orders: no URL of the order service")
	case o.Rate <= 0 || o.Rate > 10_000:
		return fmt.Errorf("place orders at %v a second: choose a rate above 0 and up to 10000", o.Rate)
	case o.Duration <= 0:
		return fmt.Errorf("place orders for %v: choose a longer time", o.Duration)
	case o.Failures < 0 || o.Slow < 0 || o.Failures+o.Slow > 1:
		return fmt.Errorf("make %v of the orders fail and %v slow: choose shares with a sum of 0 to 1", o.Failures, o.Slow)
	}
	return nil
}

// Run places orders until the duration has passed or the context is canceled, waits for pending orders, and
// sums up. It sends orders on schedule, whether or not earlier ones were answered.
func Run(ctx context.Context, o Options) (Summary, error) {
	if err := o.check(); err != nil {
		return Summary{}, err
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	results := make(chan Result)
	go send(ctx, o, client, results)

	sum := Summary{Run: o.Run}
	for r := range results {
		sum.add(r)
		if o.Each != nil {
			o.Each(r)
		}
	}
	sum.finish()
	return sum, nil
}

// send closes results after the last order was answered.
func send(ctx context.Context, o Options, client *http.Client, results chan<- Result) {
	var pending sync.WaitGroup
	start := time.Now()
	for sequence := int64(1); ; sequence++ {
		after := time.Duration(float64(sequence-1) / o.Rate * float64(time.Second))
		if after >= o.Duration || !until(ctx, start.Add(after)) {
			break
		}
		pending.Go(func() { results <- o.place(context.WithoutCancel(ctx), client, sequence) })
	}
	pending.Wait()
	close(results)
}

func until(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
