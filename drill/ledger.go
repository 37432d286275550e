package drill

import (
	"maps"
	"slices"
	"sync"
)

// Canary is a numbered span of a drill.
type Canary struct {
	Collector
	Sequence int64
}

// ledger tracks the canaries of a drill. It is safe for concurrent use.
type ledger struct {
	mu       sync.Mutex
	sent     map[Canary]bool // true once the Collector has accepted it
	stored   map[Canary]int
	refusals map[Collector]string // the last reason
}

func newLedger() *ledger {
	return &ledger{sent: map[Canary]bool{}, stored: map[Canary]int{}, refusals: map[Collector]string{}}
}

// send records a request. Refused canaries may still be stored, if only the response was lost.
func (l *ledger) send(canaries []Canary, refused error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, canary := range canaries {
		l.sent[canary] = refused == nil
		if refused != nil {
			l.refusals[canary.Collector] = refused.Error()
		}
	}
}

// store records that an archive contains a canary.
func (l *ledger) store(canary Canary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored[canary]++
}

// missing returns the number of canaries that were accepted but are not stored.
func (l *ledger) missing() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing := 0
	for canary, accepted := range l.sent {
		if accepted && l.stored[canary] == 0 {
			missing++
		}
	}
	return missing
}

// Count sums up the fate of canaries.
type Count struct {
	Sent     int `json:"sent"`
	Accepted int `json:"accepted"`
	// Refused were not accepted: a real client would have retried.
	Refused int `json:"refused"`
	// Stored, Lost and Duplicated are only known if an archive was read. Lost canaries were accepted but are
	// not stored.
	Stored     int `json:"stored"`
	Lost       int `json:"lost"`
	Duplicated int `json:"duplicated"`
	// FirstLost has up to ten sequence numbers to look for.
	FirstLost []int64 `json:"firstLost,omitempty"`
}

func (l *ledger) count(c Collector) Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	var count Count
	var lost []int64
	for canary, accepted := range l.sent {
		if canary.Collector != c {
			continue
		}
		count.Sent++
		times := l.stored[canary]
		switch {
		case accepted:
			count.Accepted++
			if times == 0 {
				lost = append(lost, canary.Sequence)
			}
		default:
			count.Refused++
		}
		if times > 0 {
			count.Stored++
			count.Duplicated += times - 1
		}
	}
	slices.Sort(lost)
	count.Lost, count.FirstLost = len(lost), lost[:min(len(lost), 10)]
	return count
}

func (l *ledger) lastRefusals() map[Collector]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.refusals)
}

func (c *Count) add(other Count) {
	c.Sent += other.Sent
	c.Accepted += other.Accepted
	c.Refused += other.Refused
	c.Stored += other.Stored
	c.Lost += other.Lost
	c.Duplicated += other.Duplicated
	c.FirstLost = nil
}
