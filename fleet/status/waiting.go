package status

import (
	"slices"
	"time"
)

// Waiting describes signals that no site accepts from some Collectors.
type Waiting struct {
	Signals []string `json:"signals"`
	// Collectors is the number of Collectors on which at least one of the signals waits; Since is when the first began.
	Collectors int       `json:"collectors"`
	Since      time.Time `json:"since,omitzero"`
}

// wait adds the signals that wait on a Collector.
func (t *Traffic) wait(signals map[string]time.Time) {
	if len(signals) == 0 {
		return
	}
	if t.Waiting == nil {
		t.Waiting = &Waiting{}
	}
	w := t.Waiting
	w.Collectors++
	for signal, since := range signals {
		if !slices.Contains(w.Signals, signal) {
			w.Signals = append(w.Signals, signal)
		}
		if w.Since.IsZero() || since.Before(w.Since) {
			w.Since = since
		}
	}
	slices.Sort(w.Signals)
}
