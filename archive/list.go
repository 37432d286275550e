package archive

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Store is the storage of an archive. It lists keys in byte order.
type Store interface {
	// Folders returns the folders directly below a prefix: full keys up to and including the next slash.
	Folders(ctx context.Context, prefix string) ([]string, error)
	// List lists the objects with a prefix whose keys sort after a key. An error ends it.
	List(ctx context.Context, prefix, after string) iter.Seq2[Entry, error]
	// Read returns an object's bytes. An [ObjectError] concerns only that object.
	Read(ctx context.Context, key string) ([]byte, error)
}

// Entry is one object in a listing.
type Entry struct {
	Key          string
	Size         int64
	StorageClass string
}

// ObjectError reports a problem of one object that does not affect others.
type ObjectError struct {
	Key string
	Err error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("object %s: %v", Printable(e.Key), e.Err) }

// Unwrap returns the reason.
func (e *ObjectError) Unwrap() error { return e.Err }

// Listing is the part of a store that matches a selection.
type Listing struct {
	// Objects are in the order in which they were archived.
	Objects []Object
	// Foreign are keys in the same folders that the archive's exporters did not write.
	Foreign []string
}

// List finds the objects that match a selection. It does not read them, so it lists every object in a folder
// that mixes regions.
func List(ctx context.Context, store Store, s Selection) (Listing, error) {
	var l Listing
	for _, signal := range s.signals() {
		folders, err := s.folders(ctx, store, signal)
		if err != nil {
			return l, err
		}
		for _, folder := range folders {
			if err := l.add(ctx, store, folder, s.Window); err != nil {
				return l, err
			}
		}
	}
	slices.SortFunc(l.Objects, func(a, b Object) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Key, b.Key))
	})
	return l, nil
}

// folders returns the prefixes of a signal's folders that may contain matching objects.
func (s Selection) folders(ctx context.Context, store Store, signal Signal) ([]string, error) {
	clouds, err := store.Folders(ctx, string(signal)+"/")
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, cloud := range clouds {
		regions, err := store.Folders(ctx, cloud)
		if err != nil {
			return nil, err
		}
		for _, region := range regions {
			parts := strings.Split(region, "/")
			if len(parts) == 4 && s.matchesFolder(Folder{Signal: signal, Cloud: parts[1], Region: parts[2]}) {
				wanted = append(wanted, region)
			}
		}
	}
	return wanted, nil
}

func (l *Listing) add(ctx context.Context, store Store, folder string, w Window) error {
	for entry, err := range store.List(ctx, folder, w.after(folder)) {
		if err != nil {
			return err
		}
		o, err := ParseKey(entry.Key)
		switch {
		case err != nil:
			l.Foreign = append(l.Foreign, entry.Key)
		case w.endsBefore(o):
			return nil
		case w.contains(o):
			o.Size, o.StorageClass = entry.Size, entry.StorageClass
			l.Objects = append(l.Objects, o)
		}
	}
	return nil
}
