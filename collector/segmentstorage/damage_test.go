package segmentstorage

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// written fills a store with several segments, and returns what it contains.
func written(t testing.TB, o options) (want model) {
	t.Helper()
	c, want := openStarted(t, o), model{}
	for i := range 60 {
		key, value := fmt.Sprintf("key-%02d", i), bytes.Repeat([]byte{byte(i)}, 500+100*i)
		if err := c.Batch(t.Context(), storage.SetOperation("meta", fmt.Appendf(nil, "%04d", i)), storage.SetOperation(key, value)); err != nil {
			t.Fatal(err)
		}
		want[key], want["meta"] = value, fmt.Appendf(nil, "%04d", i)
	}
	if n := len(c.store.segments()); n < 3 {
		t.Fatalf("only %d segments", n)
	}
	return want
}

// segmentFiles returns the paths of the segments in a directory, oldest first.
func segmentFiles(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	return paths
}

// damage changes a file.
func damage(t testing.TB, path string, change func(b []byte)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTornTail cuts the newest frame at each length. The frame is there as a whole or not at all.
func TestTornTail(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	c := openStarted(t, o)
	if err := c.Set(t.Context(), "before", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	from := c.store.active.end
	if err := c.Batch(t.Context(), storage.SetOperation("a", bytes.Repeat([]byte("a"), 300)), storage.DeleteOperation("before"),
		storage.SetOperation("b", bytes.Repeat([]byte("b"), 300))); err != nil {
		t.Fatal(err)
	}
	to := c.store.active.end
	for cut := from; cut <= to; cut++ {
		torn, seen := testOptions(copyDir(t, o.dir), localDisk{})
		damage(t, segmentFiles(t, torn.dir)[0], func(b []byte) {
			for i := cut; i < to; i++ {
				b[i] = 0x55 // what a recycled file had there
			}
		})
		want := model{"before": []byte("kept")}
		if cut == to {
			want = model{"a": bytes.Repeat([]byte("a"), 300), "b": bytes.Repeat([]byte("b"), 300)}
		}
		again := openStarted(t, torn)
		check(t, again, want)
		if seen.corrupt != 0 {
			t.Fatalf("cut at %d of %d: a torn frame counts as corrupt", cut, to)
		}
		if err := again.Set(t.Context(), "after", []byte("new")); err != nil {
			t.Fatal(err)
		}
		want["after"] = []byte("new")
		torn.dir = copyDir(t, torn.dir)
		check(t, openStarted(t, torn), want)
	}
}

// TestCorruptByte damages one byte at a time, anywhere. At most the records of one frame are lost.
func TestCorruptByte(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	want := written(t, o)
	for n := range segmentFiles(t, o.dir) {
		for at := 0; at < minSegment; at += 397 {
			bad, seen := testOptions(copyDir(t, o.dir), localDisk{})
			damage(t, segmentFiles(t, bad.dir)[n], func(b []byte) { b[at] ^= 0x10 })
			c := openStarted(t, bad)
			lost, newest := 0, false
			for key, value := range want {
				got, err := c.Get(t.Context(), key)
				switch {
				case err != nil:
					t.Fatal(err)
				case got == nil:
					lost++
					newest = key == "key-59" // its frame counts as torn
				case !bytes.Equal(got, value) && key != "meta":
					t.Fatalf("segment %d, byte %d: key %s has a wrong value", n, at, key)
				}
			}
			if lost > 1 || lost == 1 && !newest && seen.corrupt != 1 {
				t.Fatalf("segment %d, byte %d: %d keys are lost, %d corrupt records", n, at, lost, seen.corrupt)
			}
			checkAccounts(t, c.store)
			checkQuarantine(t, bad.dir, seen.corrupt)
			_ = c.Close(t.Context())
		}
	}
}

// checkQuarantine looks for the copies of corrupt records.
func checkQuarantine(t *testing.T, dir string, corrupt int) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "quarantine"))
	if n := bytes.Count(b, []byte("\n# segment ")); n != corrupt || corrupt > 0 && err != nil {
		t.Fatalf("%d records in the quarantine, want %d; %v", n, corrupt, err)
	}
}

