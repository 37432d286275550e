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

// Pace configures when a [Progress] shows its line.
type Pace struct {
	// First is the delay before the line first appears; zero means one interval.
	First time.Duration
	// Redraw is the interval on a terminal, Print the interval elsewhere.
	Redraw, Print time.Duration
}

// Progress shows that work continues: one line, redrawn in place on a terminal, otherwise printed at intervals.
type Progress struct {
	out      io.Writer
	terminal bool
	began    time.Time
	line     func(took time.Duration) string
	done     chan struct{}
	ended    sync.WaitGroup

	mu    sync.Mutex
	drawn bool // the terminal shows a line that has to be cleared
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

// Finish stops the display, and prints a final line if one was shown before.
func (p *Progress) Finish() {
	p.Stop()
	if p.shown {
		fmt.Fprintln(p.out, p.line(time.Since(p.began)))
	}
}
