package clusteridentityprocessor

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// certificate contains what otlp_mux passes on of a client certificate: its DNS names.
type certificate []string

func (certificate) GetAttributeNames() []string { return []string{"dns_names"} }

func (c certificate) GetAttribute(name string) any {
	if name == "dns_names" {
		return []string(c)
	}
	return nil
}

type rig struct {
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	set       processor.Settings
	config    *Config
}

func newRig(t *testing.T, require bool) rig {
	t.Helper()
	r := rig{telemetry: componenttest.NewTelemetry(), config: NewFactory().CreateDefaultConfig().(*Config)}
	t.Cleanup(func() { _ = r.telemetry.Shutdown(context.Background()) })
	r.config.Require = require
	if err := r.config.Validate(); err != nil {
		t.Fatal(err)
	}
	r.set = processortest.NewNopSettings(NewFactory().Type())
	r.set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	core, logs := observer.New(zap.WarnLevel)
	r.set.Logger, r.logs = zap.New(core), logs
	return r
}

// sendAll sends one resource, as each signal, and returns what the next consumers got; nil if they got nothing.
func (r rig) sendAll(t *testing.T, ctx context.Context, resource map[string]any) (got []pcommon.Map, errs []error) {
	t.Helper()
	var traces consumertest.TracesSink
	var metrics consumertest.MetricsSink
	var logs consumertest.LogsSink
	forTraces, err1 := NewFactory().CreateTraces(ctx, r.set, r.config, &traces)
	forMetrics, err2 := NewFactory().CreateMetrics(ctx, r.set, r.config, &metrics)
	forLogs, err3 := NewFactory().CreateLogs(ctx, r.set, r.config, &logs)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	td, md, ld := ptrace.NewTraces(), pmetric.NewMetrics(), plog.NewLogs()
	for _, to := range []pcommon.Resource{
		td.ResourceSpans().AppendEmpty().Resource(), md.ResourceMetrics().AppendEmpty().Resource(), ld.ResourceLogs().AppendEmpty().Resource(),
	} {
		if err := to.Attributes().FromRaw(resource); err != nil {
			t.Fatal(err)
		}
	}
	errs = []error{forTraces.ConsumeTraces(ctx, td), forMetrics.ConsumeMetrics(ctx, md), forLogs.ConsumeLogs(ctx, ld)}
	for _, td := range traces.AllTraces() {
		got = append(got, td.ResourceSpans().At(0).Resource().Attributes())
	}
	for _, md := range metrics.AllMetrics() {
		got = append(got, md.ResourceMetrics().At(0).Resource().Attributes())
	}
	for _, ld := range logs.AllLogs() {
		got = append(got, ld.ResourceLogs().At(0).Resource().Attributes())
	}
	return got, errs
}

func from(names ...string) context.Context {
	return client.NewContext(context.Background(), client.Info{Auth: certificate(names)})
}

func (r rig) count(t *testing.T, name string) (sum int64) {
	t.Helper()
	m, err := r.telemetry.GetMetric(name)
	if err != nil {
		return 0 // nothing was counted
	}
	for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
		sum += point.Value
	}
	return sum
}

func TestClusterMatchesCertificate(t *testing.T) {
	for _, c := range []struct {
		name      string
		names     []string
		claim     any // nil: none
		want      any
		corrected bool
	}{
		{"itself", []string{"a.regions.telepod"}, "a", "a", false},
		{"another", []string{"a.regions.telepod"}, "b", "a", true},
		{"no claim", []string{"a.regions.telepod"}, nil, "a", false},
		{"not a string", []string{"a.regions.telepod"}, int64(1), "a", true},
		{"empty", []string{"a.regions.telepod"}, "", "a", true},
		{"other case", []string{"prod_a.regions.telepod"}, "Prod_A", "Prod_A", false},
		{"certificate in other case", []string{"A.REGIONS.Telepod"}, "b", "a", true},
		{"below itself", []string{"b.a.regions.telepod"}, "b", "a", true},
		{"with a dot", []string{"b.a.regions.telepod"}, "b.a", "a", true},
		{"two clusters", []string{"a.regions.telepod", "b.regions.telepod"}, "b", "b", false},
		{"neither of two", []string{"a.regions.telepod", "b.regions.telepod"}, "c", "a", true},
		{"an additional name", []string{"site.example.com", "a.regions.telepod"}, "b", "a", true},
		{"another domain", []string{"a.regions.telepod.example.com"}, "b", "b", false},
		{"the domain itself", []string{"regions.telepod"}, "b", "b", false},
		{"a longer domain label", []string{"a.xregions.telepod"}, "b", "b", false},
		{"a wildcard", []string{"*.regions.telepod"}, "b", "b", false},
		{"an empty label", []string{".regions.telepod"}, "b", "b", false},
		{"no name", nil, "b", "b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, false)
			resource := map[string]any{"service.name": "shop"}
			if c.claim != nil {
				resource["k8s.cluster.name"] = c.claim
			}
			got, _ := r.sendAll(t, from(c.names...), resource)
			if len(got) != 3 {
				t.Fatalf("%d of 3 signals arrived", len(got))
			}
			for _, attributes := range got {
				if name, _ := attributes.Get("service.name"); name.Str() != "shop" || attributes.AsRaw()["k8s.cluster.name"] != c.want {
					t.Errorf("resource is %v, want cluster %v", attributes.AsRaw(), c.want)
				}
			}
			count, lines := r.count(t, "otelcol_cluster_identity_corrected_resources"), r.logs.Len()
			if want := c.corrected; (count == 3) != want || (count == 0) == want || (lines > 0) != want {
				t.Errorf("%d counted and %d lines logged, want a correction: %v", count, lines, want)
			}
		})
	}
}

// Anyone with an authority can issue a certificate without a name, or send none to a port that does not require one.
func TestRequiredIdentity(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"no certificate": context.Background(), "no name": from(), "another name": from("site.example.com"), "a wildcard": from("*.regions.telepod"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, true)
			got, errs := r.sendAll(t, ctx, map[string]any{"k8s.cluster.name": "a"})
			if len(got) > 0 {
				t.Errorf("%d requests arrived", len(got))
			}
			for _, err := range errs {
				if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "CLUSTER.regions.telepod") {
					t.Errorf("error is %v, want PermissionDenied and the name that is missing", err)
				}
			}
			if n := r.count(t, "otelcol_cluster_identity_refused_requests"); n != 3 || r.logs.Len() == 0 {
				t.Errorf("%d refusals counted, %d lines logged", n, r.logs.Len())
			}
		})
	}
	r := newRig(t, true)
	if got, _ := r.sendAll(t, from("a.regions.telepod"), nil); len(got) != 3 {
		t.Errorf("%d of 3 signals with an identity arrived", len(got))
	}
}

func TestWarningsAreRateLimited(t *testing.T) {
	r := newRig(t, false)
	c, err := newCorrector(r.set, r.config)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		c.correct(context.Background(), pcommonMap("b"), []string{"a"})
	}
	if r.logs.Len() != 1 {
		t.Errorf("%d lines logged, want 1", r.logs.Len())
	}
}

func pcommonMap(cluster string) pcommon.Map {
	m := pcommon.NewMap()
	m.PutStr("k8s.cluster.name", cluster)
	return m
}

func TestDomain(t *testing.T) {
	for _, domain := range []string{"", ".regions.telepod", "regions.telepod."} {
		if err := (&Config{Domain: domain}).Validate(); err == nil {
			t.Errorf("domain %q is accepted", domain)
		}
	}
}
