package collector

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadItemsFromALog(t *testing.T) {
	log := `2026-11-22T10:00:00Z	info	Everything is ready.
{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"stringValue":"1"}}]},"scopeSpans":[{"spans":[{"name":"x"},{"name":"y"}]}]}]}
{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[{"name":"m"}]}]}]}
{"resourceLogs":[{"resource":{},"scopeLogs":[{"logRecords":[{"body":{"stringValue":"l"}}]}]}]}
{"resourceSpans":[{"resource":{"attri`
	got, err := ReadItems(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	want := []Item{
		{Signal: Span, Name: "x", Resource: map[string]string{"a": "1"}},
		{Signal: Span, Name: "y", Resource: map[string]string{"a": "1"}},
		{Signal: Metric, Name: "m", Resource: map[string]string{}},
		{Signal: Log, Name: "l", Resource: map[string]string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := ReadItems(strings.NewReader("{\"resourceSpans\":7}\n")); err == nil {
		t.Error("a complete line that is not OTLP was accepted")
	}
}
