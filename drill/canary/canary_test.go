package canary

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/protobuf/proto"

	"github.com/telepod/telepod/archive"
	"github.com/telepod/telepod/drill"
)

var now = time.Date(2026, time.November, 22, 10, 4, 30, 0, time.UTC)

func of(region string, sequence int64) drill.Canary {
	return drill.Canary{Collector: drill.Collector{Region: region, Name: "collector-x"}, Sequence: sequence}
}

func request(t *testing.T, id string, canaries ...drill.Canary) []byte {
	t.Helper()
	body, err := Request(id, canaries, now)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRequest(t *testing.T) {
	var sent coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(request(t, "d1", of("eu", 0), of("eu", 1)), &sent); err != nil {
		t.Fatal(err)
	}
	resource := sent.ResourceSpans[0]
	if attribute := resource.Resource.Attributes[0]; attribute.Key != "service.name" || attribute.Value.GetStringValue() != Service {
		t.Errorf("resource %v, want the service %s", resource.Resource, Service)
	}
	spans := resource.ScopeSpans[0].Spans
	if len(spans) != 2 || string(spans[0].TraceId) == string(spans[1].TraceId) || len(spans[0].TraceId) != 16 || len(spans[0].SpanId) != 8 {
		t.Errorf("spans %v, want two in separate traces", spans)
	}
	for _, span := range spans {
		if !slices.ContainsFunc(span.Attributes, func(a *common.KeyValue) bool { return a.Key == "sampling.priority" && a.Value.GetIntValue() == 1 }) {
			t.Errorf("span %v may be dropped by sampling", span)
		}
	}
}

// TestRequestTo: the request for a site has one canary, and its resource names the site.
func TestRequestTo(t *testing.T) {
	body, err := RequestTo("backup", "d1", of("eu", 0), now)
	if err != nil {
		t.Fatal(err)
	}
	var sent coltrace.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	resource := sent.ResourceSpans[0]
	if len(resource.ScopeSpans[0].Spans) != 1 || !slices.ContainsFunc(resource.Resource.Attributes, func(a *common.KeyValue) bool {
		return a.Key == "telepod.canary.site" && a.Value.GetStringValue() == "backup"
	}) {
		t.Errorf("request %v", &sent)
	}
}

// store is an in-memory archive.
type store map[string][]byte

func (s store) Folders(_ context.Context, prefix string) ([]string, error) {
	var folders []string
	for key := range s {
		rest, under := strings.CutPrefix(key, prefix)
		folder, _, deeper := strings.Cut(rest, "/")
		if full := prefix + folder + "/"; under && deeper && !slices.Contains(folders, full) {
			folders = append(folders, full)
		}
	}
	return folders, nil
}

func (s store) List(_ context.Context, prefix, after string) iter.Seq2[archive.Entry, error] {
	return func(yield func(archive.Entry, error) bool) {
		for key, data := range s {
			if strings.HasPrefix(key, prefix) && key > after && !yield(archive.Entry{Key: key, Size: int64(len(data))}, nil) {
				return
			}
		}
	}
}

func (s store) Read(_ context.Context, key string) ([]byte, error) { return s[key], nil }

const folder = "traces/aws/us-east-1/year=2026/month=11/day=22/hour=10/"

func TestArchives(t *testing.T) {
	first := store{
		folder + "minute=04/a": request(t, "d1", of("eu", 0), of("eu", 1)),
		folder + "minute=05/b": request(t, "d0", of("eu", 7)),
		// Before the drill.
		"traces/aws/us-east-1/year=2026/month=11/day=22/hour=08/minute=05/old": request(t, "d1", of("eu", 8)),
		// A drill ignores other signals, whatever they contain.
		"logs/aws/us-east-1/year=2026/month=11/day=22/hour=10/minute=05/c": {0xff},
	}
	second := store{folder + "minute=04/a": request(t, "d1", of("us", 0), of("eu", 1))}
	archives := NewArchives(now, first, second)
	if difference := cmp.Diff([]drill.Canary{of("eu", 0), of("eu", 1), of("eu", 1), of("us", 0)}, readAll(t, archives)); difference != "" {
		t.Errorf("canaries (-want +got):\n%s", difference)
	}
	second[folder+"minute=06/z"] = request(t, "d1", of("us", 1))
	if difference := cmp.Diff([]drill.Canary{of("us", 1)}, readAll(t, archives)); difference != "" {
		t.Errorf("later canaries (-want +got):\n%s", difference)
	}
}

func TestArchivesReportDamagedObject(t *testing.T) {
	damaged := store{folder + "minute=04/a": {0xff, 0xff}, folder + "minute=04/b": request(t, "d1", of("eu", 0))}
	found := 0
	err := NewArchives(now, damaged).Read(t.Context(), "d1", func(drill.Canary) { found++ })
	object, alone := errors.AsType[*archive.ObjectError](err)
	if !alone || object.Key != folder+"minute=04/a" || found != 1 {
		t.Errorf("%v and %d canaries, want an error that names the damaged object, and the other one read", err, found)
	}
}

// readAll returns the new canaries of an archive, sorted.
func readAll(t *testing.T, archives *Archives) []drill.Canary {
	t.Helper()
	var all []drill.Canary
	if err := archives.Read(t.Context(), "d1", func(c drill.Canary) { all = append(all, c) }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b drill.Canary) int {
		return 10*strings.Compare(a.Region, b.Region) + int(a.Sequence-b.Sequence)
	})
	return all
}
