package archive

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Store is where an archive is. Keys are listed in the order of their bytes.
type Store interface {
	// Folders lists what follows a prefix up to the next slash, with the prefix and the slash.
	Folders(ctx context.Context, prefix string) ([]string, error)
	// List lists what has a prefix and comes after a key. An error ends it.
	List(ctx context.Context, prefix, after string) iter.Seq2[Entry, error]
	// Read returns an object's bytes. An [ObjectError] concerns that object alone.
	Read(ctx context.Context, key string) ([]byte, error)
}

// Entry is an object in a store's list.
type Entry struct {
	Key          string
	Size         int64
	StorageClass string
}

// ObjectError is what is wrong with one object; others are well.
type ObjectError struct {
	Key string
	Err error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("object %s: %v", Printable(e.Key), e.Err) }

// Unwrap returns the reason.
func (e *ObjectError) Unwrap() error { return e.Err }

// Listing is what a selection has in a store.
type Listing struct {
	// Objects are in the order in which they were archived.
	Objects []Object
	// Foreign are keys in the same folders that the archive's exporters did not write.
	Foreign []string
}

// List finds what a selection has in a store. It reads no objects, so that those of folders with several
// regions are all listed.
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

// folders are the prefixes of a signal's folders that may hold what is wanted.
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
			if len(parts) == 4 && s.takesFolder(Folder{Signal: signal, Cloud: parts[1], Region: parts[2]}) {
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
