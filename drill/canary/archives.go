package canary

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/drill"
)

// Archives implements [drill.Archive] for the archives of both sites: one for each, or a shared one. It reads
// each object once.
type Archives struct {
	stores []archive.Store
	from   time.Time
	seen   []map[string]bool
}

var _ drill.Archive = (*Archives)(nil)

// clocksApart is how far the sites' clocks may be behind; they determine the archive's folders.
const clocksApart = 5 * time.Minute

// NewArchives returns a reader for data archived from this moment on.
func NewArchives(from time.Time, stores ...archive.Store) *Archives {
	a := &Archives{stores: stores, from: from.Add(-clocksApart)}
	for range stores {
		a.seen = append(a.seen, map[string]bool{})
	}
	return a
}

// Read implements [drill.Archive]. It continues after a damaged object and returns the error at the end.
func (a *Archives) Read(ctx context.Context, id string, found func(drill.Canary)) error {
	selection := archive.Selection{Signals: []archive.Signal{archive.Traces}, Window: archive.Window{From: a.from}}
	var damaged error
	for i, store := range a.stores {
		listing, err := archive.List(ctx, store, selection)
		if err != nil {
			return fmt.Errorf("list what was archived since %s: %w", a.from.UTC().Format(time.RFC3339), err)
		}
		for _, object := range listing.Objects {
			if a.seen[i][object.Key] {
				continue
			}
			err := readObject(ctx, store, object, id, found)
			if _, alone := errors.AsType[*archive.ObjectError](err); err != nil && !alone {
				return err
			}
			damaged = errors.Join(damaged, err)
			a.seen[i][object.Key] = true
		}
	}
	return damaged
}

func readObject(ctx context.Context, store archive.Store, object archive.Object, id string, found func(drill.Canary)) error {
	payload, err := archive.Load(ctx, store, object)
	if err != nil {
		return err
	}
	traces, err := payload.Traces()
	if err != nil {
		return err
	}
	each(traces, id, found)
	return nil
}
