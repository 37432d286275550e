//go:build !injector

package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/terminal"
)

// progress shows the progress of work on an archive's objects: a bar on a terminal, otherwise an occasional line.
type progress struct {
	*terminal.Progress

	mu sync.Mutex
	progressState
	notedAt time.Time // when the receiver was last reported as unavailable
}

// progressState is the content of a progress line.
type progressState struct {
	objects, allObjects int
	stored, allStored   int64
	// before is the part of stored that an earlier run has completed.
	before int64
	note   string
}

// lineEvery is the interval between lines of progress.
const lineEvery = 10 * time.Second

func newProgress(out io.Writer, work string, objects []archive.Object) *progress {
	p := &progress{}
	p.allObjects = len(objects)
	for _, o := range objects {
		p.allStored += o.Size
	}
	p.Progress = terminal.NewProgress(out, terminal.Pace{Redraw: 250 * time.Millisecond, Print: lineEvery}, func(took time.Duration) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return work + ": " + p.line(took)
	})
	return p
}

func (p *progress) update(objects int, stored int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects, p.stored = objects, stored
}

// replayed shows a replay's result so far.
func (p *progress) replayed(r archive.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects, p.stored, p.before = r.Objects, r.Stored, r.StoredBefore
	p.note = fmt.Sprintf("%d items", r.Items)
	if n := len(r.Problems); n > 0 {
		p.note += fmt.Sprintf(", %d problem(s)", n)
	}
}

// away reports that the receiver is unavailable. It is rate-limited, because several objects wait at the same time.
func (p *progress) away(reason error) {
	p.mu.Lock()
	recent := time.Since(p.notedAt) < lineEvery
	if !recent {
		p.notedAt = time.Now()
	}
	p.mu.Unlock()
	if !recent {
		p.Println("note: retrying: " + archive.Printable(reason.Error()))
	}
}

// line returns a text such as "[====      ]  42% 10/24 objects, 1.2 MB of 2.9 MB, 3s left".
func (s progressState) line(elapsed time.Duration) string {
	const width = 24
	part := 1.0
	if s.allStored > 0 {
		part = float64(s.stored) / float64(s.allStored)
	}
	bar := strings.Repeat("=", int(part*width))
	line := fmt.Sprintf("%3d%% %d/%d objects, %s of %s", int(part*100), s.objects, s.allObjects, size(s.stored), size(s.allStored))
	if fresh := s.stored - s.before; fresh > 0 && s.stored < s.allStored {
		left := time.Duration(float64(elapsed) * float64(s.allStored-s.stored) / float64(fresh)).Round(time.Second)
		line += fmt.Sprintf(", %v left", left)
	}
	if s.note != "" {
		line += ", " + s.note
	}
	return fmt.Sprintf("[%-*s] %s", width, bar, line)
}
