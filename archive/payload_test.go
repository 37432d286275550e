package archive_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/archive"
)

func object(signal archive.Signal, name string) archive.Object {
	o, err := archive.ParseKey(string(signal) + "/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=03/" + name)
	if err != nil {
		panic(err) // a mistake in the test
	}
	return o
}

// TestPayload reads each kind of object that an archive may contain, with each compression.
func TestPayload(t *testing.T) {
	r := shop("aws", "us-east-1", "orders")
	for _, test := range []struct {
		name   string
		signal archive.Signal
		stored []byte
		items  int64
	}{
		{"zstd", archive.Traces, zstandard(t, traces(spansOf(r, "1", "2", "3"))), 3},
		{"gzip", archive.Traces, gzipped(t, traces(spansOf(r, "1", "2", "3"))), 3},
		{"plain", archive.Traces, plain(t, traces(spansOf(r, "1", "2", "3"))), 3},
		{"data points of each kind", archive.Metrics, zstandard(t, allKinds(r)), 1 + 2 + 3 + 4 + 5},
		{"log records", archive.Logs, zstandard(t, records(r, 7)), 7},
		{"empty", archive.Logs, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := archive.NewPayload(object(test.signal, "f"), test.stored)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := p.Items(); n != test.items || err != nil {
				t.Errorf("%d items, %v; want %d", n, err, test.items)
			}
		})
	}
}

// TestDamagedPayload: any damage is an error of the object.
func TestDamagedPayload(t *testing.T) {
	whole := zstandard(t, traces(spansOf(shop("aws", "us-east-1", "orders"), "1", "2", "3")))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0xff
	for name, stored := range map[string][]byte{
		"cut off":      whole[:len(whole)-5],
		"flipped bits": flipped,
		"other data":   []byte("<html>not found</html>"),
		"another kind": {0x0a, 0x02, 0x0a},
	} {
		_, err := archive.NewPayload(object(archive.Traces, "f"), stored)
		if one, is := errors.AsType[*archive.ObjectError](err); !is || one.Key != object(archive.Traces, "f").Key {
			t.Errorf("%s: error %v, want an ObjectError with the key", name, err)
		}
	}
}

// TestPayloads: a damaged object does not stop the reading.
func TestPayloads(t *testing.T) {
	store := memory{
		object(archive.Traces, "1").Key: zstandard(t, traces(spansOf(shop("aws", "us-east-1", "orders"), "1", "2"))),
		object(archive.Traces, "2").Key: []byte("damaged"),
		object(archive.Traces, "3").Key: zstandard(t, traces(spansOf(shop("aws", "us-east-1", "orders"), "3"))),
	}
	spans, damaged := 0, 0
	for p, err := range archive.Payloads(t.Context(), store, archive.Selection{Signals: []archive.Signal{archive.Traces}}) {
		if err != nil {
			damaged++
			continue
		}
		data, err := p.Traces()
		if err != nil {
			t.Fatal(err)
		}
		for _, rs := range data.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				spans += len(ss.Spans)
			}
		}
	}
	if spans != 3 || damaged != 1 {
		t.Errorf("%d spans and %d damaged objects, want 3 and 1", spans, damaged)
	}
}

