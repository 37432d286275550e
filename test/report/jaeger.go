package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ParseJaeger parses a trace from the answer of Jaeger's query service to GET /api/traces/{id}: the JSON for
// its web pages, identical in versions 1 and 2. A span with a missing parent keeps its ParentID.
func ParseJaeger(body []byte) (Trace, error) {
	var answer jaegerAnswer
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return Trace{}, fmt.Errorf("read Jaeger's answer: %w", err)
	}
	if len(answer.Errors) > 0 {
		return Trace{}, fmt.Errorf("read Jaeger's answer: Jaeger reports %q (code %d)", answer.Errors[0].Msg, answer.Errors[0].Code)
	}
	if len(answer.Data) == 0 || len(answer.Data[0].Spans) == 0 {
		return Trace{}, errors.New("read Jaeger's answer: no spans in it; ask again once the trace has been sampled and stored")
	}
	stored := answer.Data[0]
	trace := Trace{ID: stored.TraceID}
	for _, span := range stored.Spans {
		trace.Spans = append(trace.Spans, span.asSpan(stored.Processes[span.ProcessID]))
	}
	slices.SortStableFunc(trace.Spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return trace, nil
}

type jaegerAnswer struct {
	Data []struct {
		TraceID   string                   `json:"traceID"`
		Spans     []jaegerSpan             `json:"spans"`
		Processes map[string]jaegerProcess `json:"processes"`
	} `json:"data"`
	Errors []struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	} `json:"errors"`
}

type jaegerProcess struct {
	ServiceName string      `json:"serviceName"`
	Tags        []jaegerTag `json:"tags"`
}

type jaegerSpan struct {
	SpanID        string `json:"spanID"`
	OperationName string `json:"operationName"`
	References    []struct {
		RefType string `json:"refType"`
		SpanID  string `json:"spanID"`
	} `json:"references"`
	StartTime int64       `json:"startTime"` // microseconds since 1970
	Duration  int64       `json:"duration"`  // microseconds
	Tags      []jaegerTag `json:"tags"`
	Logs      []struct {
		Timestamp int64       `json:"timestamp"`
		Fields    []jaegerTag `json:"fields"`
	} `json:"logs"`
	ProcessID string `json:"processID"`
}

type jaegerTag struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

func (s jaegerSpan) asSpan(process jaegerProcess) Span {
	attributes := asAttributes(process.Tags)
	maps.Copy(attributes, asAttributes(s.Tags))
	span := Span{
		ID: s.SpanID, ParentID: s.parent(), Name: s.OperationName, Service: process.ServiceName,
		Cloud: attributes["cloud.provider"], Region: attributes["cloud.region"],
		Cluster: attributes["k8s.cluster.name"], Pod: attributes["k8s.pod.name"],
		Start: time.UnixMicro(s.StartTime).UTC(), Duration: time.Duration(s.Duration) * time.Microsecond,
		Error:      attributes["error"] == "true" || attributes["otel.status_code"] == "ERROR",
		Attributes: attributes,
	}
	for _, log := range s.Logs {
		event := Event{At: time.UnixMicro(log.Timestamp).UTC(), Attributes: asAttributes(log.Fields)}
		event.Name = event.Attributes["event"]
		delete(event.Attributes, "event")
		span.Events = append(span.Events, event)
	}
	return span
}

// parent returns the first CHILD_OF; FOLLOWS_FROM references are links.
func (s jaegerSpan) parent() string {
	for _, reference := range s.References {
		if reference.RefType == "CHILD_OF" {
			return reference.SpanID
		}
	}
	return ""
}

func asAttributes(tags []jaegerTag) map[string]string {
	attributes := make(map[string]string, len(tags))
	for _, tag := range tags {
		attributes[tag.Key] = fmt.Sprint(tag.Value)
	}
	return attributes
}
