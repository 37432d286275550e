package drill

import (
	"errors"
	"fmt"
	"time"
)

// Method is a way to fail the primary.
type Method string

// Observe fails nothing.
const (
	Observe   Method = "observe"
	Scale     Method = "scale"
	Partition Method = "partition"
	Kill      Method = "kill"
)

// Methods returns all methods.
func Methods() []Method { return []Method{Observe, Scale, Partition, Kill} }

// Text describes a method.
func (m Method) Text() string {
	switch m {
	case Scale:
		return "scale the primary's Collectors to zero"
	case Partition:
		return "cut the primary's Collectors off by NetworkPolicy"
	case Kill:
		return "kill the primary's Collectors and their replacements"
	default:
		return "fail nothing, only watch"
	}
}

// Plan configures a drill.
type Plan struct {
	// ID identifies the drill in canaries and on the objects that it changes.
	ID     string
	Method Method
	// Baseline is how long to watch before failing the primary.
	Baseline time.Duration
	// Duration is how long the primary stays failed, or the length of an observation.
	Duration time.Duration
	// GiveUp is the time limit for every region to fail over. If one exceeds it, the primary is restored immediately.
	GiveUp time.Duration
	// ReturnWithin is how long to wait for the primary to be ready and in use again.
	ReturnWithin time.Duration
	// Settle is how long to wait for canaries to appear in the archive.
	Settle time.Duration
	// Interval is the sampling interval, and therefore the resolution of measured times.
	Interval time.Duration
	// Rate is the number of canaries per second through each Collector.
	Rate   int
	Limits Limits
}

// Limits are the conditions for a good verdict. A negative limit disables its check.
type Limits struct {
	FailOver   time.Duration
	Return     time.Duration
	Lost       int
	Duplicated int
}

// Check validates a plan.
func (p Plan) Check() error {
	switch {
	case p.Duration <= 0:
		return errors.New("plan a drill: --duration must be positive")
	case p.Interval < 50*time.Millisecond:
		return fmt.Errorf("plan a drill: --interval is %v: use 50ms or more, because each sample goes through the API server", p.Interval)
	case p.Rate < 1 || p.Rate > 1000:
		return fmt.Errorf("plan a drill: --rate is %d: use 1 to 1000 canaries per second", p.Rate)
	case p.Baseline < 0 || p.GiveUp <= 0 || p.ReturnWithin <= 0 || p.Settle < 0:
		return errors.New("plan a drill: --baseline and --settle must not be negative, and --give-up and --return-within must be positive")
	}
	return nil
}
