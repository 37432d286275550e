package archive

import (
	"fmt"
	"slices"
	"time"
)

// Selection is a part of an archive. Its zero value is all of it.
type Selection struct {
	// Signals are all three if empty.
	Signals []Signal
	// Cloud and Region are those of the data's resources; empty means any, [Unknown] those that say none.
	Cloud  string
	Region string
	// Window is when the data was archived.
	Window
	// EveryFolder looks for Cloud and Region in all folders, and not only in theirs. It takes longer, and
	// finds everything where the folders mix regions: where the chart's central.archive.regions does not
	// name them.
	EveryFolder bool
}

// Window is a span of time, To excluded. A time that is zero leaves its side open. A partition that the
// window cuts belongs to it as a whole, so windows are best given in full minutes.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

func (w Window) contains(o Object) bool {
	return o.End.After(w.From) && (w.To.IsZero() || o.Start.Before(w.To))
}

// signals are those that are wanted, each once.
func (s Selection) signals() []Signal {
	return slices.DeleteFunc(Signals(), func(signal Signal) bool {
		return len(s.Signals) > 0 && !slices.Contains(s.Signals, signal)
	})
}

// takesFolder tells whether a folder may hold what is wanted.
func (s Selection) takesFolder(f Folder) bool {
	return slices.Contains(s.signals(), f.Signal) && (s.EveryFolder || s.takes(f.Cloud, f.Region))
}

// takes tells whether a resource's data is wanted.
func (s Selection) takes(cloud, region string) bool {
	return (s.Cloud == "" || s.Cloud == cloud) && (s.Region == "" || s.Region == region)
}

// after is a key below a folder behind which everything in the window lies. It is an hour's: a partition
// may have no minutes.
func (w Window) after(folder string) string {
	if w.From.IsZero() {
		return ""
	}
	return folder + w.From.UTC().Format("year=2006/month=01/day=02/hour=15/")
}

// endsBefore tells whether no key behind this object's is in the window. Keys are in the order of time
// from hour to hour only, as an hour's own files may come after its minutes.
func (w Window) endsBefore(o Object) bool {
	return !w.To.IsZero() && !o.Start.Truncate(time.Hour).Before(w.To)
}

// ParseTime reads a time as people write it: RFC 3339, its beginning (2026-11-22, 2026-11-22T10:04, in UTC), or how
// long before now it was (90m, 36h).
func ParseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02T15", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago).UTC(), nil
	}
	return time.Time{}, fmt.Errorf("read time %q: write 2026-11-22T10:04:00Z, 2026-11-22T10:04 (UTC), 2026-11-22, or 90m for 90 minutes ago", text)
}
