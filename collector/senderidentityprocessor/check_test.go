package senderidentityprocessor

import (
	"context"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	fcache "k8s.io/client-go/tools/cache/testing"
)

// newPod returns a running pod. Its UID is its name with "-uid", and it was created at that minute.
func newPod(namespace, name, address string, minute int) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(name + "-uid"),
			CreationTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)),
		},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	if address != "" {
		pod.Status.PodIPs = []corev1.PodIP{{IP: address}}
	}
	return pod
}

// watched starts a watch with these pods.
func watched(t *testing.T, pods ...*corev1.Pod) *podWatch {
	t.Helper()
	source := fcache.NewFakeControllerSource()
	for _, pod := range pods {
		source.Add(pod)
	}
	watch, err := watchPods(source)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	go watch.run(stop)
	if !cache.WaitForCacheSync(stop, watch.informer.HasSynced) {
		t.Fatal("the watch did not start")
	}
	return watch
}

func TestSenderOf(t *testing.T) {
	ended := newPod("shop", "ended", "10.0.0.9", 1)
	ended.Status.Phase = corev1.PodSucceeded
	onHost := newPod("shop", "on-host", "192.168.0.1", 1)
	onHost.Spec.HostNetwork = true
	pods := watched(t,
		newPod("shop", "web", "10.0.0.1", 1),
		newPod("shop", "old", "10.0.0.2", 1), newPod("bank", "new", "10.0.0.2", 2), // a reused address
		newPod("bank", "starting", "", 3), newPod("bank", "six", "fd00::1", 1), ended, onHost)
	for name, tc := range map[string]struct {
		address string
		claims  map[string]string
		want    string
	}{
		"true":                         {"10.0.0.1", map[string]string{namespaceKey: "shop", nameKey: "web", uidKey: "web-uid"}, ""},
		"true and incomplete":          {"10.0.0.1", map[string]string{namespaceKey: "shop"}, ""},
		"no claims":                    {"10.0.0.1", nil, ""},
		"another namespace":            {"10.0.0.1", map[string]string{namespaceKey: "bank"}, "web"},
		"another name":                 {"10.0.0.1", map[string]string{namespaceKey: "shop", nameKey: "new"}, "web"},
		"another UID":                  {"10.0.0.1", map[string]string{uidKey: "new-uid"}, "web"},
		"another address":              {"10.0.0.1", map[string]string{addressKey: "10.0.0.2"}, "web"},
		"its own address":              {"10.0.0.1", map[string]string{addressKey: "10.0.0.1"}, ""},
		"IPv6":                         {"fd00::1", map[string]string{nameKey: "web"}, "six"},
		"true, with a reused address":  {"10.0.0.2", map[string]string{namespaceKey: "bank", nameKey: "new", uidKey: "new-uid"}, ""},
		"true for the previous pod":    {"10.0.0.2", map[string]string{nameKey: "old"}, ""},
		"false, with a reused address": {"10.0.0.2", map[string]string{nameKey: "web"}, "new"},
		"a pod that starts":            {"10.0.0.2", map[string]string{namespaceKey: "bank", nameKey: "starting", uidKey: "starting-uid"}, ""},
		"an unknown address":           {"10.0.0.77", map[string]string{nameKey: "web"}, ""},
		"the address of an ended pod":  {"10.0.0.9", map[string]string{nameKey: "web"}, ""},
		"the address of the node":      {"192.168.0.1", map[string]string{nameKey: "web"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if pod := senderOf(pods, tc.address, tc.claims); pod != nil {
				got = pod.Name
			}
			if got != tc.want {
				t.Errorf("the sender is %q, want %q", got, tc.want)
			}
		})
	}
}

// All signals share one watch, and each is checked.
func TestProcessor(t *testing.T) {
	lie := map[string]any{namespaceKey: "bank", nameKey: "vault", "service.name": "web", senderPrefix + nameKey: "innocent", claimedPrefix + nameKey: "x"}
	stripped := map[string]any{namespaceKey: "bank", nameKey: "vault", "service.name": "web"}
	reported := with(stripped, map[string]any{senderPrefix + namespaceKey: "shop", senderPrefix + nameKey: "web"})
	enforced := map[string]any{
		namespaceKey: "shop", nameKey: "web", uidKey: "web-uid", "service.name": "web",
		claimedPrefix + namespaceKey: "bank", claimedPrefix + nameKey: "vault",
	}
	for name, tc := range map[string]struct {
		config  Config
		address string
		want    map[string]any
		counted int64
	}{
		"report":                  {Config{AuthType: AuthServiceAccount, Action: ActionReport}, "10.0.0.1", reported, 3},
		"enforce":                 {Config{AuthType: AuthServiceAccount, Action: ActionEnforce}, "10.0.0.1", enforced, 3},
		"enforce, trusted":        {Config{AuthType: AuthServiceAccount, Action: ActionEnforce, TrustedNamespaces: []string{"shop"}}, "10.0.0.1", stripped, 0},
		"enforce, unknown sender": {Config{AuthType: AuthServiceAccount, Action: ActionEnforce}, "10.9.9.9", stripped, 0},
		"no connection":           {Config{AuthType: AuthServiceAccount, Action: ActionEnforce}, "", stripped, 0},
		"check disabled":          {Config{AuthType: AuthNone, Action: ActionEnforce}, "10.0.0.1", stripped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, counted, watches := processAll(t, tc.config, tc.address, lie, newPod("shop", "web", "10.0.0.1", 1))
			for i, resource := range got {
				if diff := cmp.Diff(tc.want, resource); diff != "" {
					t.Errorf("signal %d (-want +got):\n%s", i, diff)
				}
			}
			if counted != tc.counted {
				t.Errorf("counted %d mismatches, want %d", counted, tc.counted)
			}
			if want := map[bool]int{true: 0, false: 1}[tc.config.AuthType == AuthNone]; watches != want {
				t.Errorf("%d watches, want %d", watches, want)
			}
		})
	}
}

