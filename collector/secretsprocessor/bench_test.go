//go:build unix

package secretsprocessor

import (
	"fmt"
	"syscall"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// BenchmarkRedaction decodes, redacts and encodes 500 spans or log records: the least that a Collector does with
// them. "cost" is the CPU time in relation to no redaction, in the same run, so that other load of the machine
// does not matter; "exact keys" is one lookup for each key in each place, as the attributes and transform
// processors do it.
func BenchmarkRedaction(b *testing.B) {
	for _, signal := range []struct {
		name string
		run  func(b *testing.B, redact func(*rules, any))
	}{{"spans", benchmarkSpans}, {"logs", benchmarkLogs}} {
		var bare float64
		for _, way := range []struct {
			name   string
			level  Level
			redact func(*rules, any)
		}{
			{"none", Standard, func(*rules, any) {}},
			{"exact keys", Standard, exactKeys},
			{"standard", Standard, redact},
			{"strict", Strict, redact},
		} {
			b.Run(signal.name+"/"+way.name, func(b *testing.B) {
				r := newRules(&Config{Level: way.level, Keys: defaultKeys()})
				before := cpuTime(b)
				signal.run(b, func(_ *rules, data any) { way.redact(r, data) })
				each := float64(cpuTime(b)-before) / float64(b.N)
				if way.name == "none" {
					bare = each
				}
				b.ReportMetric(each/500, "cpu-ns/item")
				b.ReportMetric(each/bare, "cost")
			})
		}
	}
}

// cpuTime returns the CPU time of the process, in nanoseconds.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func redact(r *rules, data any) {
	switch data := data.(type) {
	case ptrace.Traces:
		r.newPass().traces(data)
	case plog.Logs:
		r.newPass().logs(data)
	}
}

func exactKeys(_ *rules, data any) {
	keys := []string{
		"password", "passwd", "pwd", "secret", "client_secret", "token", "access_token", "refresh_token", "id_token", "api_key",
		"apikey", "private_key", "authorization", "cookie", "set-cookie", "http.request.header.authorization",
		"http.request.header.cookie", "http.request.header.x-api-key", "http.response.header.set-cookie",
	}
	remove := func(m pcommon.Map) {
		for _, key := range keys {
			m.Remove(key)
		}
	}
	switch data := data.(type) {
	case ptrace.Traces:
		for _, rs := range data.ResourceSpans().All() {
			remove(rs.Resource().Attributes())
			for _, span := range rs.ScopeSpans().At(0).Spans().All() {
				remove(span.Attributes())
				for _, event := range span.Events().All() {
					remove(event.Attributes())
				}
			}
		}
	case plog.Logs:
		for _, rl := range data.ResourceLogs().All() {
			remove(rl.Resource().Attributes())
			for _, record := range rl.ScopeLogs().At(0).LogRecords().All() {
				remove(record.Attributes())
			}
		}
	}
}

// BenchmarkPass measures only the redaction.
func BenchmarkPass(b *testing.B) {
	td, ld := exampleSpans(), exampleLogs()
	for _, level := range []Level{Standard, Strict} {
		r := rulesOf(level)
		for name, data := range map[string]any{"spans": td, "logs": ld} {
			b.Run(fmt.Sprint(name, "/", level), func(b *testing.B) {
				before := cpuTime(b)
				for b.Loop() {
					redact(r, data)
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/500, "cpu-ns/item")
			})
		}
	}
}

func benchmarkSpans(b *testing.B, redact func(*rules, any)) {
	encoded, err := ptraceotlp.NewExportRequestFromTraces(exampleSpans()).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		request := ptraceotlp.NewExportRequest()
		if err := request.UnmarshalProto(encoded); err != nil {
			b.Fatal(err)
		}
		redact(nil, request.Traces())
		if _, err := request.MarshalProto(); err != nil {
			b.Fatal(err)
		}
	}
}

// exampleSpans are 500 spans with 12 attributes each, without secrets.
func exampleSpans() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	resource(rs.Resource().Attributes())
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range 500 {
		span := spans.AppendEmpty()
		span.SetName("GET /api/v1/orders/{id}")
		span.SetTraceID([16]byte{1, byte(i)})
		a := span.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.full", fmt.Sprintf("https://shop.example.com:8443/api/v1/orders/%d?lang=de&page=2", i))
		a.PutStr("url.scheme", "https")
		a.PutStr("server.address", "order.shop.svc.cluster.local")
		a.PutInt("server.port", 8443)
		a.PutInt("http.response.status_code", 200)
		a.PutStr("http.route", "/api/v1/orders/{id}")
		a.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36")
		a.PutStr("network.protocol.version", "1.1")
		a.PutStr("client.address", "10.42.7.13")
		a.PutStr("order.id", "9b2c5c4e-6f0f-4e61-a5d8-0a4b1a2f6c7d")
		a.PutStr("db.query.text", "SELECT id, state, total FROM orders WHERE id = $1 AND tenant = $2")
	}
	return td
}

func benchmarkLogs(b *testing.B, redact func(*rules, any)) {
	encoded, err := plogotlp.NewExportRequestFromLogs(exampleLogs()).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		request := plogotlp.NewExportRequest()
		if err := request.UnmarshalProto(encoded); err != nil {
			b.Fatal(err)
		}
		redact(nil, request.Logs())
		if _, err := request.MarshalProto(); err != nil {
			b.Fatal(err)
		}
	}
}

// exampleLogs are 500 log records with JSON of 250 bytes each, in which nothing is a secret.
func exampleLogs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	resource(rl.Resource().Attributes())
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 500 {
		record := records.AppendEmpty()
		record.Body().SetStr(fmt.Sprintf(`{"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"order %d accepted","order":{"items":3,"total":"17.40"},`+
			`"caller":"order/handler.go:117","duration":"12.7ms","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}`, i))
		record.Attributes().PutStr("log.file.path", "/var/log/pods/shop_order-7d9f8b6c5d-x2x4z_0f/order/0.log")
		record.Attributes().PutStr("log.iostream", "stdout")
	}
	return ld
}

func resource(a pcommon.Map) {
	a.PutStr("service.name", "order")
	a.PutStr("service.version", "1.2.3")
	a.PutStr("cloud.provider", "aws")
	a.PutStr("cloud.region", "eu-west-1")
	a.PutStr("k8s.cluster.name", "eu-1")
	a.PutStr("k8s.namespace.name", "shop")
	a.PutStr("k8s.pod.name", "order-7d9f8b6c5d-x2x4z")
	a.PutStr("k8s.node.name", "ip-10-0-1-2.eu-west-1.compute.internal")
	a.PutStr("telemetry.sdk.name", "opentelemetry")
}
