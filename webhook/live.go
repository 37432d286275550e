package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// Live provides the injector in use, and replaces it when the profiles or the cluster change. If a change
// fails, the injector stays in use.
type Live struct {
	options LiveOptions
	current atomic.Pointer[injector.Injector]
	status  atomic.Pointer[ProfileStatus]

	mu      sync.Mutex // guards the fields below: one change at a time
	set     *profiles.Set
	sources []profiles.Source
	cluster injector.Cluster
}

// LiveOptions configure a Live.
type LiveOptions struct {
	// Injector are the options that do not change; its Cluster is the initial one.
	Injector injector.Options
	Facts    profiles.Facts
	// Dir contains profiles in addition to the built-in ones; empty means none.
	Dir string
	Now func() time.Time
}

// ProfileStatus describes the profiles in use and how they were loaded.
type ProfileStatus struct {
	// Err is why the files, as last read, do not load; nil if they do.
	Err error
	// LeftOut names the files that were left out of the set in use at the start.
	LeftOut []string
	// LoadedAt is when the profiles in use were loaded.
	LoadedAt time.Time
	// Generation counts the sets of profiles since the start, from 1.
	Generation int
	// Profiles lists the set in use: the name and the content hash of each profile.
	Profiles []string
}

// String returns the status on one line, followed by the mistakes.
func (s ProfileStatus) String() string {
	text := fmt.Sprintf("generation %d: %s", s.Generation, strings.Join(s.Profiles, ", "))
	if len(s.LeftOut) > 0 {
		text += "; left out: " + strings.Join(s.LeftOut, ", ")
	}
	if s.Err != nil {
		text += fmt.Sprintf("; the last reload failed: %v", s.Err)
	}
	return text
}

// NewLive loads the profiles for the first time. There is no older set to fall back to, and a mistake in one file
// must not keep replicas from restarting: files with mistakes are left out, and Status lists them. It returns an
// error, with every mistake, only if the default profile is not among the rest.
func NewLive(o LiveOptions) (*Live, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Live{options: o, cluster: o.Injector.Cluster}
	sources, mistakes := l.read()
	var leftOut []string
	for {
		err := l.load(sources)
		if err == nil {
			break
		}
		bad := faulty(sources, err)
		if len(bad) == 0 {
			return nil, errors.Join(mistakes, err)
		}
		if mistakes == nil { // later mistakes only concern files that inherit from those left out
			mistakes = err
		}
		leftOut = append(leftOut, bad...)
		sources = slices.DeleteFunc(sources, func(s profiles.Source) bool { return slices.Contains(bad, s.Name) })
	}
	l.recordResult(leftOut, mistakes)
	return l, nil
}

// faulty returns the names of the sources with the mistakes in err.
func faulty(sources []profiles.Source, err error) []string {
	var bad []string
	problems, _ := errors.AsType[profiles.Problems](err)
	for _, source := range sources {
		if slices.ContainsFunc(problems, func(p profiles.Problem) bool { return p.File == source.Name }) {
			bad = append(bad, source.Name)
		}
	}
	return bad
}

// Planner returns the injector in use.
func (l *Live) Planner() Planner { return l.current.Load() }

// Status returns the status. It is cheap and safe for concurrent use.
func (l *Live) Status() ProfileStatus { return *l.status.Load() }

// Reload reads the profiles again and reports whether they have changed. After an error the set in use stays,
// and Status contains the error.
func (l *Live) Reload() (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sources, err := l.read()
	if err == nil && l.set != nil && same(sources, l.sources) {
		l.recordResult(nil, nil)
		return false, nil
	}
	if err == nil {
		err = l.load(sources)
	}
	if err != nil {
		l.recordResult(l.Status().LeftOut, err)
	}
	return err == nil, err
}

// SetCluster replaces the injector if the capabilities of the cluster have changed.
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
	l.status.Store(&ProfileStatus{LoadedAt: l.options.Now(), Generation: generation, Profiles: versions(set)})
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

// recordResult records in the status which files were left out, and the error.
func (l *Live) recordResult(leftOut []string, err error) {
	after := l.Status()
	after.LeftOut, after.Err = leftOut, err
	l.status.Store(&after)
}

// versions returns the profiles of a set with their hashes.
func versions(set *profiles.Set) []string {
	names := set.Names()
	for i, name := range names {
		profile, _ := set.Lookup(name)
		names[i] += " " + profile.Hash
	}
	return names
}

func same(a, b []profiles.Source) bool {
	return slices.EqualFunc(a, b, func(x, y profiles.Source) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) })
}
