package checks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/telepod/telepod/fleet"
)

// Status is the severity of a line.
type Status string

// The statuses.
const (
	OK Status = "ok"
	// Skipped: not checked, which is not a problem.
	Skipped Status = "skipped"
	Warning Status = "warning"
	// Unknown: it could not be read.
	Unknown Status = "unknown"
	Failed  Status = "failed"
)

// Problem reports whether the status needs attention.
func (s Status) Problem() bool { return s == Warning || s == Unknown || s == Failed }

// Line is the result of one check.
type Line struct {
	Context string `json:"context,omitempty"`
	Section string `json:"section"`
	// Code names the check: see [Codes].
	Code   string `json:"code"`
	Status Status `json:"status"`
	// Seen is the finding, without a full stop.
	Seen string `json:"seen"`
	// Repair is a shell command, or other advice; empty if there is nothing to do.
	Repair string `json:"repair,omitempty"`
	// Because is the code of the problem that causes this one, in the same cluster; empty if there is none.
	Because string `json:"because,omitempty"`
	// site is the site that the line is about, if it is known.
	site string
}

// report collects lines of one section.
type report struct {
	context, section, code string
	// site is the site that the next lines are about.
	site    string
	lines   []Line
	missing []string // rights
}

// check sets the code of the lines that follow.
func (r *report) check(code string) *report {
	r.code = code
	return r
}

func (r *report) add(status Status, repair, format string, args ...any) {
	r.lines = append(r.lines, Line{Context: r.context, Section: r.section, Code: r.code, Status: status, Seen: oneLine(fmt.Sprintf(format, args...)), Repair: repair, site: r.site})
}

func (r *report) ok(format string, args ...any) { r.add(OK, "", format, args...) }

// longestLine limits texts from the cluster, in bytes.
const longestLine = 1000

// oneLine removes control characters, which terminals would interpret.
func oneLine(text string) string {
	if len(text) > longestLine {
		text = strings.ToValidUTF8(text[:longestLine], "") + "…"
	}
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)), " ")
}

// unknown reports something that could not be read. It returns whether err was set.
func (r *report) unknown(what string, err error) bool {
	if err == nil {
		return false
	}
	r.add(Unknown, "", "%s: unknown: %v", what, err)
	if missing, ok := errors.AsType[fleet.MissingRight](err); ok {
		r.lines[len(r.lines)-1].Because = codeRights
		if right := missing.Right(); !slices.Contains(r.missing, right) {
			r.missing = append(r.missing, right)
		}
	}
	return true
}

// Lines judges the snapshot.
func (s Snapshot) Lines() []Line {
	r := &report{context: s.Context}
	if s.Unreachable != nil {
		r.section = "cluster"
		r.check(codeUnreachable).add(Failed, s.Kubectl+" version", "the API server does not answer: %v", s.Unreachable)
		return r.lines
	}
	return s.judge(r, []section{
		{"cluster", s.kubernetes}, {"injector", s.injector}, {"webhook", s.webhook}, {"collectors", s.regional},
		{"collectors", s.losses}, {"central", s.central}, {"certificates", s.certificates}, {"network", s.network}, {"versions", s.versions},
		{"pods", s.pods}, {"canary", s.canaries},
	})
}

// Path judges only the path of telemetry: regional Collectors, the central site and its stores.
func (s Snapshot) Path() []Line {
	return s.path([]section{{"collectors", s.regional}, {"central", s.central}, {"certificates", s.certificates}, {"network", s.network}})
}

// SitePath judges the part of the path in the cluster of a site.
func (s Snapshot) SitePath() []Line {
	return s.path([]section{{"central", s.central}, {"certificates", s.certificates}, {"network", s.network}})
}

// path judges sections. A missing permission is not a failure of the path.
func (s Snapshot) path(sections []section) []Line {
	lines := s.judge(&report{context: s.Context}, sections)
	for i := range lines {
		if lines[i].Code == codeRights {
			lines[i].Status = Unknown
		}
	}
	return lines
}

type section struct {
	name string
	fill func(*report)
}

func (s Snapshot) judge(r *report, sections []section) []Line {
	for _, section := range sections {
		r.section = section.name
		section.fill(r)
	}
	s.rights(r)
	return r.lines
}

// rights merges all lines that are unknown for lack of permissions into one problem.
func (s Snapshot) rights(r *report) {
	if len(r.missing) == 0 {
		return
	}
	unread := 0
	for _, line := range r.lines {
		if line.Because == codeRights {
			unread++
		}
	}
	grant := "telepod rbac --group GROUP" + s.Grant
	if s.Namespace != "telepod" || s.Release != "telepod" {
		grant += fmt.Sprintf(" --telepod-namespace %s --release %s", s.Namespace, s.Release)
	}
	r.section = "cluster"
	r.check(codeRights).add(Failed, grant+" | "+s.Kubectl+" apply -f -", "you lack permission to %s: %s could not be made", strings.Join(r.missing, ", "), fleet.Count(unread, "check"))
}

// in returns a kubectl command in the release's namespace.
func (s Snapshot) in(format string, args ...any) string {
	return s.Kubectl + " -n " + s.Namespace + " " + fmt.Sprintf(format, args...)
}

// upgrade returns the command that restores the chart's objects.
func (s Snapshot) upgrade() string {
	return fmt.Sprintf("%s -n %s upgrade %s CHART --reset-then-reuse-values  # CHART: the installed chart", s.Helm, s.Namespace, s.Release)
}

func more(n int) string {
	if n > mostNamed {
		return ", …"
	}
	return ""
}

// mostNamed limits how many names are listed.
const mostNamed = 5

// named joins the first elements of a list.
func named(names []string) string {
	return strings.Join(names[:min(len(names), mostNamed)], ", ") + more(len(names))
}

// Worst returns the worst status of all lines.
func Worst(lines []Line) Status {
	for _, status := range []Status{Failed, Unknown, Warning} {
		if slices.ContainsFunc(lines, func(l Line) bool { return l.Status == status }) {
			return status
		}
	}
	return OK
}
