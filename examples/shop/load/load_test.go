package load

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/examples/shop/order"
	"github.com/telepod/telepod/examples/shop/payment"
)

// fake answers orders as the shop does, except for one that it fails.
func fake(t *testing.T, broken int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o order.Order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			t.Errorf("read an order: %v", err)
		}
		code := http.StatusCreated
		switch {
		case o.Sequence == broken:
			code = http.StatusBadGateway
		case o.Card == payment.CardDeclined:
			code = http.StatusPaymentRequired
		}
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(order.Receipt{OrderID: "o", TraceID: "t", Error: http.StatusText(code)})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRunCountsEveryOrder(t *testing.T) {
	seen := map[int64]bool{}
	o := Options{URL: fake(t, 7), Run: "r", Rate: 1000, Duration: 200 * time.Millisecond, Failures: 0.2, Slow: 0.1,
		Each: func(r Result) { seen[r.Sequence] = true }}
	sum, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Requests != 200 || sum.LastSequence != 200 || len(seen) != 200 {
		t.Errorf("%d requests up to %d, %d seen; want 200 of each", sum.Requests, sum.LastSequence, len(seen))
	}
	if sum.Placed+sum.Declined+sum.Failed != sum.Requests || sum.Failed != 1 {
		t.Errorf("they do not add up: %+v", sum)
	}
	if len(sum.Errors) != 1 || !strings.Contains(sum.Errors[0], "place order 7") {
		t.Errorf("errors %q", sum.Errors)
	}
	for what, c := range map[string]struct{ got, want int64 }{"declined": {sum.Declined, 40}, "slow": {sum.Slow, 20}} {
		if c.got < c.want-3 || c.got > c.want+3 {
			t.Errorf("%d %s, want about %d", c.got, what, c.want)
		}
	}
}

// An order depends only on its number, so a run can be repeated.
func TestOrdersAreTheSameInEveryRun(t *testing.T) {
	first, second := Options{Run: "r", Failures: 0.3, Slow: 0.3}, Options{Run: "r", Failures: 0.3, Slow: 0.3, Rate: 9}
	for sequence := range int64(100) {
		if diff := cmp.Diff(first.order(sequence), second.order(sequence)); diff != "" {
			t.Errorf("order %d of two runs:\n%s", sequence, diff)
		}
	}
	if all := (Options{Failures: 1}); all.card(1) != payment.CardDeclined {
		t.Error("a share of 1 does not select every order")
	}
	if none := (Options{}); none.card(1) != payment.CardOK {
		t.Error("a share of 0 selects an order")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := Options{URL: fake(t, 0), Run: "r", Rate: 1000, Duration: time.Hour, Each: func(r Result) {
		if r.Sequence == 10 {
			cancel()
		}
	}}
	sum, err := Run(ctx, o)
	if err != nil || sum.Requests < 10 || sum.Failed > 0 || sum.LastSequence != sum.Requests {
		t.Errorf("error %v, summary %+v", err, sum)
	}
}

func TestRunRejectsInvalidOptions(t *testing.T) {
	good := Options{URL: "http://a", Rate: 1, Duration: time.Second}
	for name, change := range map[string]func(*Options){
		"no URL":            func(o *Options) { o.URL = "" },
		"no rate":           func(o *Options) { o.Rate = 0 },
		"no time":           func(o *Options) { o.Duration = 0 },
		"a negative share":  func(o *Options) { o.Slow = -0.1 },
		"shares beyond one": func(o *Options) { o.Failures, o.Slow = 0.6, 0.6 },
		"an excessive rate": func(o *Options) { o.Rate = 1e9 },
	} {
		o := good
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSummaryIsReadable(t *testing.T) {
	s := Summary{Run: "r"}
	for i := range int64(100) {
		s.add(Result{Sequence: i + 1, Card: payment.CardOK, Took: time.Duration(i+1) * time.Millisecond})
	}
	s.finish()
	if s.P50 != 50 || s.P99 != 99 || s.Max != 100 {
		t.Errorf("50 %%: %v, 99 %%: %v, all: %v", s.P50, s.P99, s.Max)
	}
	if text := s.String(); !strings.Contains(text, "100 orders, numbered 1 to 100") {
		t.Errorf("printed\n%s", text)
	}
}
