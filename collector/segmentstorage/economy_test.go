package segmentstorage

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// queueLoad does what a persistent queue does: put, read and done, with its metadata each time.
type queueLoad struct {
	client      storage.Client
	item        []byte
	write, read int
}

func newQueueLoad(c storage.Client, size int) *queueLoad {
	item := make([]byte, size)
	for i := 0; i+4 <= size; i += 4 {
		binary.LittleEndian.PutUint32(item[i:], uint32(i)*2654435761)
	}
	return &queueLoad{client: c, item: item}
}

func (q *queueLoad) meta() *storage.Operation {
	return storage.SetOperation("qmv0", binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(q.write)), uint64(q.read)))
}

func (q *queueLoad) put() error {
	q.write++
	return q.client.Batch(context.Background(), q.meta(), storage.SetOperation(strconv.Itoa(q.write), q.item))
}

func (q *queueLoad) readAndDone() error {
	q.read++
	key := strconv.Itoa(q.read)
	if err := q.client.Batch(context.Background(), q.meta(), storage.GetOperation(key)); err != nil {
		return err
	}
	return q.client.Batch(context.Background(), q.meta(), storage.DeleteOperation(key))
}

const itemSize = 60_000

// TestWriteAmplification counts the bytes that are written for each byte that is stored, with queues of several lengths.
func TestWriteAmplification(t *testing.T) {
	for _, backlog := range []int{0, 100, 600} {
		d := newFaulty()
		o, _ := testOptions(tempDir(t), d)
		o.segment = 1 << 20
		q := newQueueLoad(openStarted(t, o), itemSize)
		stored := 0
		for range 1500 {
			if err := q.put(); err != nil {
				t.Fatal(err)
			}
			stored += itemSize
			if q.write-q.read > backlog {
				if err := q.readAndDone(); err != nil {
					t.Fatal(err)
				}
			}
		}
		for q.read < q.write {
			if err := q.readAndDone(); err != nil {
				t.Fatal(err)
			}
		}
		ratio := float64(d.written.Load()) / float64(stored)
		t.Logf("backlog %d: %.3f bytes written for each byte stored", backlog, ratio)
		if ratio > 1.2 {
			t.Errorf("backlog %d: write amplification is %.3f, want at most 1.2", backlog, ratio)
		}
	}
}

// TestOpenReadsNoValues counts the bytes that opening a full queue reads, after a kill.
func TestOpenReadsNoValues(t *testing.T) {
	o, _ := testOptions(tempDir(t), newFaulty())
	o.segment = 1 << 20
	q := newQueueLoad(openStarted(t, o), itemSize)
	for range 1000 {
		if err := q.put(); err != nil {
			t.Fatal(err)
		}
	}
	for _, footers := range []bool{true, false} {
		d := newFaulty()
		again, _ := testOptions(copyDir(t, o.dir), d)
		again.segment = o.segment
		most := 3*o.segment/2 + 64*1000
		if !footers { // steps from frame to frame instead
			for _, path := range segmentFiles(t, again.dir) {
				damage(t, path, func(b []byte) { b[len(b)-1] ^= 1 })
			}
			most += 2 * stepAhead * 1000
		}
		c := openStarted(t, again)
		t.Logf("footers %v: %d bytes read to open %d", footers, d.read.Load(), c.store.live)
		if n := d.read.Load(); n > most {
			t.Errorf("footers %v: opening %d bytes read %d, want at most %d", footers, c.store.live, n, most)
		}
		if c.store.live < 1000*itemSize {
			t.Errorf("the store contains only %d bytes", c.store.live)
		}
	}
}

// TestMemoryOfAnItem measures the memory of the index.
func TestMemoryOfAnItem(t *testing.T) {
	const items = 100_000
	o, _ := testOptions(tempDir(t), newFaulty())
	o.segment = 1 << 20
	q := newQueueLoad(openStarted(t, o), 100)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range items {
		if err := q.put(); err != nil {
			t.Fatal(err)
		}
	}
	each := (int64(heap()) - int64(before)) / items
	t.Logf("%d bytes of memory for each item", each)
	if each > 150 {
		t.Errorf("%d bytes of memory for each item, want at most 150", each)
	}
	runtime.KeepAlive(q)
}

// bboltStorage stores as the contrib file_storage extension does by default.
type bboltStorage struct {
	component.StartFunc
	component.ShutdownFunc
	dir string
}

type bboltClient struct{ db *bbolt.DB }

func (b *bboltStorage) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	return openBbolt(filepath.Join(b.dir, fileStorageName(kind, id, name)))
}

func openBbolt(path string) (*bboltClient, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, Timeout: time.Second})
	if err != nil {
		return nil, err
	}
	return &bboltClient{db}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(fileStorageBucket)
		return err
	})
}

func (c *bboltClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c *bboltClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c *bboltClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c *bboltClient) Close(context.Context) error { return c.db.Close() }

func (c *bboltClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	return c.db.Update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(fileStorageBucket)
		for _, op := range ops {
			var err error
			switch op.Type {
			case storage.Get:
				if v := bucket.Get([]byte(op.Key)); v != nil {
					op.Value = append([]byte{}, v...)
				}
			case storage.Set:
				err = bucket.Put([]byte(op.Key), op.Value)
			case storage.Delete:
				err = bucket.Delete([]byte(op.Key))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkQueue compares the storage with bbolt: put, read and done of an item of 60 KB, with a backlog of 200.
func BenchmarkQueue(b *testing.B) {
	perItem := map[string]float64{}
	run := func(name string, open func(b *testing.B) storage.Client) {
		b.Run(name, func(b *testing.B) {
			c := open(b)
			defer c.Close(context.Background())
			q := newQueueLoad(c, itemSize)
			for range 200 {
				if err := q.put(); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(itemSize)
			for b.Loop() {
				if err := q.put(); err != nil {
					b.Fatal(err)
				}
				if err := q.readAndDone(); err != nil {
					b.Fatal(err)
				}
			}
			perItem[name] = float64(b.Elapsed()) / float64(b.N)
			if base := perItem["bbolt"]; base > 0 {
				b.ReportMetric(base/perItem[name], "×bbolt")
			}
		})
	}
	run("bbolt", func(b *testing.B) storage.Client {
		c, err := openBbolt(filepath.Join(b.TempDir(), "file"))
		if err != nil {
			b.Fatal(err)
		}
		return c
	})
	run("segments", func(b *testing.B) storage.Client {
		o, _ := testOptions(b.TempDir(), localDisk{})
		o.segment = defaultConfig().(*Config).SegmentSize
		return openStarted(b, o)
	})
}