// TestLostFilesAndHeaders removes the secret's file, and damages all headers and footers.
func TestLostFilesAndHeaders(t *testing.T) {
	o, _ := testOptions(tempDir(t), localDisk{})
	want := written(t, o)
	noSecret, seen := testOptions(copyDir(t, o.dir), localDisk{})
	if err := os.Remove(filepath.Join(noSecret.dir, secretName)); err != nil {
		t.Fatal(err)
	}
	check(t, openStarted(t, noSecret), want)
	noHeads, more := testOptions(copyDir(t, o.dir), localDisk{})
	for _, path := range segmentFiles(t, noHeads.dir) {
		damage(t, path, func(b []byte) {
			clear(b[:headerSize])
			clear(b[len(b)-trailerSize:])
		})
	}
	check(t, openStarted(t, noHeads), want)
	if seen.corrupt+more.corrupt > 0 {
		t.Errorf("%d and %d corrupt records", seen.corrupt, more.corrupt)
	}
}

// TestForgedFrames stores data that looks like frames, damages the frame before it, and finds none of them.
func TestForgedFrames(t *testing.T) {
	o, _ := testOptions(tempDir(t), newFaulty())
	c := openStarted(t, o)
	forged, _ := encode(nil, []change{{key: "forged", value: []byte("x")}}, 0)
	value := append(bytes.Repeat(frameMark, 2000), bytes.Repeat(forged, 200)...)
	if err := c.Set(t.Context(), "hostile", value); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(t.Context(), "good", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	d := newFaulty()
	bad, seen := testOptions(copyDir(t, o.dir), d)
	damage(t, segmentFiles(t, bad.dir)[0], func(b []byte) { b[headerSize] ^= 1 })
	check(t, openStarted(t, bad), model{"good": []byte("kept")})
	if seen.corrupt != 1 {
		t.Errorf("%d corrupt records", seen.corrupt)
	}
	if most := int64(8 * minSegment); d.read.Load() > most {
		t.Errorf("the search read %d bytes, more than %d", d.read.Load(), most)
	}
}

// TestEveryWriteFails lets each write of a sequence fail, once or for good, as on a full disk.
func TestEveryWriteFails(t *testing.T) {
	for _, forGood := range []bool{false, true} {
		for n := 0; ; n++ {
			if writes := failWriteNumber(t, n, forGood); writes <= n {
				break
			}
		}
	}
}

func failWriteNumber(t *testing.T, n int, forGood bool) (writes int) {
	d := newFaulty()
	o, _ := testOptions(tempDir(t), d)
	d.failWrite = func(string, int64, int64) error {
		writes++
		if writes == n+1 || forGood && writes > n {
			return enospc
		}
		return nil
	}
	c, want := openStarted(t, o), model{}
	for i := range 60 {
		key, value := fmt.Sprint(i%20), bytes.Repeat([]byte{byte(i)}, 5_000)
		err := c.Batch(t.Context(), storage.SetOperation(key, value), storage.DeleteOperation(fmt.Sprint((i+7)%20)))
		switch {
		case err == nil:
			want[key] = value
			delete(want, fmt.Sprint((i+7)%20))
		case !errors.Is(err, storage.ErrStorageFull):
			t.Fatalf("write %d: %v", n, err)
		}
	}
	check(t, c, want)
	d.failWrite = nil
	o.dir = copyDir(t, o.dir)
	_ = c.Close(t.Context())
	check(t, openStarted(t, o), want)
	return writes
}

// FuzzSegment damages segments in arbitrary ways. Opening never panics, and no key has a value that was not stored.
func FuzzSegment(f *testing.F) {
	o, _ := testOptions(f.TempDir(), localDisk{})
	written(f, o)
	f.Add([]byte{0, 0, 30, 1, 0})
	f.Add([]byte{1, 0xff, 0xf0, 200, 7, 0, 0, 0, 1, 1})
	f.Fuzz(func(t *testing.T, script []byte) {
		bad, _ := testOptions(copyDir(t, o.dir), localDisk{})
		paths := segmentFiles(t, bad.dir)
		for ; len(script) >= 5; script = script[5:] {
			at := int(script[1])<<8 | int(script[2])
			damage(t, paths[int(script[0])%len(paths)], func(b []byte) {
				for i := at; i < min(len(b), at+1+int(script[3])); i++ {
					b[i] ^= script[4]
				}
			})
		}
		c := openStarted(t, bad)
		for _, e := range c.store.current() {
			got, err := c.Get(t.Context(), e.key)
			var i int
			switch _, scan := fmt.Sscanf(e.key, "key-%02d", &i); {
			case err != nil:
				t.Fatal(err)
			case got == nil || e.key == "meta" && len(got) == 4:
			case scan != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i)}, 500+100*i)):
				t.Fatalf("key %q has a value that was not stored", e.key)
			}
		}
		if err := c.Set(t.Context(), "after", []byte("x")); err != nil {
			t.Fatal(err)
		}
		checkAccounts(t, c.store)
		_ = c.Close(t.Context())
	})
}
