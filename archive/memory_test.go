package archive_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/telepod/telepod/archive"
)

// memory is an in-memory store.
type memory map[string][]byte

func (m memory) Folders(_ context.Context, prefix string) ([]string, error) {
	folders := map[string]bool{}
	for key := range m {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			if folder, _, ok := strings.Cut(rest, "/"); ok {
				folders[prefix+folder+"/"] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(folders)), nil
}

func (m memory) List(_ context.Context, prefix, after string) iter.Seq2[archive.Entry, error] {
	return func(yield func(archive.Entry, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(key, prefix) && key > after && !yield(archive.Entry{Key: key, Size: int64(len(m[key]))}, nil) {
				return
			}
		}
	}
}

func (m memory) Read(_ context.Context, key string) ([]byte, error) {
	data, ok := m[key]
	if !ok {
		return nil, &archive.ObjectError{Key: key, Err: errors.New("it does not exist")}
	}
	return data, nil
}
