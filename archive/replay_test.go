package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/telepod/telepod/archive"
)

// receiver records requests and answers them as the test specifies.
type receiver struct {
	mu       sync.Mutex
	requests []archive.Request
	answer   func(archive.Request) (archive.Answer, error)
}

func (r *receiver) Send(_ context.Context, request archive.Request) (archive.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer != nil {
		if a, err := r.answer(request); err != nil || a != (archive.Answer{}) {
			return a, err
		}
	}
	r.requests = append(r.requests, request)
	return archive.Answer{}, nil
}

// spans counts how often each span arrived, by cloud and name.
func (r *receiver) spans(t *testing.T) map[string]int {
	t.Helper()
	times := map[string]int{}
	for _, request := range r.requests {
		var data tracepb.TracesData
		if err := proto.Unmarshal(request.Data, &data); err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for _, rs := range data.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					times[attribute(rs, "cloud.provider")+"/"+s.Name]++
					n++
				}
			}
		}
		if n != request.Items {
			t.Errorf("a request claims %d items, but has %d", request.Items, n)
		}
	}
	return times
}

func attribute(rs *tracepb.ResourceSpans, key string) string {
	for _, a := range rs.GetResource().GetAttributes() {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// stored returns a store with this number of objects, three spans each, and their listing.
func stored(t *testing.T, objects int) (memory, []archive.Object) {
	t.Helper()
	store := memory{}
	for i := range objects {
		names := []string{fmt.Sprintf("%d-a", i), fmt.Sprintf("%d-b", i), fmt.Sprintf("%d-c", i)}
		store[object(archive.Traces, fmt.Sprintf("%03d", i)).Key] = zstandard(t, traces(spansOf(shop("aws", "us-east-1", "orders"), names...)))
	}
	return store, listed(t, store)
}

func listed(t *testing.T, store memory) []archive.Object {
	t.Helper()
	l, err := archive.List(t.Context(), store, archive.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Objects
}

// TestReplayIsFaithful: data arrives as it was sent, including unknown fields.
func TestReplayIsFaithful(t *testing.T) {
	strange := protowire.AppendBytes(protowire.AppendTag(nil, 1000, protowire.BytesType), []byte("new"))
	sent := spansOf(shop("aws", "us-east-1", "orders"), "1", "2", "3", "4")
	sent.ProtoReflect().SetUnknown(strange)
	sent.Resource.ProtoReflect().SetUnknown(strange)
	sent.Resource.DroppedAttributesCount = 3
	sent.ScopeSpans[1].ProtoReflect().SetUnknown(strange)
	sent.ScopeSpans[1].Spans[0].ProtoReflect().SetUnknown(strange)
	store := memory{object(archive.Traces, "f").Key: zstandard(t, traces(sent))}
	want := proto.CloneOf(traces(sent))
	attributes := &want.ResourceSpans[0].Resource.Attributes
	*attributes = slices.Delete(*attributes, 3, 4) // telemetry.archive.prefix
	for _, mark := range []string{"", "r1"} {
		to := &receiver{}
		r := archive.Replay{Store: store, Sender: to, Mark: mark}
		if _, err := r.Run(t.Context(), listed(t, store)); err != nil {
			t.Fatal(err)
		}
		if mark != "" {
			*attributes = append(*attributes, resourceOf(archive.ReplayAttribute, mark).Attributes...)
		}
		var got tracepb.TracesData
		if err := proto.Unmarshal(to.requests[0].Data, &got); err != nil || len(to.requests) != 1 {
			t.Fatalf("%d requests, %v", len(to.requests), err)
		}
		if diff := cmp.Diff(want, &got, protocmp.Transform()); diff != "" {
			t.Errorf("mark %q (-want +got):\n%s", mark, diff)
		}
	}
}

// TestReplaySelects: of an object with several regions, only the selected ones are sent, without data of
// earlier replays.
func TestReplaySelects(t *testing.T) {
	replayed := shop("gcp", "europe-west1", "stock")
	replayed.Attributes = append(replayed.Attributes, resourceOf(archive.ReplayAttribute, "r1").Attributes...)
	store := memory{object(archive.Traces, "f").Key: zstandard(t, traces(
		spansOf(shop("aws", "us-east-1", "orders"), "1"), spansOf(shop("gcp", "europe-west1", "stock"), "2"), spansOf(replayed, "3"),
	))}
	for _, test := range []struct {
		replay archive.Replay
		want   map[string]int
		again  int64
	}{
		{archive.Replay{}, map[string]int{"aws/1": 1, "gcp/2": 1}, 1},
		{archive.Replay{Replayed: true}, map[string]int{"aws/1": 1, "gcp/2": 1, "gcp/3": 1}, 0},
		{archive.Replay{Selection: archive.Selection{Cloud: "gcp"}}, map[string]int{"gcp/2": 1}, 1},
		{archive.Replay{Selection: archive.Selection{Region: "us-east-1"}}, map[string]int{"aws/1": 1}, 0},
	} {
		to := &receiver{}
		test.replay.Store, test.replay.Sender, test.replay.Mark = store, to, "r2"
		result, err := test.replay.Run(t.Context(), listed(t, store))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, to.spans(t)); diff != "" || result.Again != test.again || result.Items != int64(len(test.want)) {
			t.Errorf("%+v: %+v (-want +got):\n%s", test.replay.Selection, result, diff)
		}
		for _, request := range to.requests {
			if bytes.Contains(request.Data, []byte("r1")) {
				t.Error("the resource has the mark of the earlier replay as well as the new one")
			}
		}
	}
}

// TestReplaySplits: no request exceeds the default limit of receivers, and every item arrives once.
func TestReplaySplits(t *testing.T) {
	var groups []*tracepb.ResourceSpans
	want := map[string]int{}
	for g := range 30 {
		var names []string
		for i := range 400 {
			name := fmt.Sprintf("%d-%d-%s", g, i, strings.Repeat("x", 200))
			names = append(names, name)
			want["aws/"+name]++
		}
		groups = append(groups, spansOf(shop("aws", "us-east-1", fmt.Sprint("service-", g)), names...))
	}
	huge := strings.Repeat("y", 3<<20)
	groups = append(groups, spansOf(shop("aws", "us-east-1", "huge"), huge, "small"))
	want["aws/"+huge]++
	want["aws/small"]++
	store := memory{object(archive.Traces, "f").Key: zstandard(t, traces(groups...))}
	for _, perSecond := range []int{0, 5000} {
		to := &receiver{}
		r := archive.Replay{Store: store, Sender: to, ItemsPerSecond: perSecond}
		if _, err := r.Run(t.Context(), listed(t, store)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, to.spans(t)); diff != "" {
			t.Error("not every span arrived once")
		}
		for _, request := range to.requests {
			if len(request.Data) > 1<<20 && request.Items > 1 {
				t.Errorf("a request of %d items has %d bytes", request.Items, len(request.Data))
			}
			if perSecond > 0 && request.Items > int64(perSecond) {
				t.Errorf("a request has %d items, at a rate of %d", request.Items, perSecond)
			}
		}
	}
}

// TestReplayResumes: after an interruption, only objects in flight are sent again, and no data is missing.
func TestReplayResumes(t *testing.T) {
	const objects, parallel = 40, 3
	store, all := stored(t, objects)
	path := filepath.Join(t.TempDir(), "checkpoint")
	start := archive.Start{Name: "r1", Window: archive.Window{To: at(12, 0)}}
	unavailable := errors.New("unavailable")
	to := &receiver{}
	runs := 0
	for ; runs < 10; runs++ {
		c, err := archive.OpenCheckpoint(path, start)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Window.To.Equal(at(12, 0)) || c.Name != "r1" {
			t.Errorf("run %d has start %+v, want that of the first run", runs, c.Start)
		}
		left := 15
		to.answer = func(archive.Request) (archive.Answer, error) {
			if left--; left < 0 {
				return archive.Answer{}, unavailable
			}
			return archive.Answer{}, nil
		}
		r := archive.Replay{Store: store, Sender: to, Checkpoint: c, Parallel: parallel}
		result, err := r.Run(t.Context(), all)
		c.Close()
		start = archive.Start{Name: "other", Window: archive.Window{To: at(13, 0)}}
		if err == nil {
			if result.Objects != objects || result.Before == 0 {
				t.Errorf("the last run: %+v", result)
			}
			break
		}
		if !errors.Is(err, unavailable) {
			t.Fatal(err)
		}
	}
	got := to.spans(t)
	if len(got) != 3*objects {
		t.Errorf("%d spans arrived, want %d", len(got), 3*objects)
	}
	twice := 0
	for _, times := range got {
		twice += times - 1
	}
	if runs < 2 || twice > 3*parallel*runs {
		t.Errorf("after %d interruptions, %d spans arrived again, want at most %d", runs, twice, 3*parallel*runs)
	}
}

// TestReplayProblems: a problem with one object or request is reported and does not stop the replay.
func TestReplayProblems(t *testing.T) {
	store, all := stored(t, 6)
	store[all[1].Key] = []byte("damaged")
	delete(store, all[2].Key)
	c, err := archive.OpenCheckpoint(filepath.Join(t.TempDir(), "checkpoint"), archive.Start{Name: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := &receiver{answer: func(r archive.Request) (archive.Answer, error) {
		switch {
		case bytes.Contains(r.Data, []byte("3-a")):
			return archive.Answer{}, &archive.RefusedError{Err: errors.New("refused")}
		case bytes.Contains(r.Data, []byte("4-a")):
			return archive.Answer{Rejected: 2, Message: "too old"}, nil
		}
		return archive.Answer{}, nil
	}}
	r := archive.Replay{Store: store, Sender: to, Checkpoint: c}
	result, err := r.Run(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, p := range result.Problems {
		one, _ := errors.AsType[*archive.ObjectError](p)
		keys = append(keys, one.Key)
	}
	if diff := cmp.Diff([]string{all[1].Key, all[2].Key, all[3].Key}, keys); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if result.Items != 3+3+1 || result.Rejected != 2 || result.Message != "too old" || result.Objects != 6 {
		t.Errorf("%+v", result)
	}
	// A resumed replay retries objects that had problems.
	to.answer = nil
	to.requests = nil
	if _, err := r.Run(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"aws/3-a": 1, "aws/3-b": 1, "aws/3-c": 1}
	if diff := cmp.Diff(want, to.spans(t)); diff != "" {
		t.Errorf("second run (-want +got):\n%s", diff)
	}
}

// TestReplayCanceled: a canceled replay stops and reports the cancellation.
func TestReplayCanceled(t *testing.T) {
	store, all := stored(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	to := &receiver{answer: func(archive.Request) (archive.Answer, error) {
		cancel()
		return archive.Answer{}, nil
	}}
	r := archive.Replay{Store: store, Sender: to, ItemsPerSecond: 1}
	if _, err := r.Run(ctx, all); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if n := len(slices.Collect(maps.Keys(to.spans(t)))); n > 3 {
		t.Errorf("%d spans were sent after the cancellation", n)
	}
}

// TestReplayRefused: the replay stops if every request is refused, but not if every second one is.
func TestReplayRefused(t *testing.T) {
	store, all := stored(t, 60)
	for _, every := range []int{1, 2} {
		requests := 0
		to := &receiver{answer: func(archive.Request) (archive.Answer, error) {
			if requests++; requests%every == 0 {
				return archive.Answer{}, &archive.RefusedError{Err: errors.New("refused")}
			}
			return archive.Answer{}, nil
		}}
		r := archive.Replay{Store: store, Sender: to}
		result, err := r.Run(t.Context(), all)
		if ends := err != nil; ends != (every == 1) || every == 2 && len(result.Problems) != 30 {
			t.Errorf("with one of %d requests refused: %d problems, %v", every, len(result.Problems), err)
		}
	}
}

// TestReplayOfAllSignals also sends metrics and logs.
func TestReplayOfAllSignals(t *testing.T) {
	r := shop("aws", "us-east-1", "orders")
	store := memory{
		object(archive.Metrics, "m").Key: zstandard(t, allKinds(r)),
		object(archive.Logs, "l").Key:    zstandard(t, records(r, 7)),
	}
	to := &receiver{}
	replay := archive.Replay{Store: store, Sender: to}
	result, err := replay.Run(t.Context(), listed(t, store))
	if err != nil || result.Items != 15+7 {
		t.Errorf("%d items, %v; want 22", result.Items, err)
	}
	signals := map[archive.Signal]int64{}
	for _, request := range to.requests {
		signals[request.Signal] += request.Items
	}
	if diff := cmp.Diff(map[archive.Signal]int64{archive.Metrics: 15, archive.Logs: 7}, signals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
