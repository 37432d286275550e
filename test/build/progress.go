package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/telepod/telepod/terminal"
)

// progress parses the output of "go build -v" and shows that the build is running. Long builds announce themselves early;
// quick ones stay silent.
type progress struct {
	*terminal.Progress
	spec     Spec
	position string // such as " (3 of 9)"

	mu         sync.Mutex
	partial    []byte
	lines      []string // the last lines, for the error message
	compiled   int
	downloaded int
}

func newProgress(ctx context.Context, s Spec, out io.Writer) *progress {
	p := &progress{spec: s}
	p.position, _ = ctx.Value(position{}).(string)
	pace := terminal.Pace{First: 3 * time.Second, Redraw: time.Second, Print: 15 * time.Second}
	p.Progress = terminal.NewProgress(out, pace, p.lineAfter)
	return p
}

// lineAfter returns the line to show after some time, with the remaining time of a cold build.
func (p *progress) lineAfter(took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("build %s%s: %s%s", p.spec.Name, p.position, took.Round(time.Second), remaining(p.spec.Takes, took))
	if p.downloaded > 0 {
		line += fmt.Sprintf(", %d modules downloaded", p.downloaded)
	}
	return line + fmt.Sprintf(", %d packages compiled", p.compiled)
}

// remaining formats the rest of a duration such as "about 4 minutes". It is empty if the duration is unknown.
func remaining(takes string, took time.Duration) string {
	var minutes int
	if _, err := fmt.Sscanf(takes, "about %d minute", &minutes); err != nil {
		return ""
	}
	switch left := time.Duration(minutes)*time.Minute - took; {
	case left <= 0:
		return ", longer than usual"
	case left < 3*time.Minute/2:
		return ", about 1 more minute"
	default:
		return fmt.Sprintf(", about %d more minutes", int((left+time.Minute/2)/time.Minute))
	}
}

// Write receives the go command's standard error.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partial = append(p.partial, b...)
	for {
		line, rest, found := bytes.Cut(p.partial, []byte("\n"))
		if !found {
			return len(b), nil
		}
		p.partial = rest
		p.parse(string(line))
	}
}

func (p *progress) parse(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		p.downloaded++
	case !strings.ContainsAny(line, " \t") && line != "":
		p.compiled++ // with -v: only the import path of a package on its line
	default:
		if p.lines = append(p.lines, line); len(p.lines) > 40 {
			p.lines = p.lines[1:]
		}
	}
}

// tail returns the last lines of the go command's output, without its progress.
func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(append(p.lines, string(p.partial)), "\n")
}
