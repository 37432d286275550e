package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// restoreWithin is the time limit for the restoration, even after the drill was canceled.
const restoreWithin = 2 * time.Minute

// restoreAgain is the pause between two attempts to restore.
const restoreAgain = 2 * time.Second

// stepWithin is the time limit for one attempt to change a site or check it. If an API server hangs, the next
// attempt must still be made.
const stepWithin = 30 * time.Second

// Run carries out a plan and calls notify for each event. If it stops before it failed the primary, it returns
// an error and no report. Afterwards it always returns a report, and an error only if it could not restore the
// primary.
func Run(ctx context.Context, estate Estate, plan Plan, notify func(Event)) (*Report, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	collectors, err := estate.collectors(ctx)
	if err != nil {
		return nil, err
	}
	d := &drill{
		estate: estate, plan: plan, notify: notify, started: time.Now(),
		collectors: collectors, course: newCourse(names(collectors)), ledger: newLedger(), silent: map[Collector]bool{}, broken: []string{},
	}
	if plan.Method != Observe {
		if err := estate.Able(ctx); err != nil {
			return nil, err
		}
		if err := estate.Guard.Acquire(ctx); err != nil {
			return nil, err
		}
	}
	if err := d.run(ctx); err != nil {
		return nil, err
	}
	return d.report(), d.restoration
}

// drill is a running drill. Only the goroutine of run uses its fields, except for the ledger.
type drill struct {
	estate      Estate
	plan        Plan
	notify      func(Event)
	notified    int
	started     time.Time
	collectors  []collector
	course      *course
	ledger      *ledger
	silent      map[Collector]bool
	broken      []string // what went wrong
	readArchive bool
	restoration error
}

// collector is a regional Collector and its region.
type collector struct {
	Collector
	region Region
}

func names(collectors []collector) []Collector {
	var all []Collector
	for _, c := range collectors {
		all = append(all, c.Collector)
	}
	return all
}

func (e Estate) collectors(ctx context.Context) ([]collector, error) {
	var all []collector
	for _, region := range e.Regions {
		found, err := region.Collectors(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the Collectors of %s: %w", region.Name(), err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("list the Collectors of %s: none are ready; check --release, and that the regional part is installed", region.Name())
		}
		for _, name := range found {
			all = append(all, collector{Collector{region.Name(), name}, region})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no regions to watch: use --contexts")
	}
	return all, nil
}

// run returns an error only if it failed nothing.
func (d *drill) run(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	samples := make(chan sampleResult)
	for _, c := range d.collectors {
		tasks.Go(func() { d.send(working, c) })
		tasks.Go(func() { watchCollector(working, c, d.plan.Interval, samples) })
	}
	err := d.follow(ctx, samples)
	stop()
	tasks.Wait()
	d.end(ctx)
	if err == nil && d.restoration == nil {
		d.settle(ctx)
	}
	return err
}

// follow processes samples and acts until the drill has finished.
func (d *drill) follow(ctx context.Context, samples <-chan sampleResult) error {
	d.logf("started: %s; watching %v", d.plan.Method.Text(), names(d.collectors))
	ticks := time.NewTicker(d.plan.Interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			if d.course.failed.IsZero() && d.plan.Method != Observe {
				return errors.New("interrupted before the primary was failed")
			}
			d.problemf("interrupted")
			return nil
		case seen := <-samples:
			d.record(seen)
			continue
		case <-ticks.C:
		}
		todo, why := next(d.plan, d.course, d.started, time.Now())
		if todo == refuse {
			return errors.New(why)
		}
		if why != "" {
			d.problemf("%s", why)
		}
		if over, err := d.do(ctx, todo); over || err != nil {
			return err
		}
	}
}

// do carries out an action. It returns true if the drill has finished, and an error if it cannot start.
func (d *drill) do(ctx context.Context, todo action) (over bool, err error) {
	switch todo {
	case finish:
		return true, nil
	case fail:
		return d.fail(ctx)
	case restore:
		d.restore(ctx)
		return d.restoration != nil, nil
	}
	switch {
	case d.course.isDown():
		asking, cancel := context.WithTimeout(ctx, sampleTimeout)
		defer cancel()
		if err := d.estate.Primary.Hold(asking); err != nil && ctx.Err() == nil {
			d.problemf("keep the primary failed: %v", err)
			d.restore(ctx)
			return true, nil
		}
	case !d.course.restored.IsZero() && d.course.ready.IsZero():
		asking, cancel := context.WithTimeout(ctx, sampleTimeout)
		defer cancel()
		if ready, err := d.estate.Primary.Ready(asking); err == nil && ready {
			d.course.ready = time.Now()
			d.logf("the primary is ready")
		}
	}
	return false, nil
}

// fail checks the sites again first, because the baseline may have been long.
func (d *drill) fail(ctx context.Context) (over bool, err error) {
	if err := d.estate.Able(ctx); err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	d.course.failed = time.Now()
	d.logf("failing the primary: %s", d.plan.Method.Text())
	if err := d.estate.Primary.Fail(ctx); err != nil {
		d.problemf("fail the primary: %v", err)
		return true, nil
	}
	return false, nil
}

// restore works even after the context was canceled.
func (d *drill) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreWithin)
	defer cancel()
	d.logf("restoring the primary")
	d.course.restored = time.Now()
	again := time.NewTicker(restoreAgain)
	defer again.Stop()
	for last := ""; ; {
		err := d.tryRestore(ctx)
		if err == nil {
			d.logf("restored the primary")
			return
		}
		if err.Error() != last {
			last = err.Error()
			d.logf("restore the primary: %v; retrying", err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			d.restoration = fmt.Errorf("could not restore the primary: %w; run telepod drill restore with the same --primary and --backup", err)
			d.problemf("%v", d.restoration)
			return
		}
	}
}

func (d *drill) tryRestore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	return d.estate.Primary.Restore(ctx)
}

// end restores the estate. If the primary could not be restored, it keeps the guard, so that another drill does
// not add to the damage.
func (d *drill) end(ctx context.Context) {
	if d.plan.Method == Observe {
		return
	}
	if d.course.isDown() {
		d.restore(ctx)
	}
	if d.restoration != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreWithin)
	defer cancel()
	if err := d.estate.Guard.Release(ctx); err != nil {
		d.problemf("release the drill's Leases: %v; run telepod drill restore", err)
	}
}

func (d *drill) logf(format string, args ...any) {
	d.course.logf(time.Now(), format, args...)
	d.notifyNew()
}

// problemf records a deviation from the plan, which rules out a good verdict.
func (d *drill) problemf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(d.broken, text) {
		d.broken = append(d.broken, text)
		d.logf("%s", text)
	}
}

func (d *drill) notifyNew() {
	for _, event := range d.course.events[d.notified:] {
		d.notify(event)
	}
	d.notified = len(d.course.events)
}
