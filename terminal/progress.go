package terminal

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Pace is when a [Progress] shows its line.
type Pace struct {
	// First is how long work runs until it is shown; zero is one interval.
	First time.Duration
	// Redraw is the interval on a terminal, Print the one elsewhere.
	Redraw, Print time.Duration
}

// Progress shows that work is going on: one line, redrawn in place on a terminal, otherwise printed now and then.
type Progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	line     func(took time.Duration) string
	done     chan struct{}
	ended    sync.WaitGroup

	mu    sync.Mutex
	drawn bool // a line that is to be cleared
	shown bool
}

// NewProgress shows what line returns, until Stop.
func NewProgress(out io.Writer, pace Pace, line func(took time.Duration) string) *Progress {
	p := &Progress{out: out, began: time.Now(), line: line, done: make(chan struct{})}
	every := pace.Print
	if file, is := out.(*os.File); is && term.IsTerminal(int(file.Fd())) {
		p.terminal, every = true, pace.Redraw
	}
	p.ended.Go(func() { p.show(cmp.Or(pace.First, every), every) })
	return p
}

func (p *Progress) show(first, every time.Duration) {
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-timer.C:
			p.draw()
			timer.Reset(every)
		}
	}
}

func (p *Progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.line(time.Since(p.began))
	p.shown = true
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	p.drawn = true
}

// Println prints a separate line above the progress.
func (p *Progress) Println(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.out, line)
}

func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// Stop ends the display, and clears the line.
func (p *Progress) Stop() {
	close(p.done)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// Finish is Stop, and leaves a last line if there was one before.
func (p *Progress) Finish() {
	p.Stop()
	if p.shown {
		fmt.Fprintln(p.out, p.line(time.Since(p.began)))
	}
}
