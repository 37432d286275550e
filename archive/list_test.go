package archive_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/archive"
)

func at(hour, minute int) time.Time { return time.Date(2026, 11, 22, hour, minute, 0, 0, time.UTC) }

func TestList(t *testing.T) {
	store := memory{}
	for _, key := range []string{
		"traces/aws/us-east-1/year=2026/month=11/day=21/hour=23/minute=59/a1",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=03/a2",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=04/a3",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=50/a4",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/whole-hour",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=11/minute=00/a5",
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=9x/foreign",
		"traces/gcp/europe-west1/year=2026/month=11/day=22/hour=10/minute=03/g1",
		"traces/unknown/unknown/year=2026/month=11/day=22/hour=10/minute=03/u1",
		"logs/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=03/l1",
		"other/file", "readme",
	} {
		store[key] = nil
	}
	for _, test := range []struct {
		name      string
		selection archive.Selection
		want      string
		foreign   int
	}{
		{"everything, in order of time", archive.Selection{}, "a1 whole-hour l1 a2 g1 u1 a3 a4 a5", 1},
		{"a signal", archive.Selection{Signals: []archive.Signal{archive.Logs}}, "l1", 0},
		{"a signal named twice", archive.Selection{Signals: []archive.Signal{archive.Logs, archive.Logs}}, "l1", 0},
		{"a cloud", archive.Selection{Cloud: "gcp"}, "g1", 0},
		{"a region", archive.Selection{Region: "us-east-1", Signals: []archive.Signal{archive.Traces}}, "a1 whole-hour a2 a3 a4 a5", 1},
		{"a cloud in every folder", archive.Selection{Cloud: "gcp", EveryFolder: true}, "a1 whole-hour l1 a2 g1 u1 a3 a4 a5", 1},
		{"a minute", archive.Selection{Window: archive.Window{From: at(10, 3), To: at(10, 4)}}, "whole-hour l1 a2 g1 u1", 1},
		{"a window within a minute selects the minute", archive.Selection{Cloud: "gcp", Window: archive.Window{From: at(10, 3).Add(20 * time.Second), To: at(10, 3).Add(21 * time.Second)}}, "g1", 0},
		{"no end", archive.Selection{Window: archive.Window{From: at(10, 4)}}, "whole-hour a3 a4 a5", 1},
		{"no start", archive.Selection{Window: archive.Window{To: at(0, 0)}}, "a1", 0},
		{"nothing", archive.Selection{Window: archive.Window{From: at(12, 0)}}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := archive.List(t.Context(), store, test.selection)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range l.Objects {
				got = append(got, o.Key[strings.LastIndexByte(o.Key, '/')+1:])
			}
			if diff := cmp.Diff(strings.Fields(test.want), got); diff != "" && test.want+strings.Join(got, "") != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(l.Foreign) != test.foreign {
				t.Errorf("foreign %q, want %d", l.Foreign, test.foreign)
			}
			if slices.ContainsFunc(l.Objects, func(o archive.Object) bool { return !o.End.After(o.Start) }) {
				t.Error("an object has no period")
			}
		})
	}
}
