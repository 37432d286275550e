package main

import (
	"context"
	"fmt"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/report"
)

// logs goes from a trace to its logs, and from a log record to its trace.
func (t *story) logs(ctx context.Context) (string, func(), error) {
	lines, err := t.linesOf(ctx, t.trace)
	if err != nil {
		return "", nil, err
	}
	back, trace, err := t.traceOfLine(ctx)
	if err != nil {
		return "", nil, err
	}
	summary := fmt.Sprintf("%d log records of the declined order, found in VictoriaLogs by trace id; and its trace, found from a log record", len(lines))
	return summary, func() {
		t.Line("")
		t.Note("Logs of trace " + t.trace.ID + ", from " + t.estate.Stores.Logs + "/select/vmui/")
		for _, line := range lines {
			t.Line(fmt.Sprintf("   %-6s%-10s %s", line["cloud.provider"], line["service.name"], line.Text()))
			t.checkLine(line, t.trace)
		}
		clouds := map[string]bool{}
		for _, line := range lines {
			clouds[line["cloud.provider"]] = true
		}
		t.row("from a trace to its logs", fmt.Sprintf("%d records from %d clouds", len(lines), len(clouds)),
			"found in VictoriaLogs by the trace id, each with the identity of its pod", len(lines) >= 2 && len(clouds) >= 2)
		t.row("from a log record to its trace", fmt.Sprintf("%d spans", len(trace.Spans)),
			"of \""+back.Text()+"\", in Jaeger by the record's trace_id", len(trace.Spans) > 0)
	}, nil
}

// linesOf waits until the store has the records of a declined order, written by two services.
func (t *story) linesOf(ctx context.Context, trace report.Trace) (lines []clouds.LogLine, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		if lines, err = t.estate.Stores.FindLogs(ctx, fmt.Sprintf("trace_id:=%q", trace.ID)); err != nil {
			return err
		}
		found := map[string]bool{}
		for _, line := range lines {
			found[line.Text()] = true
		}
		if !found["payment was declined"] || !found["inventory was refunded"] {
			return fmt.Errorf("trace %s has the records %v: %w", trace.ID, lines, errNoData)
		}
		return nil
	})
	return lines, err
}

// traceOfLine searches logs for a text, as a user would, and opens the record's trace in Jaeger.
func (t *story) traceOfLine(ctx context.Context) (line clouds.LogLine, trace report.Trace, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		lines, err := t.estate.Stores.FindLogs(ctx, `"payment was declined"`)
		if err != nil {
			return err
		}
		for _, line = range lines {
			answer, err := t.estate.Stores.Trace(ctx, line["trace_id"])
			if err != nil {
				continue // not stored yet
			}
			trace, err = report.ParseJaeger(answer)
			return err
		}
		return fmt.Errorf("none of %d records leads to a trace: %w", len(lines), errNoData)
	})
	return line, trace, err
}

// checkLine checks that a record belongs to a span of the trace.
func (t *story) checkLine(line clouds.LogLine, trace report.Trace) {
	for _, s := range trace.Spans {
		if s.ID != line["span_id"] {
			continue
		}
		for _, key := range []string{"cloud.provider", "cloud.region", "k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.node.name"} {
			t.checks.Equal("log record "+line.Text()+": "+key, line[key], s.Attributes[key])
		}
		return
	}
	t.checks.That(false, "log record %q has span_id %q, which is not in the trace", line.Text(), line["span_id"])
}
