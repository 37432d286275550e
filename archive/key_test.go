package archive_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/archive"
)

func TestParseKey(t *testing.T) {
	minute := time.Date(2026, 2, 28, 23, 59, 0, 0, time.UTC)
	place := archive.Folder{Signal: archive.Traces, Cloud: "aws", Region: "us-east-1"}
	for _, test := range []struct {
		key  string
		want archive.Object
		err  string
	}{
		{"traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=59/a_traces_1.binpb.zst", archive.Object{Folder: place, Start: minute, End: minute.Add(time.Minute)}, ""},
		{"traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/a_traces_1.binpb", archive.Object{Folder: place, Start: minute.Truncate(time.Hour), End: minute.Add(time.Minute)}, ""},
		{"traces/aws/us-east-1/year=2026/month=02/day=28/a_traces_1.binpb", archive.Object{}, "it is not of the form"},
		{"traces/aws/us-east-1/year=2026/month=02/day=29/hour=23/f", archive.Object{}, "there is no day 29 in February 2026"},
		{"traces/aws/us-east-1/year=2026/month=13/day=29/hour=23/f", archive.Object{}, `"month=13" is not month=1 to 12`},
		{"traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=60/f", archive.Object{}, `"minute=60" is not minute=0 to 59`},
		{"traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=59/second=1/f", archive.Object{}, `folders below the minute: "second=1"`},
		{"traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=59/", archive.Object{}, "no file name"},
		{"spans/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=59/f", archive.Object{}, "does not start with signal/cloud/region"},
		{"traces//us-east-1/year=2026/month=02/day=28/hour=23/minute=59/f", archive.Object{}, "does not start with signal/cloud/region"},
	} {
		got, err := archive.ParseKey(test.key)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q", test.key, err, test.err)
			}
			continue
		}
		test.want.Key = test.key
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n(-want +got):\n%s", test.key, err, diff)
		}
	}
}

// FuzzParseKey: an accepted key has a folder, and its start is before its end.
func FuzzParseKey(f *testing.F) {
	f.Add("traces/aws/us-east-1/year=2026/month=02/day=28/hour=23/minute=59/a_traces_1.binpb.zst")
	f.Add("logs/unknown/unknown/year=2026/month=02/day=28/hour=23/a")
	f.Add("logs/////////")
	f.Fuzz(func(t *testing.T, key string) {
		o, err := archive.ParseKey(key)
		if err != nil {
			return
		}
		if o.Key != key || !strings.HasPrefix(key, o.Folder.String()+"/year=") || !o.End.After(o.Start) {
			t.Errorf("%q: %+v", key, o)
		}
	})
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-22":                "2026-11-22T00:00:00Z",
		"2026-11-22T10":             "2026-11-22T10:00:00Z",
		"2026-11-22T10:04":          "2026-11-22T10:04:00Z",
		"2026-11-22T10:04:05":       "2026-11-22T10:04:05Z",
		"2026-11-22T10:04:05+01:00": "2026-11-22T09:04:05Z",
		"36h":                       "2026-11-21T00:00:00Z",
		"-1h":                       "",
		"yesterday":                 "",
	} {
		got, err := archive.ParseTime(text, now)
		if want == "" {
			if err == nil {
				t.Errorf("%s is %v, want an error", text, got)
			}
		} else if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
}
