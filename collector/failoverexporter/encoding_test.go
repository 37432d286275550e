package failoverexporter

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/testdata"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
)

// samples returns, by signal, an encoded request and what newer and older versions of exporterhelper store for it.
func samples(t testing.TB) (encoded, wrapped, bare [signalCount][]byte) {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ctx := client.NewContext(context.Background(), client.Info{Metadata: client.NewMetadata(map[string][]string{"tenant": {"a"}})})
	td, md, ld := testdata.GenerateTraces(3), testdata.GenerateMetrics(3), testdata.GenerateLogs(3)
	encoded = [signalCount][]byte{must(encodeTraces(td)), must(encodeMetrics(md)), must(encodeLogs(ld))}
	wrapped = [signalCount][]byte{must(request.MarshalTraces(ctx, td)), must(request.MarshalMetrics(ctx, md)), must(request.MarshalLogs(ctx, ld))}
	bare = [signalCount][]byte{
		must((&ptrace.ProtoMarshaler{}).MarshalTraces(td)), must((&pmetric.ProtoMarshaler{}).MarshalMetrics(md)), must((&plog.ProtoMarshaler{}).MarshalLogs(ld)),
	}
	return encoded, wrapped, bare
}

// itemsOf returns the number of items in testdata's three spans, metrics (with two data points each, except one) or log
// records.
func itemsOf(sig signal) int {
	if sig == metrics {
		return testdata.GenerateMetrics(3).DataPointCount()
	}
	return 3
}

func queueOf(sig signal, dropped *int) encoding {
	return encoding{signal: sig, unreadable: func(error) { *dropped++ }}
}

func TestStoredBatchesAreRead(t *testing.T) {
	encoded, wrapped, bare := samples(t)
	for sig := range signalCount {
		var dropped int
		e := queueOf(sig, &dropped)
		b := newBatch(sig, encoded[sig], itemsOf(sig))
		if _, err := b.MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, newBatch(sig, encoded[sig], itemsOf(sig))); err != nil {
			t.Fatal(err)
		}
		own, err := e.Marshal(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			stored []byte
			times  int
		}{"own": {own, 2}, "with context": {wrapped[sig], 1}, "bare": {bare[sig], 1}} {
			_, req, err := e.Unmarshal(c.stored)
			if err != nil {
				t.Fatalf("%s, %s: %v", sig, name, err)
			}
			got := req.(*batch)
			if got.items != c.times*itemsOf(sig) || got.size != c.times*len(encoded[sig]) || !bytes.Equal(got.parts[0].Data, bytes.Repeat(encoded[sig], c.times)) {
				t.Errorf("%s, %s: %d items, %d bytes", sig, name, got.items, got.size)
			}
		}
		if dropped > 0 {
			t.Errorf("%s: %d counted as unreadable", sig, dropped)
		}
	}
}

func TestStoredBatchesOfAnotherSignalAreRefused(t *testing.T) {
	encoded, _, _ := samples(t)
	for from := range signalCount {
		for to := range signalCount {
			if from == to {
				continue
			}
			var dropped int
			stored, err := queueOf(from, &dropped).Marshal(t.Context(), newBatch(from, encoded[from], 1))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := queueOf(to, &dropped).Unmarshal(stored); err == nil || dropped != 1 {
				t.Errorf("%s from the queue for %s: %v, counted %d", from, to, err, dropped)
			}
			if _, err := queueOf(to, &dropped).Marshal(t.Context(), newBatch(from, encoded[from], 1)); err == nil {
				t.Errorf("%s stored in the queue for %s", from, to)
			}
		}
	}
}

func TestDamagedBatchesAreRefused(t *testing.T) {
	encoded, _, _ := samples(t)
	var dropped int
	e := queueOf(traces, &dropped)
	whole, err := e.Marshal(t.Context(), newBatch(traces, encoded[traces], 3))
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(whole)
	other[2] = 9
	damaged := [][]byte{nil, {0}, {0, 'F'}, {0, 'X', 1, 0, 1}, other, whole[:storedHeader], {0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 64)}
	for n := storedHeader + 2; n < len(whole); n++ {
		damaged = append(damaged, whole[:n]) // cut off anywhere
	}
	for _, stored := range damaged {
		if _, _, err := e.Unmarshal(stored); err == nil {
			t.Errorf("read %d damaged bytes: %.20x", len(stored), stored)
		}
	}
	if dropped != len(damaged) {
		t.Errorf("counted %d of %d damaged batches", dropped, len(damaged))
	}
}

func FuzzUnmarshal(f *testing.F) {
	encoded, wrapped, bare := samples(f)
	for sig := range signalCount {
		own, err := encoding{signal: sig}.Marshal(context.Background(), newBatch(sig, encoded[sig], 3))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(int(sig), own)
		f.Add(int(sig), wrapped[sig])
		f.Add(int(sig), bare[sig])
	}
	f.Fuzz(func(t *testing.T, sig int, stored []byte) {
		if sig < 0 || sig >= int(signalCount) {
			t.Skip()
		}
		var dropped int
		_, req, err := queueOf(signal(sig), &dropped).Unmarshal(stored)
		if err != nil {
			if req != nil || dropped != 1 {
				t.Errorf("an error with %v, counted %d", req, dropped)
			}
			return
		}
		if b := req.(*batch); b.items < 0 || !wellFormed(b.parts[0].Data) {
			t.Errorf("%d items in %x", b.items, b.parts[0].Data)
		}
	})
}

func TestMergeSplitsBetweenParts(t *testing.T) {
	part := func(size, items int) *batch { return newBatch(logs, make([]byte, size), items) }
	for name, c := range map[string]struct {
		sizer exporterhelper.RequestSizerType
		max   int
		first *batch
		then  *batch
		want  []int // bytes
	}{
		"no limit":                      {exporterhelper.RequestSizerTypeBytes, 0, part(600, 1), part(600, 1), []int{1200}},
		"within the limit":              {exporterhelper.RequestSizerTypeBytes, 1200, part(600, 1), part(600, 1), []int{1200}},
		"above the limit":               {exporterhelper.RequestSizerTypeBytes, 1000, part(600, 1), part(600, 1), []int{600, 600}},
		"a single part above the limit": {exporterhelper.RequestSizerTypeBytes, 500, part(600, 1), nil, []int{600}},
		"parts keep their order":        {exporterhelper.RequestSizerTypeBytes, 500, part(100, 1), part(900, 1), []int{100, 900}},
		"by items":                      {exporterhelper.RequestSizerTypeItems, 10, part(600, 6), part(700, 6), []int{600, 700}},
	} {
		var other *batch
		var split []int
		req := c.first
		if c.then != nil {
			other = c.then
			got, err := req.MergeSplit(t.Context(), c.max, c.sizer, other)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				split = append(split, r.BytesSize())
			}
		} else {
			got, err := req.MergeSplit(t.Context(), c.max, c.sizer, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				split = append(split, r.BytesSize())
			}
		}
		if diff := cmp.Diff(c.want, split); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := part(1, 1).MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, newBatch(traces, nil, 0)); err == nil {
		t.Error("merged traces into logs")
	}
}