// TestTally counts by the attributes of the resources, not by folder.
func TestTally(t *testing.T) {
	replayed := shop("aws", "us-east-1", "orders")
	replayed.Attributes = append(replayed.Attributes, resourceOf(archive.ReplayAttribute, "r1").Attributes...)
	p, err := archive.NewPayload(object(archive.Traces, "f"), plain(t, traces(
		spansOf(shop("aws", "us-east-1", "orders"), "1", "2"),
		spansOf(shop("gcp", "europe-west1", "stock"), "3"),
		spansOf(nil, "4"),
		spansOf(replayed, "5"),
	)))
	if err != nil {
		t.Fatal(err)
	}
	tally := archive.Tally{}
	for range 2 {
		if err := tally.Add(p, archive.Selection{}); err != nil {
			t.Fatal(err)
		}
	}
	source := func(cloud, region, service string) archive.Source {
		return archive.Source{Folder: archive.Folder{Signal: archive.Traces, Cloud: cloud, Region: region}, Service: service}
	}
	want := archive.Tally{
		source("aws", "us-east-1", "orders"):                      {Items: 6, Replayed: 2},
		source("gcp", "europe-west1", "stock"):                    {Items: 2},
		source(archive.Unknown, archive.Unknown, archive.Unknown): {Items: 2},
	}
	if diff := cmp.Diff(want, tally); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	only := archive.Tally{}
	if err := only.Add(p, archive.Selection{Cloud: "gcp"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]archive.Source{source("gcp", "europe-west1", "stock")}, only.Sources()); diff != "" {
		t.Errorf("sources of gcp (-want +got):\n%s", diff)
	}
}

// FuzzPayload: nothing panics, and item counts agree with the decoded protobuf.
func FuzzPayload(f *testing.F) {
	r := shop("aws", "us-east-1", "orders")
	f.Add(zstandard(f, traces(spansOf(r, "1", "2", "3"))), uint8(0))
	f.Add(plain(f, traces(spansOf(r, "1", "2", "3"), spansOf(r, "4"))), uint8(0))
	f.Add(plain(f, allKinds(r)), uint8(1))
	f.Add(plain(f, records(r, 2)), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		signal := archive.Signals()[kind%3]
		p, err := archive.NewPayload(object(signal, "f"), data)
		if err != nil {
			return
		}
		tally := archive.Tally{}
		problem := tally.Add(p, archive.Selection{})
		items, err := p.Items()
		want, readable := counted(p)
		if !readable {
			return
		}
		if problem != nil || err != nil {
			t.Fatalf("protobuf can decode it, but Add returned %v and Items %v", problem, err)
		}
		sum := int64(0)
		for _, amount := range tally {
			sum += amount.Items
		}
		if items != want || sum != want {
			t.Errorf("%d items, %d by source; protobuf has %d", items, sum, want)
		}
	})
}

// counted counts items in the decoded protobuf. Payloads with unknown fields count as unreadable.
func counted(p *archive.Payload) (items int64, readable bool) {
	var m proto.Message
	var err error
	switch p.Object.Signal {
	case archive.Traces:
		var data *tracepb.TracesData
		data, err = p.Traces()
		m = data
		for _, r := range data.GetResourceSpans() {
			for _, s := range r.GetScopeSpans() {
				items += int64(len(s.GetSpans()))
			}
		}
	case archive.Metrics:
		var data *metricspb.MetricsData
		data, err = p.Metrics()
		m = data
		for _, r := range data.GetResourceMetrics() {
			for _, s := range r.GetScopeMetrics() {
				for _, metric := range s.GetMetrics() {
					items += int64(len(metric.GetGauge().GetDataPoints()) + len(metric.GetSum().GetDataPoints()) +
						len(metric.GetHistogram().GetDataPoints()) + len(metric.GetExponentialHistogram().GetDataPoints()) +
						len(metric.GetSummary().GetDataPoints()))
				}
			}
		}
	default:
		var data *logspb.LogsData
		data, err = p.Logs()
		m = data
		for _, r := range data.GetResourceLogs() {
			for _, s := range r.GetScopeLogs() {
				items += int64(len(s.GetLogRecords()))
			}
		}
	}
	return items, err == nil && len(m.ProtoReflect().GetUnknown()) == 0
}

// TestOversizedObject: an object that is too large is not read.
func TestOversizedObject(t *testing.T) {
	o := object(archive.Traces, "f")
	o.Size = 65 << 20
	_, err := archive.Load(t.Context(), memory{o.Key: nil}, o)
	if _, one := errors.AsType[*archive.ObjectError](err); !one {
		t.Errorf("error %v, want an ObjectError", err)
	}
}
