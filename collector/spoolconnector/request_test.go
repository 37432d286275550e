package spoolconnector

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/request"

	"github.com/telepod/telepod/collector/encoded"
)

func storedTraces() stored[ptrace.Traces] {
	return stored[ptrace.Traces]{kind[ptrace.Traces]{
		items: ptrace.Traces.SpanCount, unmarshal: new(ptrace.ProtoUnmarshaler).UnmarshalTraces,
	}}
}

func inFolder(folder string) context.Context {
	return client.NewContext(context.Background(), client.Info{Metadata: client.NewMetadata(map[string][]string{"archive-folder": {folder}})})
}

func encodedTraces(t testing.TB, names ...string) encoded.Part {
	t.Helper()
	data, err := new(ptrace.ProtoMarshaler).MarshalTraces(traces(names...))
	if err != nil {
		t.Fatal(err)
	}
	return encoded.Part{Data: data, Items: len(names)}
}

// exporterhelper's own queue can read the stored form, and the spool can read all versions of exporterhelper's.
func TestStoredForm(t *testing.T) {
	want := []string{"a", "b", "c"}
	own, err := storedTraces().Marshal(inFolder("aws/r"), newBatch(encodedTraces(t, "a", "b"), encodedTraces(t, "c")))
	if err != nil {
		t.Fatal(err)
	}
	ctx, td, err := request.UnmarshalTraces(own)
	if err != nil || !slices.Equal(namesOf(td), want) || client.FromContext(ctx).Metadata.Get("archive-folder")[0] != "aws/r" {
		t.Errorf("exporterhelper reads %v, %v", namesOf(td), err)
	}
	upstream, err := request.MarshalTraces(inFolder("aws/r"), traces(want...))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		data   []byte
		folder []string
	}{
		"own":          {own, []string{"aws/r"}},
		"upstream's":   {upstream, []string{"aws/r"}},
		"upstream, v0": {encodedTraces(t, want...).Data, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, req, err := storedTraces().Unmarshal(bytes.Clone(tc.data))
			if err != nil {
				t.Fatal(err)
			}
			b := req.(*batch)
			td, err := storedTraces().kind.unmarshal(encoded.Join(b.parts))
			if err != nil || b.items != 3 || !slices.Equal(namesOf(td), want) {
				t.Errorf("read %d items, %v, %v", b.items, namesOf(td), err)
			}
			if got := client.FromContext(ctx).Metadata.Get("archive-folder"); !slices.Equal(got, tc.folder) {
				t.Errorf("the folder is %v", got)
			}
		})
	}
}

// Arbitrary bytes on a disk are read or cause an error.
func FuzzUnmarshal(f *testing.F) {
	own, err := storedTraces().Marshal(inFolder("aws/r"), newBatch(encodedTraces(f, "a", "b")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(own)
	f.Add(encodedTraces(f, "a").Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, req, err := storedTraces().Unmarshal(data)
		if err == nil && (req.ItemsCount() < 0 || req.BytesSize() > len(data)) {
			t.Errorf("%d items and %d bytes in %d", req.ItemsCount(), req.BytesSize(), len(data))
		}
	})
}
