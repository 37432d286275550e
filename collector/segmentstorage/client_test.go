package segmentstorage

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// faulty is a disk that counts bytes and fails on demand.
type faulty struct {
	localDisk
	read, written atomic.Int64
	syncs         atomic.Int64
	room          atomic.Int64 // bytes that can still be allocated; negative without a bound
	failWrite     func(path string, at, size int64) error
}

func newFaulty() *faulty {
	d := &faulty{}
	d.room.Store(-1)
	return d
}

type faultyFile struct {
	file
	disk *faulty
	path string
}

func (d *faulty) create(path string, size int64) (file, error) {
	if room := d.room.Load(); room >= 0 {
		if size > room {
			return nil, enospc
		}
		d.room.Store(room - size)
	}
	f, err := d.localDisk.create(path, size)
	return &faultyFile{file: f, disk: d, path: path}, err
}

func (d *faulty) remove(path string) error {
	info, err := os.Stat(path)
	if err == nil && d.room.Load() >= 0 {
		d.room.Add(info.Size())
	}
	return d.localDisk.remove(path)
}

func (d *faulty) open(path string) (file, int64, error) {
	f, size, err := d.localDisk.open(path)
	return &faultyFile{file: f, disk: d, path: path}, size, err
}

func (d *faulty) available(dir string) (int64, error) {
	if room := d.room.Load(); room >= 0 {
		return room, nil
	}
	return d.localDisk.available(dir)
}

func (f *faultyFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.read.Add(int64(len(b)))
	return f.file.ReadAt(b, at)
}

func (f *faultyFile) WriteAt(b []byte, at int64) (int, error) {
	if f.disk.failWrite != nil {
		if err := f.disk.failWrite(f.path, at, int64(len(b))); err != nil {
			n, _ := f.file.WriteAt(b[:len(b)/2], at)
			return n, err
		}
	}
	f.disk.written.Add(int64(len(b)))
	return f.file.WriteAt(b, at)
}

func (f *faultyFile) Sync() error {
	f.disk.syncs.Add(1)
	return nil
}

// events counts what a store reports.
type events struct {
	corrupt int
	refused map[string]int
}

func testOptions(dir string, d disk) (options, *events) {
	e := &events{refused: map[string]int{}}
	return options{
		dir: dir, disk: d, segment: minSegment, log: zap.NewNop(),
		corrupt: func() { e.corrupt++ }, refused: func(reason string) { e.refused[reason]++ },
	}, e
}

func mustOpen(t testing.TB, o options) *client {
	t.Helper()
	s, err := openStore(o)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(s, 0, func() {})
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// copyDir returns what a killed process leaves: a copy of a client's directory while it is in use.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := tempDir(t)
	copyInto(t, from, to)
	return to
}

// tempDir returns a directory in memory, if there is one: these tests create many files.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "segmentstorage")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func copyInto(t testing.TB, from, to string) {
	t.Helper()
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range names {
		copyPath(t, filepath.Join(from, each.Name()), filepath.Join(to, each.Name()))
	}
}

func copyPath(t testing.TB, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

func TestBatchSeesItsOwnChanges(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	c, ctx := mustOpen(t, o), t.Context()
	before, after, gone, empty := storage.GetOperation("a"), storage.GetOperation("a"), storage.GetOperation("a"), storage.GetOperation("e")
	err := c.Batch(ctx, before, storage.SetOperation("a", []byte("1")), after, storage.DeleteOperation("a"), gone,
		storage.SetOperation("e", nil), empty)
	if err != nil {
		t.Fatal(err)
	}
	if before.Value != nil || string(after.Value) != "1" || gone.Value != nil || empty.Value == nil || len(empty.Value) != 0 {
		t.Errorf("got %q, %q, %q, %q", before.Value, after.Value, gone.Value, empty.Value)
	}
	if v, err := c.Get(ctx, "e"); err != nil || v == nil {
		t.Errorf("an empty value is %v, %v; want one that is not nil", v, err)
	}
	if v, err := c.Get(ctx, "a"); err != nil || v != nil {
		t.Errorf("a removed key is %q, %v", v, err)
	}
}

func TestClosedClientRefuses(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	c := mustOpen(t, o)
	for range 2 {
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set(t.Context(), "a", nil); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
}

func TestWalkAppliesReturnedOperations(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	c, ctx := mustOpen(t, o), t.Context()
	for _, key := range []string{"a", "b", "c"} {
		if err := c.Set(ctx, key, []byte("value of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	err := c.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		if seen++; string(value) != "value of "+key {
			t.Errorf("key %s: %q", key, value)
		}
		if seen == 2 {
			return []*storage.Operation{storage.DeleteOperation(key)}, storage.SkipAll
		}
		return []*storage.Operation{storage.DeleteOperation(key)}, nil
	})
	if err != nil || seen != 2 {
		t.Fatalf("seen %d, %v", seen, err)
	}
	if left := len(c.store.current()); left != 1 {
		t.Errorf("%d keys are left, want 1", left)
	}
	if err := c.Walk(ctx, func(string, []byte) ([]*storage.Operation, error) {
		return []*storage.Operation{storage.SetOperation("x", nil)}, io.ErrUnexpectedEOF
	}); err != io.ErrUnexpectedEOF {
		t.Errorf("got %v", err)
	}
	if v, _ := c.Get(ctx, "x"); v != nil {
		t.Error("an operation of a walk that failed was applied")
	}
}
