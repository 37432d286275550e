package checks

import (
	"slices"
	"testing"
)

// TestCausesComeFirst: each cause is a code, and comes before its effects, so that no problem causes itself.
func TestCausesComeFirst(t *testing.T) {
	codes := Codes()
	for effect, code := range codes {
		for _, cause := range causes(code) {
			if at := slices.Index(codes, cause); at < 0 || at >= effect {
				t.Errorf("%s causes %s, and is number %d of the codes; the effect is number %d", cause, code, at, effect)
			}
		}
	}
}

func TestFold(t *testing.T) {
	line := func(code string, status Status) Line { return Line{Code: code, Status: status} }
	lines := Fold([]Line{
		line(codeVersion, OK), line(codeOutOfDate, Warning), line(codeQueues, Failed), line(codeCentral, Failed), line(codeSites, Failed),
		line(codeMetrics, Unknown), line(codeNodes, Warning), line(codeReached, Skipped),
	})
	want := []Line{
		line(codeCentral, Failed), {Code: codeSites, Status: Failed, Because: codeCentral}, {Code: codeQueues, Status: Failed, Because: codeCentral},
		{Code: codeMetrics, Status: Unknown, Because: codeCentral}, line(codeNodes, Warning), line(codeOutOfDate, Warning),
		line(codeVersion, OK), line(codeReached, Skipped),
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%+v\nwant %+v", lines, want)
	}
}

// TestFoldNeedsAFailedCause: a warning does not explain a failure.
func TestFoldNeedsAFailedCause(t *testing.T) {
	lines := Fold([]Line{{Code: codeCentral, Status: Warning}, {Code: codeSites, Status: Failed}})
	if lines[0].Code != codeSites || lines[0].Because != "" {
		t.Errorf("%+v", lines)
	}
}

func TestSkew(t *testing.T) {
	of := func(context, chart string) Snapshot {
		s := Snapshot{Context: context}
		s.Injector.Value.Workloads = []Workload{{Chart: "telepod-" + chart}}
		return s
	}
	if lines := Skew([]Snapshot{of("a", "1"), of("b", "1"), {Context: "c"}}); len(lines) != 0 {
		t.Errorf("%+v", lines)
	}
	lines := Skew([]Snapshot{of("a", "2"), of("b", "1"), of("c", "2")})
	if len(lines) != 1 || lines[0].Context != "b" || lines[0].Seen != "chart 1 here, 2 in most of the other clusters" {
		t.Errorf("%+v", lines)
	}
}

// TestFoldOneReplica: a single working injector is not the cause of bare workloads.
func TestFoldOneReplica(t *testing.T) {
	for _, line := range Fold([]Line{{Code: codeReplica, Status: Warning}, {Code: codeOutOfDate, Status: Warning}}) {
		if line.Because != "" {
			t.Errorf("%+v", line)
		}
	}
}

// TestAcross: the cause of a region's problem is in the cluster of the site.
func TestAcross(t *testing.T) {
	scaled := Line{Context: "aws", Code: codeCentral, Status: Failed, Seen: "scaled to zero", Repair: "scale"}
	away := Line{Context: "azure", Code: codeSites, Status: Failed, Seen: "primary is away", Repair: "look"}
	own := Line{Context: "aws", Code: codeSites, Status: Failed, Seen: "primary is away", Because: codeCentral}
	lines := Across([]Line{scaled, own, away})
	if lines[1] != own || lines[2].Seen != "primary is away; in context aws: scaled to zero" || lines[2].Repair != "scale" {
		t.Errorf("%+v", lines)
	}
	if lines := Across([]Line{away}); lines[0] != away {
		t.Errorf("%+v", lines)
	}
}
