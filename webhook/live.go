package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// Live holds the injector in use and makes a new one when the profiles or the cluster change. A
// change that does not work leaves the one in use.
type Live struct {
	options LiveOptions
	current atomic.Pointer[injector.Injector]
	status  atomic.Pointer[ProfileStatus]

	mu      sync.Mutex // guards what follows: one change at a time
	set     *profiles.Set
	sources []profiles.Source
	cluster injector.Cluster
}

// LiveOptions configure a Live.
type LiveOptions struct {
	// Injector are the options that do not change; its Cluster is where the start is made.
	Injector injector.Options
	Facts    profiles.Facts
	// Dir holds profiles besides the built-in ones; empty means none.
	Dir string
	Now func() time.Time
}

// ProfileStatus tells how the profiles in use came about.
type ProfileStatus struct {
	// Err is why the last reload failed; nil when it did not.
	Err error
	// LoadedAt is when the profiles in use were loaded.
	LoadedAt time.Time
	// Generation counts the sets of profiles since the start, from 1.
	Generation int
	// Names are those of the set in use.
	Names []string
}

// NewLive loads the profiles a first time. The error names every mistake in them.
func NewLive(o LiveOptions) (*Live, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Live{options: o, cluster: o.Injector.Cluster}
	if _, err := l.Reload(); err != nil {
		return nil, err
	}
	return l, nil
}

// Planner is the injector in use.
func (l *Live) Planner() Planner { return l.current.Load() }

// Status is cheap and safe for concurrent use.
func (l *Live) Status() ProfileStatus { return *l.status.Load() }

// Reload reads the profiles again and reports whether they have changed. After an error the set in
// use stays and Status has the error.
func (l *Live) Reload() (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sources, err := l.read()
	if err == nil && l.set != nil && same(sources, l.sources) {
		l.settled(nil)
		return false, nil
	}
	if err == nil {
		err = l.load(sources)
	}
	l.settled(err)
	return err == nil, err
}

// SetCluster remakes the injector for what the cluster can do.
func (l *Live) SetCluster(cluster injector.Cluster) (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cluster == l.cluster {
		return false, nil
	}
	if err := l.use(l.set, cluster); err != nil {
		return false, err
	}
	l.cluster = cluster
	return true, nil
}

func (l *Live) read() ([]profiles.Source, error) {
	if l.options.Dir == "" {
		return nil, nil
	}
	return profiles.ReadDir(l.options.Dir)
}

func (l *Live) load(sources []profiles.Source) error {
	set, err := profiles.Load(l.options.Facts, sources...)
	if err != nil {
		return fmt.Errorf("load profiles: %w", err)
	}
	if err := l.use(set, l.cluster); err != nil {
		return err
	}
	l.set, l.sources = set, sources
	generation := 1
	if before := l.status.Load(); before != nil {
		generation += before.Generation
	}
	l.status.Store(&ProfileStatus{LoadedAt: l.options.Now(), Generation: generation, Names: set.Names()})
	return nil
}

func (l *Live) use(set *profiles.Set, cluster injector.Cluster) error {
	options := l.options.Injector
	options.Cluster = cluster
	made, err := injector.New(set, options)
	if err != nil {
		return fmt.Errorf("use profiles: %w", err)
	}
	l.current.Store(made)
	return nil
}

// settled puts the result of a reload into the status.
func (l *Live) settled(err error) {
	before := l.status.Load()
	if before == nil || errors.Is(before.Err, err) && (before.Err == nil) == (err == nil) {
		return
	}
	after := *before
	after.Err = err
	l.status.Store(&after)
}

func same(a, b []profiles.Source) bool {
	return slices.EqualFunc(a, b, func(x, y profiles.Source) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) })
}
