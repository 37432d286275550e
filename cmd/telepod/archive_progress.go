//go:build !injector

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/telepod/telepod/archive"
)

// progress shows the progress of work on an archive's objects: a bar on a terminal, otherwise an occasional line.
type progress struct {
	work     string
	out      io.Writer
	terminal bool
	began    time.Time
	done     chan struct{}
	ended    sync.WaitGroup

	mu sync.Mutex
	progressState
	shown   bool
	notedAt time.Time // when the receiver was last said to be away
}

// progressState is the content of a progress line.
type progressState struct {
	objects, allObjects int
	stored, allStored   int64
	// before is the part of stored that an earlier run completed.
	before int64
	note   string
}

// Intervals between lines of progress.
const (
	lineEvery  = 10 * time.Second
	frameEvery = 250 * time.Millisecond
)

func newProgress(out io.Writer, work string, objects []archive.Object) *progress {
	p := &progress{work: work, out: out, began: time.Now(), done: make(chan struct{})}
	p.allObjects = len(objects)
	for _, o := range objects {
		p.allStored += o.Size
	}
	every := lineEvery
	if file, is := out.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		p.terminal, every = true, frameEvery
	}
	p.ended.Go(func() { p.show(every) })
	return p
}

func (p *progress) show(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-tick.C:
			p.print()
		}
	}
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

// message prints a separate line above the bar.
func (p *progress) message(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// away reports that the receiver is unavailable; rate-limited, because several objects wait for it at a time.
func (p *progress) away(reason error) {
	p.mu.Lock()
	recent := time.Since(p.notedAt) < lineEvery
	if !recent {
		p.notedAt = time.Now()
	}
	p.mu.Unlock()
	if !recent {
		p.message("note: trying again: %s", archive.Printable(reason.Error()))
	}
}

func (p *progress) print() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.line(time.Since(p.began))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
		p.shown = true
		return
	}
	fmt.Fprintf(p.out, "%s: %s\n", p.work, line)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.shown = false
	}
}

// close stops the display and clears the bar.
func (p *progress) close() {
	close(p.done)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// line is "[====>     ]  42% 10/24 objects, 1.2 MB of 2.9 MB, 0:03 left".
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
