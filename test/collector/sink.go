package collector

import (
	"bufio"
	"bytes"
	_ "embed" // sink.yaml
	"encoding/json"
	"fmt"
	"io"
)

// SinkConfig returns the configuration of a Collector that writes what it receives to standard output. It
// listens on the usual ports of all addresses. The variables SINK_HOST, SINK_GRPC_PORT, SINK_HTTP_PORT,
// SINK_HEALTH_PORT and SINK_FILE override this. In a container, writing to standard output needs root.
func SinkConfig() string { return sinkConfig }

//go:embed sink.yaml
var sinkConfig string

// The signals of an [Item].
const (
	Span   = "span"
	Metric = "metric"
	Log    = "log"
)

// Item is a span, a metric or a log record that a sink received.
type Item struct {
	Signal string
	// Name of a span or metric; of a log record, its body.
	Name string
	// Resource contains the resource attributes with string values.
	Resource map[string]string
}

// ReadItems parses a sink's output. It skips other lines, such as the Collector's own log messages, and an
// incomplete last line.
func ReadItems(r io.Reader) ([]Item, error) {
	var items []Item
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return items, fmt.Errorf("read a sink's output: %w", err)
		}
		if !bytes.HasPrefix(line, []byte(`{"resource`)) {
			continue
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			return items, fmt.Errorf("read a sink's output: %w in %.200q", err, line)
		}
		items = append(items, m.items()...)
	}
}

// message is the part of OTLP's JSON encoding that tests read.
type message struct {
	ResourceSpans []struct {
		Resource   resource `json:"resource"`
		ScopeSpans []struct {
			Spans []named `json:"spans"`
		} `json:"scopeSpans"`
	} `json:"resourceSpans"`
	ResourceMetrics []struct {
		Resource     resource `json:"resource"`
		ScopeMetrics []struct {
			Metrics []named `json:"metrics"`
		} `json:"scopeMetrics"`
	} `json:"resourceMetrics"`
	ResourceLogs []struct {
		Resource  resource `json:"resource"`
		ScopeLogs []struct {
			LogRecords []named `json:"logRecords"`
		} `json:"scopeLogs"`
	} `json:"resourceLogs"`
}

type named struct {
	Name string `json:"name"`
	Body value  `json:"body"`
}

type value struct {
	String string `json:"stringValue"`
}

type resource struct {
	Attributes []struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	} `json:"attributes"`
}

func (m message) items() []Item {
	var items []Item
	for _, r := range m.ResourceSpans {
		for _, scope := range r.ScopeSpans {
			items = append(items, itemsOf(Span, r.Resource, scope.Spans)...)
		}
	}
	for _, r := range m.ResourceMetrics {
		for _, scope := range r.ScopeMetrics {
			items = append(items, itemsOf(Metric, r.Resource, scope.Metrics)...)
		}
	}
	for _, r := range m.ResourceLogs {
		for _, scope := range r.ScopeLogs {
			items = append(items, itemsOf(Log, r.Resource, scope.LogRecords)...)
		}
	}
	return items
}

func itemsOf(signal string, r resource, entries []named) []Item {
	attributes := make(map[string]string, len(r.Attributes))
	for _, a := range r.Attributes {
		attributes[a.Key] = a.Value.String
	}
	items := make([]Item, 0, len(entries))
	for _, e := range entries {
		items = append(items, Item{Signal: signal, Name: e.Name + e.Body.String, Resource: attributes})
	}
	return items
}
