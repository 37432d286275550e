package archive

import (
	"fmt"
	"slices"
	"time"
)

// Selection selects a part of an archive. The zero value selects everything.
type Selection struct {
	// Signals to read; empty means all three.
	Signals []Signal
	// Cloud and Region of the resources; empty means any, [Unknown] means resources without one.
	Cloud  string
	Region string
	// Window is the period in which the data was archived.
	Window
	// EveryFolder searches for Cloud and Region in all folders, not only in their own. It is slower. It is
	// necessary if folders mix regions, because the chart's central.archive.regions does not list them.
	EveryFolder bool
}

// Window is a period; To is exclusive. A zero time leaves its side open. A partition that overlaps the window
// is included as a whole, so use full minutes.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

func (w Window) contains(o Object) bool {
	return o.End.After(w.From) && (w.To.IsZero() || o.Start.Before(w.To))
}

// signals returns the selected signals without duplicates.
func (s Selection) signals() []Signal {
	return slices.DeleteFunc(Signals(), func(signal Signal) bool {
		return len(s.Signals) > 0 && !slices.Contains(s.Signals, signal)
	})
}

// matchesFolder reports whether a folder may contain selected data.
func (s Selection) matchesFolder(f Folder) bool {
	return slices.Contains(s.signals(), f.Signal) && (s.EveryFolder || s.matches(f.Cloud, f.Region))
}

// matches reports whether the data of a resource is selected.
func (s Selection) matches(cloud, region string) bool {
	return (s.Cloud == "" || s.Cloud == cloud) && (s.Region == "" || s.Region == region)
}

// after returns a key that precedes all keys of the window in a folder. It is that of an hour, because
// partitions may have no minutes.
func (w Window) after(folder string) string {
	if w.From.IsZero() {
		return ""
	}
	return folder + w.From.UTC().Format("year=2006/month=01/day=02/hour=15/")
}

// endsBefore reports whether no later key can be in the window. Keys are in chronological order only by hour:
// files directly in an hour's folder may follow those in its minutes.
func (w Window) endsBefore(o Object) bool {
	return !w.To.IsZero() && !o.Start.Truncate(time.Hour).Before(w.To)
}

// ParseTime parses RFC 3339, a prefix of it in UTC (2026-11-22, 2026-11-22T10:04), or a duration before now
// (90m, 36h).
func ParseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("invalid time %q: use 2026-11-22T10:04:00Z, 2026-11-22T10:04 (UTC), 2026-11-22, or 90m for 90 minutes ago", text)
}
