package status_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/cost"
	"github.com/telepod/telepod/fleet/status"
)

func TestRowOfAHealthyCluster(t *testing.T) {
	got := status.RowOf(healthy(t), now)
	rate, none := 200.0, 0.0
	want := status.Row{
		Context: "eks-use1", Place: status.Place{Cluster: "prod-use1", Cloud: "aws", Region: "us-east-1"},
		Injector: &status.Replicas{Ready: 2, Wanted: 2}, Collectors: &status.Replicas{Ready: 2, Wanted: 2},
		Pods:    &status.Pods{Injected: 412, OptedIn: 412},
		Central: &status.Central{Name: "primary", Replicas: status.Replicas{Ready: 1, Wanted: 1}},
		Traffic: &status.Traffic{
			Answered: 2, Ready: 2,
			Site:  &status.Use{Name: "primary", Collectors: 2, Since: now.Add(-time.Hour)},
			Sites: []status.Site{{Name: "primary", Using: 2, Up: true, SpansPerSecond: &rate}, {Name: "backup", Up: true, SpansPerSecond: &none}},
			Queue: &status.Queue{Bytes: 2000, Fullest: 0.002}, SpansPerSecond: &rate, Seconds: 2,
		},
		Certificate: &status.Certificate{Expires: now.Add(60 * 24 * time.Hour), Of: "/tls/tls.crt"},
		Month:       &cost.Month{Dollars: 1234.5},
		Losses:      &status.Losses{Text: "the counters show no data refused, rejected or dropped since the Collectors started (the last one 5s ago)"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestProblems breaks one thing at a time: only that is reported.
func TestProblems(t *testing.T) {
	failed := errors.New("forbidden")
	collectors := func(list ...collector) func(*status.Reading) {
		return func(r *status.Reading) {
			r.Earlier, r.Later = scrape(t, now.Add(-time.Second), 0, list...), scrape(t, now, 10, list...)
		}
	}
	good := collector{site: "primary", since: time.Hour}
	for _, test := range []struct {
		name   string
		change func(*status.Reading)
		want   []status.Problem
	}{
		{"nothing", func(*status.Reading) {}, nil},
		{"not reachable", func(r *status.Reading) { r.Err = errors.New("dial tcp: refused\x1b[2J") },
			[]status.Problem{{Severe: true, Text: `not read: "dial tcp: refused\x1b[2J"`}}},
		{"one injector of two", func(r *status.Reading) { r.Injector = workloads(1, 2) }, []status.Problem{{Text: "injector: 1 of 2 ready"}}},
		{"no injector is ready", func(r *status.Reading) { r.Injector = workloads(0, 2) }, []status.Problem{{Severe: true, Text: "injector: 0 of 2 ready"}}},
		{"injector scaled to zero", func(r *status.Reading) { r.Injector = workloads(0, 0) }, []status.Problem{{Severe: true, Text: "injector: deployment/w is scaled to zero"}}},
		{"no injector here", func(r *status.Reading) { r.Injector.Value = nil; r.Pods.Err = failed }, nil},
		{"nothing here", func(r *status.Reading) { *r = status.Reading{Context: "a"} },
			[]status.Problem{{Severe: true, Text: "the release has neither injector nor Collectors here: check --release and --telepod-namespace"}}},
		{"no regional Collectors", func(r *status.Reading) {
			r.Collectors.Value = nil
			r.Earlier, r.Later = status.Scrape{}, status.Scrape{}
		}, nil},
		{"a Collector missing", func(r *status.Reading) { r.Collectors = workloads(1, 2) }, []status.Problem{{Text: "regional Collectors: 1 of 2 ready"}}},
		{"site down", func(r *status.Reading) { r.Central = workloads(0, 1) }, []status.Problem{{Severe: true, Text: "primary site: 0 of 1 ready"}}},
		{"no central site here", func(r *status.Reading) { r.Central.Value = nil; r.Sites.Value = nil }, nil},
		{"pods", func(r *status.Reading) {
			r.Pods.Value = status.Pods{OptedIn: 3, Injected: 1, Bare: 1, Stale: 2, Refused: 1}
		},
			[]status.Problem{{Text: "1 pod refused"}, {Text: "1 pod bare"}, {Text: "2 pods stale"}}},
		{"a namespace with another value of the label", func(r *status.Reading) {
			r.Pods.Value = status.Pods{Injected: 9, OptedIn: 2, NotOptedIn: 7, Labels: map[string]string{"jobs": "Enabled\x1b[2J"}}
		},
			[]status.Problem{{Severe: true, Text: `namespace jobs has the label telepod.dev/injection: "Enabled\x1b[2J", which is not a valid value: use enabled or disabled`}}},
		{"a namespace without the label", func(r *status.Reading) { r.Pods.Value.Unlabelled = map[string]int{"jobs": 1} },
			[]status.Problem{{Severe: true, Text: "namespace jobs has 1 injected pod and no label telepod.dev/injection: new pods start bare"}}},
		{"nodes without a Collector", func(r *status.Reading) {
			r.Collectors.Value[0].Kind, r.Later.Collectors[0].Node = "DaemonSet", "n1"
			r.Pods.Value.ToNode = map[string]int{"n1": 8, "n2": 1}
			for i := range 6 {
				r.Pods.Value.ToNode[fmt.Sprint("o", i)] = 2
			}
		}, []status.Problem{{Severe: true, Text: "node n2 has no Collector, and 1 of its pods sends to one: 'telepod check' shows why"},
			{Severe: true, Text: "node o0 has no Collector, and 2 of its pods send to one: 'telepod check' shows why"},
			{Severe: true, Text: "node o1 has no Collector, and 2 of its pods send to one: 'telepod check' shows why"},
			{Severe: true, Text: "node o2 has no Collector, and 2 of its pods send to one: 'telepod check' shows why"},
			{Severe: true, Text: "node o3 has no Collector, and 2 of its pods send to one: 'telepod check' shows why"},
			{Severe: true, Text: "2 more nodes have no Collector for their pods"}}},
		{"a Collector that is about to start", func(r *status.Reading) {
			r.Collectors = workloads(2, 3)
			r.Collectors.Value[0].Kind, r.Pods.Value.ToNode = "DaemonSet", map[string]int{"n2": 1}
		}, []status.Problem{{Text: "regional Collectors: 2 of 3 ready"}, {Text: "node n2 has no Collector, and 1 of its pods sends to one: 'telepod check' shows why"}}},
		{"pods not read", func(r *status.Reading) { r.Pods.Err = failed }, []status.Problem{{Text: "pods: unknown: forbidden"}}},
		{"cost not read", func(r *status.Reading) { r.Months.Err = failed }, []status.Problem{{Text: "cost: unknown: forbidden"}}},
		{"certificate soon", func(r *status.Reading) { r.Injectors = injector(t, 24*time.Hour) }, []status.Problem{{Text: "certificate of injector expires 2026-11-27 12:00Z"}}},
		{"certificate expired", func(r *status.Reading) { r.Injectors = injector(t, -time.Hour) }, []status.Problem{{Severe: true, Text: "certificate of injector expired 2026-11-26 11:00Z"}}},
		{"a queue", collectors(collector{site: "primary", queue: 600_000}, good), []status.Problem{{Severe: true, Text: "a queue is 60 % full"}}},
		{"on the backup", collectors(collector{site: "backup", switched: true}, collector{site: "backup", switched: true}, good), []status.Problem{{Text: "sends to the backup site"}}},
		{"backup down", collectors(collector{site: "primary", down: "backup"}, collector{site: "primary", down: "backup"}, good),
			[]status.Problem{{Severe: true, Text: "backup site: not reachable from 2 Collectors"}}},
		{"no site accepts", collectors(collector{down: "all", since: 30 * time.Second}, collector{down: "all", since: time.Minute}), []status.Problem{
			{Severe: true, Text: "no site accepts logs, traces from 2 of 2 Collectors: data waits on disk since 2026-11-26 11:59:00Z"},
			{Severe: true, Text: "primary site: not reachable from 2 Collectors"}, {Severe: true, Text: "backup site: not reachable from 2 Collectors"}}},
		{"site scaled to zero", func(r *status.Reading) {
			r.Central.Value = []checks.Workload{{Kind: "StatefulSet", Name: "telepod-central", Scaled: checks.Change{Manager: "kubectl", At: now, Exactly: true}}}
			r.Sites.Value, r.Role, r.Kubectl, r.Namespace = nil, "primary", "kubectl --context a", "telepod"
		}, []status.Problem{{Severe: true, Text: "primary site: statefulset/telepod-central is scaled to zero (changed by kubectl at 2026-11-26 12:00:00Z)", Repair: "kubectl --context a -n telepod scale statefulset/telepod-central --replicas=1"}}},
		{"no node for Collectors", func(r *status.Reading) {
			r.Collectors.Value = []checks.Workload{{Kind: "DaemonSet", Name: "c", Selected: checks.Change{Manager: "kubectl-patch", At: now}}}
		}, []status.Problem{{Severe: true, Text: "regional Collectors: daemonset/c runs on no node: its nodeSelector was changed by kubectl-patch at 2026-11-26 12:00:00Z or earlier"}}},
		{"a Collector does not answer", collectors(collector{silent: true}, good), []status.Problem{{Text: "metrics of 1 regional Collector: unknown: pod collector-0: no answer"}}},
		{"no Collector answers", collectors(collector{silent: true}), []status.Problem{{Text: "metrics of 1 regional Collector: unknown: pod collector-0: no answer"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			reading := healthy(t)
			test.change(&reading)
			got := status.RowOf(reading, now)
			if diff := cmp.Diff(test.want, got.Problems); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAgeOfTheQueue: a rate over a few seconds is too uncertain to estimate the age of waiting data from.
func TestAgeOfTheQueue(t *testing.T) {
	for seconds, want := range map[int]string{2: "empty", 18: "0 % (2 kB)", 60: "0 % (2 kB, 1s of data)"} {
		reading := healthy(t)
		c := collector{site: "primary", received: 1000, queue: 2000}
		if want == "empty" {
			c.queue = 0
		}
		reading.Earlier, reading.Later = scrape(t, now.Add(-time.Duration(seconds)*time.Second), 0, c), scrape(t, now, 200, c)
		if got := status.RowOf(reading, now).Traffic.Queue.String(); got != want {
			t.Errorf("over %d s: %q, want %q", seconds, got, want)
		}
	}
}

// TestBackup: the row of the backup's cluster has its state, and a problem only if it may be unable to take over.
func TestBackup(t *testing.T) {
	all := estate(t)
	if row := status.Rows(all[:2], now)[1]; row.Backup == nil || row.Backup.Status != checks.OK || !strings.HasPrefix(row.Backup.Text, "the backup site is in use from 1 region: ") {
		t.Errorf("in use: %+v", row.Backup)
	}
	all[1].Later = all[0].Later
	if row := status.Rows(all, now)[1]; row.Backup == nil || row.Backup.Status != checks.Unknown ||
		!slices.Contains(row.Problems, status.Problem{Text: "whether the backup site can take over is unknown: aks-eastasia could not be read"}) {
		t.Errorf("with a cluster that does not answer: %+v, %+v", row.Backup, row.Problems)
	}
	all[1].Central = workloads(0, 2)
	rows := status.Rows(all[:2], now)
	if row := rows[1]; row.Backup == nil || row.Backup.Status != checks.Failed || !strings.Contains(row.Backup.Text, "cannot take over: deployment/w has 0 of 2 ready") {
		t.Errorf("not ready: %+v", row.Backup)
	}
	if rows[0].Backup != nil {
		t.Errorf("the primary's row: %+v", rows[0].Backup)
	}
	rows = status.Rows(all[:1], now)
	if row := rows[0]; row.Backup == nil || row.Backup.Status != checks.Skipped || len(row.Problems) != 0 {
		t.Errorf("only the primary's cluster: %+v, %+v", row.Backup, row.Problems)
	}
	if got := page(t, rows); !strings.Contains(got, "the backup site was not checked") {
		t.Errorf("the page has no sentence on the backup:\n%s", got)
	}
}

// TestTraffic: differences between Collectors, and between two readings.
func TestTraffic(t *testing.T) {
	reading := healthy(t)
	a, b := collector{site: "backup", since: time.Minute, switched: true, received: 500}, collector{site: "primary", since: time.Hour, received: 5}
	reading.Earlier, reading.Later = scrape(t, now.Add(-2*time.Second), 0, a, b), scrape(t, now, 100, a, b, collector{silent: true})
	got := status.RowOf(reading, now).Traffic
	if got.Using() != "primary (1 of 2)" || !got.Site.Since.Equal(now.Add(-time.Hour)) || got.LastSwitch == nil || !got.LastSwitch.Equal(now.Add(-time.Minute)) {
		t.Errorf("site %q, since %v, last switch %v", got.Using(), got.Site.Since, got.LastSwitch)
	}
	if got.Spans() != "≥ 100" || got.Answered != 2 || got.Ready != 3 {
		t.Errorf("%q spans/s of %d of %d Collectors", got.Spans(), got.Answered, got.Ready)
	}
	// A restarted Collector counts from zero.
	reading.Later = scrape(t, now, -450, a)
	if got := status.RowOf(reading, now).Traffic; *got.SpansPerSecond != 25 {
		t.Errorf("%v spans/s after a restart, want 25", *got.SpansPerSecond)
	}
	// One reading gives no rates.
	reading.Earlier = status.Scrape{}
	if got := status.RowOf(reading, now).Traffic; got.SpansPerSecond != nil || got.Spans() != "" || got.Queue.Seconds != nil || got.Sites[0].SpansPerSecond != nil {
		t.Errorf("rates from one reading: %+v", got)
	}
	// A signal without traffic stays on the primary, and does not count.
	set := `otelcol_exporter_failover_active{signal="logs",endpoint="backup"} 1
otelcol_exporter_failover_active{signal="traces",endpoint="primary"} 1
otelcol_exporter_failover_endpoint_up{signal="logs",endpoint="backup"} 1
otelcol_exporter_failover_endpoint_up{signal="logs",endpoint="primary"} 0
`
	reading.Later = status.Scrape{At: now, Collectors: []fleet.Instance{{Pod: "c", Ready: true, Metrics: read(t, set)}}}
	if got := status.RowOf(reading, now).Traffic; got.Using() != "backup" {
		t.Errorf("site %q, want backup", got.Using())
	}
	reading.Later = scrape(t, now, 0, collector{down: "all", since: time.Minute})
	if got := status.RowOf(reading, now).Traffic; got.Using() != "none" || got.Site != nil || got.Waiting == nil {
		t.Errorf("site %q, want none", got.Using())
	}
	reading.Later.Collectors[0].Metrics = read(t, "something_else 1\n")
	if got := status.RowOf(reading, now).Traffic; got.Using() != "" || got.Queue != nil || len(got.Sites) != 0 {
		t.Errorf("from metrics of another program: %+v", got)
	}
}

func TestPods(t *testing.T) {
	version := &fleet.Version{Profile: "aws", Hash: "0"}
	var got status.Pods
	for _, f := range []fleet.Finding{
		{State: fleet.Current, Has: version, Would: version}, {State: fleet.Current, Has: version}, {State: fleet.Stale, Would: version},
		{State: fleet.Bare, Would: version}, {State: fleet.Refused}, {State: fleet.Refused, Has: version}, {State: fleet.Outside},
	} {
		got.Add(f)
	}
	if want := (status.Pods{Injected: 4, OptedIn: 5, Bare: 1, Stale: 1, Refused: 2, NotOptedIn: 1}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got.String() != "3 of 5, 2 refused, 1 bare, 1 stale, 1 not opted in" {
		t.Error(got.String())
	}
}

// TestOtherInjectors: they are listed, also on the page, and are not a problem.
func TestOtherInjectors(t *testing.T) {
	reading := healthy(t)
	reading.Pods.Value.Add(fleet.Finding{State: fleet.Current, Others: []string{"Datadog"}})
	row := status.RowOf(reading, now)
	const want = "other telemetry injectors: Datadog (pods: 1): their settings win, and Telepod sets the rest"
	if notes := row.Notes(); len(notes) != 2 || notes[1] != (status.Note{Status: checks.OK, Text: want}) || len(row.Problems) != 0 {
		t.Errorf("notes %+v, problems %+v", notes, row.Problems)
	}
	if got := page(t, []status.Row{row}); !strings.Contains(got, want) {
		t.Errorf("the page does not name them:\n%s", got)
	}
}

func TestNumbers(t *testing.T) {
	half := 0.5
	for _, c := range []struct{ got, want string }{
		{status.Number(0), "0"}, {status.Number(2.55), "2.5"}, {status.Number(12.4), "12"}, {status.Number(1234567), "1,234,567"},
		{status.Bytes(0), "0 B"}, {status.Bytes(1234), "1.2 kB"}, {status.Bytes(2e6), "2 MB"}, {status.Bytes(3.4e13), "34.0 TB"},
		{status.Dollars(0.126), "$0.13"}, {status.Dollars(12345), "$12,345"},
		{status.Money(&cost.Month{Dollars: 1, Measured: &half}), "$1.00 (50 % measured)"}, {status.Money(&cost.Month{Dollars: 1}), "$1.00"}, {status.Money(nil), ""},
		{status.Certificate{Expires: now.Add(48 * time.Hour)}.Left(now), "2d"}, {status.Certificate{Expires: now}.Left(now), "expired"},
		{status.Queue{}.String(), "empty"}, {status.Text((*status.Pods)(nil)), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
