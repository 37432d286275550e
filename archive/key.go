package archive

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signal is a kind of telemetry, and the top-level folder of the archive.
type Signal string

const (
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
	Logs    Signal = "logs"
)

// Signals returns all signals.
func Signals() []Signal { return []Signal{Traces, Metrics, Logs} }

// Unknown is the cloud or region of data without one.
const Unknown = "unknown"

// Folder is the part of the archive for one signal and region.
type Folder struct {
	Signal Signal `json:"signal"`
	Cloud  string `json:"cloud"`
	Region string `json:"region"`
}

func (f Folder) String() string { return string(f.Signal) + "/" + f.Cloud + "/" + f.Region }

// Object is one object of the archive.
type Object struct {
	Folder
	Key string
	// Start and End are the period in which the object was archived: the minute of its partition, or the hour
	// if the partition has no minutes. End is exclusive. The data itself is older, by the time it spent in
	// queues.
	Start, End time.Time
	// Size is the stored, compressed size.
	Size int64
	// StorageClass as the store reports it; empty for standard storage.
	StorageClass string
}

// levels are the parts of a partition's path and their ranges, outermost first.
var levels = []struct {
	name      string
	low, high int
}{{"year", 1970, 9999}, {"month", 1, 12}, {"day", 1, 31}, {"hour", 0, 23}, {"minute", 0, 59}}

// hourly is the minimum number of levels of a partition.
const hourly = 4

// ParseKey parses a key as written by the chart's awss3 exporter.
func ParseKey(key string) (Object, error) {
	parts := strings.Split(key, "/")
	if len(parts) < 3+hourly+1 {
		return Object{}, fmt.Errorf("read key %q: it is not of the form signal/cloud/region/year=…/month=…/day=…/hour=…/file", key)
	}
	o := Object{Key: key, Folder: Folder{Signal: Signal(parts[0]), Cloud: parts[1], Region: parts[2]}}
	if !slices.Contains(Signals(), o.Signal) || o.Cloud == "" || o.Region == "" || parts[len(parts)-1] == "" {
		return Object{}, fmt.Errorf("read key %q: it does not start with signal/cloud/region, or has no file name", key)
	}
	var err error
	if o.Start, o.End, err = partition(parts[3 : len(parts)-1]); err != nil {
		return Object{}, fmt.Errorf("read key %q: %w", key, err)
	}
	return o, nil
}

// partition parses year=2026, month=11 and so on, down to the hour or the minute.
func partition(parts []string) (start, end time.Time, err error) {
	if len(parts) > len(levels) {
		return start, end, fmt.Errorf("it has folders below the minute: %q", parts[len(levels)])
	}
	values := []int{0, 1, 1, 0, 0}
	for i, part := range parts {
		level := levels[i]
		text, found := strings.CutPrefix(part, level.name+"=")
		n, err := strconv.Atoi(text)
		if !found || err != nil || n < level.low || n > level.high {
			return start, end, fmt.Errorf("%q is not %s=%d to %d", part, level.name, level.low, level.high)
		}
		values[i] = n
	}
	start = time.Date(values[0], time.Month(values[1]), values[2], values[3], values[4], 0, 0, time.UTC)
	if start.Day() != values[2] {
		return start, end, fmt.Errorf("there is no day %d in %s %d", values[2], time.Month(values[1]), values[0])
	}
	if len(parts) == hourly {
		return start, start.Add(time.Hour), nil
	}
	return start, start.Add(time.Minute), nil
}
