package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/telepod/telepod/examples/shop/load"
)

func runLoad(ctx context.Context, args []string) error {
	f := newFlags("load")
	var o load.Options
	f.StringVar(&o.URL, "url", "", "URL of the order service")
	f.StringVar(&o.Run, "run", "", "name of this run, in the spans as shop.run; empty means random")
	f.Float64Var(&o.Rate, "rate", 10, "orders a second")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "how long orders are placed")
	f.Float64Var(&o.Failures, "failures", 0.1, "share of orders whose payment is declined, 0 to 1")
	f.Float64Var(&o.Slow, "slow", 0.05, "share of orders whose payment is slow, 0 to 1")
	asJSON := f.Bool("json", false, "print the summary as one line of JSON")
	each := f.Bool("each", false, "print every result as one line of JSON on standard error")
	for name, variable := range map[string]string{"url": "ORDER_URL", "run": "SHOP_RUN", "rate": "SHOP_RATE",
		"duration": "SHOP_DURATION", "failures": "SHOP_FAILURES", "slow": "SHOP_SLOW_SHARE"} {
		f.from(name, variable)
	}
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.require("url"); err != nil {
		return err
	}
	if o.Run == "" {
		o.Run = strings.ToLower(rand.Text()[:6])
	}
	if *each {
		o.Each = printResult
	}
	sum, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(sum)
	} else {
		_, err = fmt.Print(sum)
	}
	if err == nil && sum.Failed > 0 {
		err = fmt.Errorf("%d of %d orders failed", sum.Failed, sum.Requests)
	}
	return err
}

func printResult(r load.Result) {
	line := map[string]any{"sequence": r.Sequence, "card": r.Card, "began": r.Began, "took_ms": float64(r.Took.Microseconds()) / 1000,
		"order_id": r.OrderID, "trace_id": r.TraceID}
	if r.Err != nil {
		line["error"] = r.Err.Error()
	}
	// If standard error is closed, there is nowhere to report it.
	_ = json.NewEncoder(os.Stderr).Encode(line)
}