// An address identifies a pod, too: k8s_attributes would add that pod's names.
func TestAddressOfAnotherPod(t *testing.T) {
	got, counted, _ := processAll(t, Config{AuthType: AuthServiceAccount, Action: ActionEnforce}, "10.0.0.1",
		map[string]any{addressKey: "10.0.0.2"}, newPod("shop", "web", "10.0.0.1", 1), newPod("bank", "vault", "10.0.0.2", 1))
	want := map[string]any{namespaceKey: "shop", nameKey: "web", uidKey: "web-uid", addressKey: "10.0.0.1", claimedPrefix + addressKey: "10.0.0.2"}
	if diff := cmp.Diff(want, got[0]); diff != "" || counted != 3 {
		t.Errorf("counted %d, want 3 (-want +got):\n%s", counted, diff)
	}
}

func with(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// processAll sends a resource as each signal, and returns what came out, the mismatches counted, and the watches made.
func processAll(t *testing.T, config Config, address string, resource map[string]any, pods ...*corev1.Pod) (got []map[string]any, counted int64, watches int) {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { _ = telemetry.Shutdown(context.Background()) })
	set := processortest.NewNopSettings(NewFactory().Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	s := &shared{checkers: map[*Config]*checker{}}
	c, _, err := s.checker(set, &config)
	if err != nil {
		t.Fatal(err)
	}
	c.connect = func(*Config) (*podWatch, error) {
		watches++
		source := fcache.NewFakeControllerSource()
		for _, pod := range pods {
			source.Add(pod)
		}
		return watchPods(source)
	}
	ctx := t.Context()
	if address != "" {
		ctx = client.NewContext(ctx, client.Info{Addr: &net.TCPAddr{IP: net.ParseIP(address), Port: 1234}})
	}
	traces, metrics, logs := new(consumertest.TracesSink), new(consumertest.MetricsSink), new(consumertest.LogsSink)
	tp, err1 := s.traces(ctx, set, &config, traces)
	mp, err2 := s.metrics(ctx, set, &config, metrics)
	lp, err3 := s.logs(ctx, set, &config, logs)
	for _, err := range []error{err1, err2, err3, tp.Start(ctx, nil), mp.Start(ctx, nil), lp.Start(ctx, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if watch, ok := c.pods.(*podWatch); ok && !cache.WaitForCacheSync(t.Context().Done(), watch.informer.HasSynced) {
		t.Fatal("the watch did not start")
	}
	td, md, ld := ptrace.NewTraces(), pmetric.NewMetrics(), plog.NewLogs()
	for _, attributes := range []pcommon.Map{
		td.ResourceSpans().AppendEmpty().Resource().Attributes(),
		md.ResourceMetrics().AppendEmpty().Resource().Attributes(),
		ld.ResourceLogs().AppendEmpty().Resource().Attributes(),
	} {
		if err := attributes.FromRaw(resource); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{tp.ConsumeTraces(ctx, td), mp.ConsumeMetrics(ctx, md), lp.ConsumeLogs(ctx, ld), tp.Shutdown(ctx), mp.Shutdown(ctx), lp.Shutdown(ctx)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got = append(got, traces.AllTraces()[0].ResourceSpans().At(0).Resource().Attributes().AsRaw(),
		metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw(),
		logs.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes().AsRaw())
	if m, err := telemetry.GetMetric("otelcol_sender_identity_mismatched_resources"); err == nil {
		for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
			counted += point.Value
		}
	}
	return got, counted, watches
}

func TestConfigIsChecked(t *testing.T) {
	for _, config := range []*Config{{AuthType: "kubeconfig", Action: ActionReport}, {AuthType: AuthNone, Action: "replace"}} {
		if config.Validate() == nil {
			t.Errorf("%+v is accepted", config)
		}
	}
}
