package drill

import (
	"errors"
	"fmt"
	"time"
)

// Method is how the primary is failed.
type Method string

// The methods. Observe fails nothing.
const (
	Observe   Method = "observe"
	Scale     Method = "scale"
	Partition Method = "partition"
	Kill      Method = "kill"
)

// Methods are all methods.
func Methods() []Method { return []Method{Observe, Scale, Partition, Kill} }

// Text says what a method does.
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

// Plan is a drill to be.
type Plan struct {
	// ID is in every canary, and in what marks changed objects.
	ID     string
	Method Method
	// Baseline is how long the estate is watched before anything is done.
	Baseline time.Duration
	// Duration is how long the primary stays failed, or all of an observation.
	Duration time.Duration
	// GiveUp is how long after the failure every region has to have moved over; the primary is restored
	// at once where one has not.
	GiveUp time.Duration
	// ReturnWithin is how long the drill waits for the primary to be ready and in use again.
	ReturnWithin time.Duration
	// Settle is how long it waits for canaries to appear in the archive.
	Settle time.Duration
	// Interval is the time between two looks, and so the resolution of what is measured.
	Interval time.Duration
	// Rate is the number of canaries a second through each Collector.
	Rate   int
	Limits Limits
}

// Limits are what a drill has to keep for a good verdict. A limit below zero is not judged.
type Limits struct {
	FailOver   time.Duration
	Return     time.Duration
	Lost       int
	Duplicated int
}

// Check finds what cannot be.
func (p Plan) Check() error {
	switch {
	case p.Duration <= 0:
		return errors.New("plan a drill: --duration has to be above zero")
	case p.Interval < 50*time.Millisecond:
		return fmt.Errorf("plan a drill: --interval is %v: give 50ms or more, the API server carries every look", p.Interval)
	case p.Rate < 1 || p.Rate > 1000:
		return fmt.Errorf("plan a drill: --rate is %d: give 1 to 1000 canaries a second", p.Rate)
	case p.Baseline < 0 || p.GiveUp <= 0 || p.ReturnWithin <= 0 || p.Settle < 0:
		return errors.New("plan a drill: --baseline and --settle may not be below zero, --give-up and --return-within have to be above it")
	}
	return nil
}
