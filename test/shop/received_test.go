package shop

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// item is a span or a log record that the Collector received.
type item struct {
	name, trace, parent string
	failed              bool
	resource, attrs     map[string]string
}

type attributes []struct {
	Key   string
	Value struct{ StringValue, IntValue string }
}

func (a attributes) texts() map[string]string {
	m := map[string]string{}
	for _, kv := range a {
		m[kv.Key] = kv.Value.StringValue + kv.Value.IntValue
	}
	return m
}

// resourceOf is a resource, in OTLP's JSON.
type resourceOf struct{ Attributes attributes }

// message is a line of the Collector's output file.
type message struct {
	ResourceSpans []struct {
		Resource   resourceOf
		ScopeSpans []struct {
			Spans []struct {
				Name, TraceID, ParentSpanID string
				Attributes                  attributes
				Status                      struct{ Code int }
			}
		}
	}
	ResourceLogs []struct {
		Resource  resourceOf
		ScopeLogs []struct {
			LogRecords []struct {
				TraceID    string
				Body       struct{ StringValue string }
				Attributes attributes
			}
		}
	}
	ResourceMetrics []struct {
		ScopeMetrics []struct {
			Metrics []struct{ Name string }
		}
	}
}

// received contains everything that a Collector has written to its file.
type received struct {
	spans, logs []item
	metrics     map[string]bool
}

func read(t *testing.T, path string) received {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := received{metrics: map[string]bool{}}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var m message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("%v in %.200q", err, lines.Text())
		}
		all.add(m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func (r *received) add(m message) {
	const failed = 2 // STATUS_CODE_ERROR
	for _, res := range m.ResourceSpans {
		for _, scope := range res.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, item{s.Name, s.TraceID, s.ParentSpanID, s.Status.Code == failed, res.Resource.Attributes.texts(), s.Attributes.texts()})
			}
		}
	}
	for _, res := range m.ResourceLogs {
		for _, scope := range res.ScopeLogs {
			for _, l := range scope.LogRecords {
				r.logs = append(r.logs, item{name: l.Body.StringValue, trace: l.TraceID, resource: res.Resource.Attributes.texts(), attrs: l.Attributes.texts()})
			}
		}
	}
	for _, res := range m.ResourceMetrics {
		for _, scope := range res.ScopeMetrics {
			for _, one := range scope.Metrics {
				r.metrics[one.Name] = true
			}
		}
	}
}
