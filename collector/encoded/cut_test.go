package encoded

import (
	"bytes"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// TestCut checks that both parts are requests, and that together they are the original.
func TestCut(t *testing.T) {
	for resources, want := range map[int][2]int{0: {0, 0}, 1: {1, 0}, 2: {1, 1}, 5: {3, 2}} {
		md := pmetric.NewMetrics()
		for range resources {
			md.ResourceMetrics().AppendEmpty().Resource().Attributes().PutStr("service.name", "shop")
		}
		data, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		if err != nil {
			t.Fatal(err)
		}
		first, rest := Cut(data, len(data)/2)
		if !bytes.Equal(append(bytes.Clone(first), rest...), data) {
			t.Errorf("%d resources: the parts do not add up to the original", resources)
		}
		for i, part := range [][]byte{first, rest} {
			md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(part)
			if err != nil || md.ResourceMetrics().Len() != want[i] {
				t.Errorf("%d resources: part %d has %d, %v; want %d", resources, i, md.ResourceMetrics().Len(), err, want[i])
			}
		}
	}
	if first, rest := Cut([]byte("\xff\xff"), 1); len(first) != 2 || rest != nil {
		t.Errorf("bytes that are not a message were cut into %q and %q", first, rest)
	}
}
