package load

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/examples/shop/payment"
)

// Summary sums up the orders of a run.
type Summary struct {
	Run      string `json:"run"`
	Requests int64  `json:"requests"`
	// LastSequence is the highest number. It equals Requests, because no number is skipped.
	LastSequence int64 `json:"last_sequence"`
	Placed       int64 `json:"placed"`
	Slow         int64 `json:"slow"`     // of the placed orders
	Declined     int64 `json:"declined"` // and refunded, as expected
	Failed       int64 `json:"failed"`   // with an unexpected result
	// P50, P99 and Max are response times in milliseconds, without slow orders.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
	// Errors has some of the errors of failed orders.
	Errors []string `json:"errors,omitempty"`

	took []time.Duration
}

const errorsKept = 5

func (s *Summary) add(r Result) {
	s.Requests++
	s.LastSequence = max(s.LastSequence, r.Sequence)
	if r.Card != payment.CardSlow {
		s.took = append(s.took, r.Took)
	}
	switch {
	case r.Err != nil:
		s.Failed++
		if len(s.Errors) < errorsKept {
			s.Errors = append(s.Errors, r.Err.Error())
		}
	case r.Card == payment.CardDeclined:
		s.Declined++
	case r.Card == payment.CardSlow:
		s.Slow++
		s.Placed++
	default:
		s.Placed++
	}
}

func (s *Summary) finish() {
	if len(s.took) == 0 {
		return
	}
	slices.Sort(s.took)
	at := func(share float64) float64 {
		return float64(s.took[int(share*float64(len(s.took)-1))].Microseconds()) / 1000
	}
	s.P50, s.P99, s.Max = at(0.5), at(0.99), at(1)
}

// String returns the summary for people.
func (s Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "run %s: %d orders, numbered 1 to %d\n", s.Run, s.Requests, s.LastSequence)
	fmt.Fprintf(&b, "  placed    %6d   including %d slow ones\n", s.Placed, s.Slow)
	fmt.Fprintf(&b, "  declined  %6d   and refunded, as expected\n", s.Declined)
	fmt.Fprintf(&b, "  failed    %6d\n", s.Failed)
	fmt.Fprintf(&b, "  response times without slow orders: %.0f ms (median), %.0f ms (99 %%), %.0f ms (max)\n", s.P50, s.P99, s.Max)
	for _, text := range s.Errors {
		fmt.Fprintf(&b, "  %s\n", text)
	}
	return b.String()
}
