package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// restoreWithin is how long the restoration may take when everything else has been called off.
const restoreWithin = 2 * time.Minute

// restoreAgain is the time between two tries.
const restoreAgain = 2 * time.Second

// stepWithin is how long one try to change a site, or a look whether it can be, may take. An API server
// that hangs must keep neither the primary failed nor the next try from being made.
const stepWithin = 30 * time.Second

// Run carries a plan out. It tells each event as it happens. When it fails before anything was failed,
// there is an error and no report; afterwards there is always a report, and an error only if the
// primary could not be restored.
func Run(ctx context.Context, estate Estate, plan Plan, tell func(Event)) (*Report, error) {
	if err := plan.Check(); err != nil {
		return nil, err
	}
	collectors, err := estate.collectors(ctx)
	if err != nil {
		return nil, err
	}
	d := &drill{
		estate: estate, plan: plan, tell: tell, started: time.Now(),
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

// drill is one that is under way. Everything but the ledger belongs to the goroutine of run.
type drill struct {
	estate      Estate
	plan        Plan
	tell        func(Event)
	told        int
	started     time.Time
	collectors  []collector
	course      *course
	ledger      *ledger
	silent      map[Collector]bool
	broken      []string // what went wrong
	readArchive bool
	restoration error
}

// collector is a regional Collector with the region that reaches it.
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
			return nil, fmt.Errorf("list the Collectors of %s: none is ready; is --release right, and is the regional part installed?", region.Name())
		}
		for _, name := range found {
			all = append(all, collector{Collector{region.Name(), name}, region})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("there are no regions to watch: give --contexts")
	}
	return all, nil
}

// run returns an error only if nothing was failed.
func (d *drill) run(ctx context.Context) error {
	working, stop := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	samples := make(chan look)
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

// follow acts on what it sees until there is nothing more to do.
func (d *drill) follow(ctx context.Context, samples <-chan look) error {
	d.say("begins: %s; watches %v", d.plan.Method.Text(), names(d.collectors))
	ticks := time.NewTicker(d.plan.Interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			if d.course.failed.IsZero() && d.plan.Method != Observe {
				return errors.New("interrupted before anything was done")
			}
			d.breakOff("interrupted")
			return nil
		case seen := <-samples:
			d.take(seen)
			continue
		case <-ticks.C:
		}
		todo, why := next(d.plan, d.course, d.started, time.Now())
		if todo == refuse {
			return errors.New(why)
		}
		if why != "" {
			d.breakOff("%s", why)
		}
		if over, err := d.do(ctx, todo); over || err != nil {
			return err
		}
	}
}

// do returns whether the drill is over, and an error if it cannot begin.
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
		asking, cancel := context.WithTimeout(ctx, lookWithin)
		defer cancel()
		if err := d.estate.Primary.Hold(asking); err != nil && ctx.Err() == nil {
			d.breakOff("keep the primary failed: %v", err)
			d.restore(ctx)
			return true, nil
		}
	case !d.course.restored.IsZero() && d.course.ready.IsZero():
		asking, cancel := context.WithTimeout(ctx, lookWithin)
		defer cancel()
		if ready, err := d.estate.Primary.Ready(asking); err == nil && ready {
			d.course.ready = time.Now()
			d.say("the primary is ready")
		}
	}
	return false, nil
}

// fail looks at the sites once more: the baseline may have taken a while.
func (d *drill) fail(ctx context.Context) (over bool, err error) {
	if err := d.estate.Able(ctx); err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	d.course.failed = time.Now()
	d.say("the primary is failed: %s", d.plan.Method.Text())
	if err := d.estate.Primary.Fail(ctx); err != nil {
		d.breakOff("fail the primary: %v", err)
		return true, nil
	}
	return false, nil
}

// restore is done even when the context has ended.
func (d *drill) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreWithin)
	defer cancel()
	d.say("the primary is to be restored")
	d.course.restored = time.Now()
	again := time.NewTicker(restoreAgain)
	defer again.Stop()
	for last := ""; ; {
		err := d.tryRestore(ctx)
		if err == nil {
			d.say("the primary is restored")
			return
		}
		if err.Error() != last {
			last = err.Error()
			d.say("restore the primary: %v; tried again", err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			d.restoration = fmt.Errorf("the primary could not be restored: %w; run telepod drill restore with the same --primary and --backup", err)
			d.breakOff("%v", d.restoration)
			return
		}
	}
}

func (d *drill) tryRestore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stepWithin)
	defer cancel()
	return d.estate.Primary.Restore(ctx)
}

// end leaves the estate as it was found. Where the primary could not be restored the guard stays, and
// keeps others from adding to the damage.
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
		d.breakOff("let other drills begin: %v; run telepod drill restore", err)
	}
}

func (d *drill) say(format string, args ...any) {
	d.course.say(time.Now(), format, args...)
	d.tellNew()
}

// breakOff notes something that keeps the drill from a good verdict.
func (d *drill) breakOff(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(d.broken, text) {
		d.broken = append(d.broken, text)
		d.say("%s", text)
	}
}

func (d *drill) tellNew() {
	for _, event := range d.course.events[d.told:] {
		d.tell(event)
	}
	d.told = len(d.course.events)
}
