package drill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// world is an estate in which regions fail over 1 s after the primary fails, and return 1 s after it is back.
// Accepted canaries are archived.
type world struct {
	mu        sync.Mutex
	calls     []string
	up        bool
	changed   time.Time
	sent      map[string]*Sample
	archived  []Canary
	moves     bool
	unhealthy error
	held      error
	failErr   error
	holdErr   error
	restoring error
	conflicts int
	losesOne  bool
	notReady  bool
	swapped   bool
	hangs     string // a call that hangs; restore hangs only the first time
}

func newWorld() *world {
	return &world{up: true, moves: true, sent: map[string]*Sample{}, changed: time.Now().Add(-time.Hour)}
}

func (w *world) estate() Estate {
	return Estate{Regions: []Region{region{w, "eu"}, region{w, "us"}}, Primary: w, Backup: w, Guard: w, Archive: w}
}

func (w *world) call(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) == 0 || w.calls[len(w.calls)-1] != name {
		w.calls = append(w.calls, name)
	}
}

func (w *world) turn(up bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.up, w.changed = up, time.Now()
}

func (w *world) Fail(context.Context) error {
	w.call("fail")
	w.turn(false)
	return w.failErr
}

func (w *world) Hold(ctx context.Context) error {
	w.call("hold")
	if w.hangs == "hold" {
		<-ctx.Done()
		return nil
	}
	return w.holdErr
}

func (w *world) Restore(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.call("restore")
	if w.hangs == "restore" {
		w.hangs = ""
		<-ctx.Done()
		return ctx.Err()
	}
	if w.conflicts > 0 {
		w.conflicts--
		return errors.New("conflict")
	}
	w.turn(true)
	return w.restoring
}

func (w *world) Ready(context.Context) (bool, error) {
	w.call("ready")
	return !w.notReady, nil
}

func (w *world) Running(ctx context.Context) error {
	if ready, _ := w.Ready(ctx); !ready {
		return errors.New("0 of 1 pods ready")
	}
	return nil
}

func (w *world) Is(_ context.Context, site Site) error {
	if w.swapped {
		return fmt.Errorf("it is not the %s", site)
	}
	return nil
}

func (w *world) Healthy(context.Context) error {
	w.call("healthy")
	return w.unhealthy
}

func (w *world) Acquire(context.Context) error {
	w.call("acquire")
	return w.held
}

func (w *world) Release(context.Context) error {
	w.call("release")
	return nil
}

func (w *world) Read(_ context.Context, _ string, found func(Canary)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, canary := range w.archived {
		found(canary)
	}
	w.archived = nil
	return nil
}

type region struct {
	*world
	name string
}

func (r region) Name() string                                 { return r.name }
func (r region) Collectors(context.Context) ([]string, error) { return []string{"a", "b"}, nil }

// site returns where data goes now; empty while a failure is not yet noticed.
func (w *world) site() Site {
	settled := time.Since(w.changed) >= time.Second
	switch {
	case w.up && settled:
		return Primary
	case !w.up && settled && w.moves, w.up && !settled:
		return Backup
	}
	return ""
}

func (r region) Send(_ context.Context, _ string, canaries []Canary) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if canaries[0].Sequence == 0 && r.losesOne {
		r.losesOne = false
	} else {
		r.archived = append(r.archived, canaries...)
	}
	s := r.sent[r.name+canaries[0].Name]
	if s == nil {
		s = &Sample{Sent: map[Site]float64{}, Failed: map[Site]float64{}}
		r.sent[r.name+canaries[0].Name] = s
	}
	if site := r.site(); site != "" {
		s.Sent[site] += float64(len(canaries))
	} else {
		s.Failed[Primary]++
	}
	return nil
}

func (r region) Sample(_ context.Context, collector string) (Sample, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := Sample{At: time.Now(), Sent: map[Site]float64{}, Failed: map[Site]float64{}}
	if s := r.sent[r.name+collector]; s != nil {
		for _, site := range []Site{Primary, Backup} {
			now.Sent[site], now.Failed[site] = s.Sent[site], s.Failed[site]
		}
	}
	return now, nil
}
