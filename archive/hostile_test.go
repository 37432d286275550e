package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/telepod/telepod/archive"
)

// packed compresses arbitrary bytes.
func packed(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func message(number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

// emptySpans returns size bytes of spans, two bytes each.
func emptySpans(size int) []byte {
	return message(1, message(2, bytes.Repeat(message(2, nil), size/2)))
}

// allocated returns the total number of bytes that work allocates, more than it uses at any one time.
func allocated(work func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// hostile returns a store with objects from an attacker and one regular object.
func hostile(t *testing.T) (memory, []archive.Object) {
	t.Helper()
	store := memory{
		object(archive.Traces, "1-bomb").Key:     packed(t, bytes.Repeat(message(1, message(3, make([]byte, 1<<20))), 65)),
		object(archive.Traces, "2-resource").Key: packed(t, emptySpans(40<<20)),
		object(archive.Traces, "3-promise").Key:  {0x0a, 0xff, 0xff, 0xff, 0x0f},
		object(archive.Traces, "4-ours").Key:     zstandard(t, traces(spansOf(shop("aws", "us-east-1", "orders"), "1", "2", "3"))),
	}
	listing, err := archive.List(t.Context(), store, archive.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range listing.Objects[:2] {
		if o.Size > 20_000 {
			t.Fatalf("%s has %d bytes", o.Key, o.Size)
		}
	}
	return store, listing.Objects
}

// TestHostileObjectsAreSkipped: an object beyond the limits is reported, and the others are counted and sent.
func TestHostileObjectsAreSkipped(t *testing.T) {
	store, objects := hostile(t)
	count := archive.Count{Store: store, Parallel: 1}
	tally, problems, err := count.Run(t.Context(), objects)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1-bomb: unpack it: it unpacks to more than 64 MiB", "2-resource: decode it as OTLP in protobuf: one resource has", "3-promise: decode it"}
	if len(problems) != len(want) {
		t.Fatalf("problems %v", problems)
	}
	for i, problem := range problems {
		if !strings.Contains(problem.Error(), want[i]) {
			t.Errorf("problem %d is %q, want %q", i, problem, want[i])
		}
	}
	if sources := tally.Sources(); len(sources) != 1 || tally[sources[0]].Items != 3 {
		t.Errorf("counted %v", tally)
	}

	sent := &discard{}
	replay := archive.Replay{Store: store, Sender: sent, Parallel: 1}
	result, err := replay.Run(t.Context(), objects)
	if err != nil || len(result.Problems) != 3 || sent.items != 3 {
		t.Errorf("sent %d items, with problems %v, error %v; want 3 items and 3 problems", sent.items, result.Problems, err)
	}
}

// discard counts the items that it receives.
type discard struct{ items int64 }

func (d *discard) Send(_ context.Context, r archive.Request) (archive.Answer, error) {
	d.items += r.Items
	return archive.Answer{}, nil
}

// TestSmallObjectsNeedLittleMemory: a few hundred bytes with millions of empty spans are counted and sent in
// memory proportional to their unpacked size. The zstd decoder uses most of it.
func TestSmallObjectsNeedLittleMemory(t *testing.T) {
	const unpacked = 1 << 20
	o := object(archive.Traces, "f")
	store := memory{o.Key: packed(t, emptySpans(unpacked))}
	var tally archive.Tally
	var problems []error
	used := allocated(func() {
		tally, problems, _ = (&archive.Count{Store: store, Parallel: 1}).Run(t.Context(), []archive.Object{o})
	})
	unknown := archive.Source{Folder: archive.Folder{Signal: archive.Traces, Cloud: archive.Unknown, Region: archive.Unknown}, Service: archive.Unknown}
	if got := tally[unknown].Items; got != unpacked/2 || len(problems) > 0 {
		t.Errorf("counted %d spans of %d, with problems %v", got, unpacked/2, problems)
	}
	if limit := int64(16 * unpacked); used > limit {
		t.Errorf("counting %d bytes allocates %d, more than %d", len(store[o.Key]), used, limit)
	}
	sent := &discard{}
	if _, err := (&archive.Replay{Store: store, Sender: sent, Parallel: 1}).Run(t.Context(), []archive.Object{o}); err != nil || sent.items != unpacked/2 {
		t.Errorf("sent %d spans of %d: %v", sent.items, unpacked/2, err)
	}
}

// TestTallyIsBounded: a sender with a new name for each resource exhausts neither memory nor screen, and all of
// its items are counted.
func TestTallyIsBounded(t *testing.T) {
	tally := archive.Tally{}
	const services = 11_000
	var payload []byte
	for i := range services {
		payload = append(payload, plain(t, traces(spansOf(shop("aws", "us-east-1", fmt.Sprint(i, strings.Repeat("x", 300))), "1")))...)
	}
	p, err := archive.NewPayload(object(archive.Traces, "f"), payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := tally.Add(p, archive.Selection{}); err != nil {
		t.Fatal(err)
	}
	total, longest := int64(0), 0
	for source, amount := range tally {
		total, longest = total+amount.Items, max(longest, len(source.Service))
	}
	more := archive.Source{Folder: archive.Folder{Signal: archive.Traces, Cloud: archive.More, Region: archive.More}, Service: archive.More}
	if total != services || len(tally) > 10_001 || tally[more].Items < services-10_001 || longest > 300 {
		t.Errorf("%d items of %d sources, %d of them more, names of up to %d bytes", total, len(tally), tally[more].Items, longest)
	}
}
