package report_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/test/golden"
	"github.com/telepod/telepod/test/report"
)

// TestReportPage compares the page without style and script. To view the complete page, run go test ./test/report -run
// ReportPage -artifacts -outputdir /tmp, and screenshot.sh with the file.
func TestReportPage(t *testing.T) {
	page := write(t, story(t))
	if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "story.html"), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile(`(?s)<(style|script)>\n.*?\n</`)
	golden.Compare(t, "testdata/story.html", inline.ReplaceAllString(page, "<$1></"))
}

// A page that loads other resources could not be sent to a colleague.
func TestPageIsSelfContained(t *testing.T) {
	outside := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|https?://|fetch\(|XMLHttpRequest`)
	if found := outside.FindString(write(t, story(t))); found != "" {
		t.Errorf("the page contains %q, which may load something from the network", found)
	}
}

// Every field may contain text from other programs. It must not run in the page, nor break it.
func TestHostileTextIsEscaped(t *testing.T) {
	const hostile = `</script></style><script>alert(1)</script>"'><img src=x onerror=alert(2)> onload=alert(3)`
	at := time.Unix(1e9, 0)
	attributes := map[string]string{hostile: hostile}
	page := write(t, report.Report{
		Title: hostile, Started: at, Ended: at,
		Clusters: []report.Cluster{{Name: hostile, Cloud: hostile, Region: hostile, Role: hostile}},
		Steps:    []report.Step{{Name: hostile, Text: hostile}},
		Outcome:  []report.Row{{Name: hostile, Value: hostile, Note: hostile}},
		Trace: report.Trace{ID: hostile, Spans: []report.Span{{
			ID: hostile, Name: hostile, Service: hostile, Cloud: hostile, Region: hostile, Cluster: hostile, Pod: hostile,
			Start: at, Duration: time.Second, Attributes: attributes,
			Events: []report.Event{{At: at, Name: hostile, Attributes: attributes}},
		}}},
		Timeline: report.Timeline{
			Samples:   []report.Sample{{At: at, Site: map[string]float64{hostile: 1}, Queue: map[string]float64{hostile: 1}}},
			Marks:     []report.Mark{{At: at, Text: hostile, Kind: hostile}},
			QueueUnit: hostile,
		},
	})
	for _, tag := range []string{"<script>alert", "<img", "</style><", `"'>`} {
		if strings.Contains(page, tag) {
			t.Errorf("the page contains %q unescaped", tag)
		}
	}
	if got, want := strings.Count(page, "<script"), strings.Count(write(t, story(t)), "<script"); got != want {
		t.Errorf("the page has %d scripts, want only its own %d", got, want)
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("the page does not show the escaped text")
	}
}

// A run that ended early has only some of the data.
func TestPageOfAnIncompleteRun(t *testing.T) {
	at := time.Unix(1e9, 0)
	for name, run := range map[string]report.Report{
		"nothing":                 {},
		"trace of one moment":     {Trace: report.Trace{Spans: []report.Span{{Start: at}}}},
		"one sample":              {Timeline: report.Timeline{Samples: []report.Sample{{At: at, Site: map[string]float64{"a": 0}}}}},
		"samples without a value": {Timeline: report.Timeline{Samples: []report.Sample{{At: at, Site: map[string]float64{"a": math.NaN()}}}}},
		"infinite":                {Timeline: report.Timeline{Samples: []report.Sample{{At: at, Queue: map[string]float64{"a": math.Inf(1), "b": 1e300}}}}},
		"only marks":              {Timeline: report.Timeline{Marks: []report.Mark{{At: at, Kind: report.Failure}}}},
	} {
		if page := write(t, run); strings.Contains(page, "NaN") || strings.Contains(page, "Inf") || !strings.Contains(page, "</html>") {
			t.Errorf("%s: the page is broken:\n%s", name, page)
		}
	}
}

func TestVerdictCountsFailures(t *testing.T) {
	run := story(t)
	if page := write(t, run); !strings.Contains(page, "all 11 checks passed") {
		t.Error("the page of a successful run does not report that all checks passed")
	}
	run.Outcome[2].OK, run.Steps[1].OK = false, false
	if page := write(t, run); !strings.Contains(page, "2 of 11 checks failed") {
		t.Error("the page of a failed run does not count its failures")
	}
}

func write(t *testing.T, run report.Report) string {
	t.Helper()
	var page bytes.Buffer
	if err := run.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}
