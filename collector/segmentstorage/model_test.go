package segmentstorage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"pgregory.net/rapid"
)

// model is what a store should contain.
type model map[string][]byte

func check(t testing.TB, c *client, want model) {
	t.Helper()
	keys := map[string]bool{}
	for _, e := range c.store.current() {
		if !c.parking.has(e.key) {
			keys[e.key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if _, ok := want[key]; !ok {
			t.Fatalf("key %q came back", key)
		}
	}
	for key, value := range want {
		got, err := c.Get(t.Context(), key)
		if err != nil || got == nil || !bytes.Equal(got, value) {
			t.Fatalf("key %q: %d bytes, %v; want %d bytes", key, len(got), err, len(value))
		}
	}
	checkAccounts(t, c.store)
}

// checkAccounts compares the running sums with what they should be.
func checkAccounts(t testing.TB, s *store) {
	t.Helper()
	live, used := int64(0), int64(0)
	mentions := map[*entry]int32{}
	for _, each := range s.segments() {
		used += each.capacity
		sum, footer := int64(0), int64(0)
		for _, e := range each.mentions {
			mentions[e]++
			footer += footerShare(e.key)
			if e.in == each {
				sum += e.weight()
			}
		}
		if sum != each.live || footer != each.footer {
			t.Fatalf("segment %d: live %d, footer %d; want %d, %d", each.number, each.live, each.footer, sum, footer)
		}
		live += sum
	}
	for _, each := range s.free {
		used += each.capacity
	}
	if live != s.live || used != s.used {
		t.Fatalf("live %d, used %d; want %d, %d", s.live, s.used, live, used)
	}
	for key, e := range s.index {
		if e.mentions != mentions[e] || e.mentions == 0 {
			t.Fatalf("key %q: %d mentions, counted %d", key, e.mentions, mentions[e])
		}
	}
	if len(mentions) != len(s.index) {
		t.Fatalf("%d entries are mentioned, %d are in the index", len(mentions), len(s.index))
	}
}

// TestModel compares a store with a map under random operations, kills and a disk that fills up.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		kinds := rapid.SliceOfN(rapid.IntRange(0, 99), 50, 400).Draw(rt, "operations")
		playModel(t, seed, kinds)
	})
}

// openStarted opens a client that has started, for which parking does not apply.
func openStarted(t testing.TB, o options) *client {
	c := mustOpen(t, o)
	c.parking.starting = false
	return c
}

func playModel(t *testing.T, seed uint64, kinds []int) {
	random := rand.New(rand.NewPCG(seed, 1))
	disk := newFaulty()
	o, seen := testOptions(tempDir(t), disk)
	c, want := openStarted(t, o), model{}
	key := func() string { return strconv.Itoa(random.IntN(60)) }
	value := func() []byte {
		size := random.IntN(200)
		if random.IntN(3) == 0 {
			size = random.IntN(20_000)
		}
		if random.IntN(60) == 0 {
			size = 100_000 // more than a segment
		}
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for _, kind := range kinds {
		switch {
		case kind < 3: // a kill, and a process with other limits
			o.dir = copyDir(t, o.dir)
			_ = c.Close(t.Context())
			disk.room.Store([]int64{-1, 0}[random.IntN(2)])
			o.segment = minSegment << random.IntN(2)
			c = openStarted(t, o)
			check(t, c, want)
		case kind < 6:
			disk.room.Store(random.Int64N(4 * minSegment))
		case kind < 8:
			disk.room.Store(-1)
		default:
			ops, after := randomBatch(random, want, key, value)
			err := c.Batch(t.Context(), ops...)
			if err == nil {
				want = after
			} else if !errors.Is(err, storage.ErrStorageFull) {
				t.Fatal(err)
			}
			checkReads(t, ops, err, want)
		}
	}
	check(t, c, want)
	if seen.corrupt > 0 {
		t.Fatalf("%d records are corrupt", seen.corrupt)
	}
}

func randomBatch(random *rand.Rand, now model, key func() string, value func() []byte) (ops []*storage.Operation, after model) {
	after = maps.Clone(now)
	for range 1 + random.IntN(4) {
		switch k := key(); random.IntN(4) {
		case 0:
			ops = append(ops, storage.GetOperation(k))
		case 1:
			ops = append(ops, storage.DeleteOperation(k))
			delete(after, k)
		default:
			v := value()
			ops = append(ops, storage.SetOperation(k, v))
			after[k] = v
		}
	}
	return ops, after
}

// checkReads compares the last read of a batch, if nothing changes the key after it.
func checkReads(t *testing.T, ops []*storage.Operation, err error, want model) {
	t.Helper()
	last := ops[len(ops)-1]
	if err != nil || last.Type != storage.Get {
		return
	}
	if v, ok := want[last.Key]; ok != (last.Value != nil) || !bytes.Equal(v, last.Value) {
		t.Fatalf("key %q in a batch: %d bytes, want %d", last.Key, len(last.Value), len(v))
	}
}

// TestLongLivedKeyKeepsNoSegments keeps one old key while much data passes through.
func TestLongLivedKeyKeepsNoSegments(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	c, ctx, want := mustOpen(t, o), t.Context(), model{"old": []byte("stays")}
	if err := c.Set(ctx, "old", want["old"]); err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		k := fmt.Sprint(i)
		if err := errors.Join(c.Set(ctx, k, make([]byte, 3000)), c.Delete(ctx, k)); err != nil {
			t.Fatal(err)
		}
		if most := int64(reserve+5) * minSegment; c.store.used > most {
			t.Fatalf("%d bytes are in use after %d items, more than %d", c.store.used, i, most)
		}
	}
	check(t, c, want)
	o.dir = copyDir(t, o.dir)
	check(t, mustOpen(t, o), want)
}
