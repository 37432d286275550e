package checks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/checks"
	"github.com/telepod/telepod/fleet/metrics"
)

// estate returns a primary, a backup and a region without a site. All regions reached the backup a minute ago.
func estate(t *testing.T) []checks.Snapshot {
	t.Helper()
	region := func(context string) checks.Snapshot {
		s := healthy(t)
		s.Context, s.Kubectl, s.Helm = context, "kubectl --context "+context, "helm --kube-context "+context
		for i := range s.Collectors.Value.Instances {
			s.Collectors.Value.Instances[i].Metrics = seesBackup(t, "1", now.Add(-time.Minute))
		}
		return s
	}
	list := []checks.Snapshot{region("us"), region("eu"), region("asia")}
	for i, name := range []string{"primary", "backup"} {
		list[i].Central.Value.Instances[0].Metrics = set(t, strings.Replace(siteMetrics, "} 3;", "} 0;", 1)+`; otelcol_exporter_sent_spans_total{exporter="spool/archive"} 5; otelcol_process_uptime_seconds_total{telepod_central_site="`+name+`"} 5`)
	}
	list[2].Central.Value = checks.Part{}
	return list
}

// seesBackup returns the metrics of a regional Collector for which the backup is up or down, and last answered at a time.
func seesBackup(t *testing.T, up string, last time.Time) metrics.Set {
	t.Helper()
	return set(t, regionMetrics+`; otelcol_exporter_failover_endpoint_up{signal="traces",endpoint="backup"} `+up+
		fmt.Sprintf(`; otelcol_exporter_failover_last_success_seconds{signal="traces",endpoint="backup"} %d`, last.Unix()))
}

// TestBackup changes one thing at a time: the line on the backup site names it.
func TestBackup(t *testing.T) {
	collectors := func(s *checks.Snapshot) []fleet.Instance { return s.Collectors.Value.Instances }
	site := func(s *checks.Snapshot) *fleet.Instance { return &s.Central.Value.Instances[0] }
	for _, test := range []struct {
		name   string
		change func(us, eu, asia *checks.Snapshot)
		status checks.Status
		seen   string
	}{
		{"able", func(_, _, _ *checks.Snapshot) {}, checks.OK, "the backup site can take over: 1 of 1 Collectors ready, fullest queue 0 %; reached from 3 of 3 regions; same chart, image, samplers and destinations as the primary"},
		{"in use", func(_, _, asia *checks.Snapshot) {
			for i := range collectors(asia) {
				collectors(asia)[i].Metrics = set(t, strings.ReplaceAll(strings.ReplaceAll(regionMetrics, "primary", "tertiary"), `endpoint="backup"} 0`, `endpoint="backup"} 1`)+`; otelcol_exporter_failover_endpoint_up{endpoint="backup"} 1`)
			}
		}, checks.OK, "the backup site is in use from 1 region: "},
		{"scaled to zero", func(_, eu, _ *checks.Snapshot) {
			eu.Central.Value.Workloads[0].Desired, eu.Central.Value.Workloads[0].Ready, eu.Central.Value.Instances = 0, 0, nil
		}, checks.Failed, "the backup site cannot take over: statefulset/telepod-central is scaled to zero"},
		{"its last pod ends", func(_, eu, _ *checks.Snapshot) { eu.Central.Value.Workloads[0].Desired = 0 }, checks.Failed, "the backup site cannot take over: statefulset/telepod-central is scaled to zero"},
		{"a region without Collectors", func(_, _, asia *checks.Snapshot) { asia.Collectors.Value.Instances = nil }, checks.OK, "reached from 2 of 3 regions; same chart, image, samplers and destinations as the primary; asia has no running Collector"},
		{"one of two", func(_, eu, _ *checks.Snapshot) { eu.Central.Value.Workloads[0].Desired = 2 }, checks.Warning, "statefulset/telepod-central has only 1 of 2 ready"},
		{"samplers not ready", func(us, eu, _ *checks.Snapshot) {
			us.Samplers.Value.Workloads = []checks.Workload{workload("StatefulSet", "telepod-sampler", 2)}
			eu.Samplers.Value.Workloads = []checks.Workload{workload("StatefulSet", "telepod-sampler", 2)}
			eu.Samplers.Value.Workloads[0].Ready = 0
		}, checks.Failed, "statefulset/telepod-sampler has 0 of 2 ready"},
		{"no samplers", func(us, _, _ *checks.Snapshot) {
			us.Samplers.Value.Workloads = []checks.Workload{workload("StatefulSet", "telepod-sampler", 2)}
		}, checks.Warning, "it has no samplers, but the primary has some"},
		{"a store refuses", func(_, eu, _ *checks.Snapshot) {
			site(eu).Metrics = set(t, siteMetrics+`; otelcol_process_uptime_seconds_total{telepod_central_site="backup"} 5`)
			site(eu).Twice, site(eu).Earlier = true, site(eu).Metrics
			site(eu).Log = `Exporting failed {"otelcol.component.id": "spool/archive", "error": "403 AccessDenied"}`
		}, checks.Failed, "the archive (S3) does not accept data: 403 AccessDenied"},
		{"a store is slow", func(_, eu, _ *checks.Snapshot) {
			site(eu).Metrics = set(t, siteMetrics+`; otelcol_process_uptime_seconds_total{telepod_central_site="backup"} 5`)
		}, checks.OK, "nothing has been delivered to the archive (S3) since its Collectors started; to prove it: telepod check --canary --site backup"},
		{"a full queue", func(_, eu, _ *checks.Snapshot) {
			site(eu).Metrics = set(t, strings.Replace(siteMetrics, "} 3;", "} 99;", 1)+`; otelcol_process_uptime_seconds_total{telepod_central_site="backup"} 5`)
		}, checks.Failed, "a queue is full"},
		{"an expired certificate", func(_, eu, _ *checks.Snapshot) { eu.Now = now.AddDate(2, 0, 0) }, checks.Failed, "a certificate has expired: /etc/telepod/tls/tls.crt"},
		{"not read", func(_, eu, _ *checks.Snapshot) {
			eu.Central.Value.Instances = append(eu.Central.Value.Instances, fleet.Instance{Pod: "s2", Ready: true, MetricsErr: errors.New("timeout")})
		}, checks.Unknown, "1 of its 2 Collectors could not be read"},
		{"unknown to a region", func(_, _, asia *checks.Snapshot) { collectors(asia)[1].Metrics = set(t, regionMetrics) }, checks.Failed, "1 of 2 Collectors of asia are not configured to use it"},
		{"not reached", func(_, _, asia *checks.Snapshot) { collectors(asia)[0].Metrics = seesBackup(t, "0", now) }, checks.Failed, "1 of 2 Collectors of asia cannot reach it"},
		{"a region that does not answer", func(_, _, asia *checks.Snapshot) { asia.Unreachable = errors.New("refused") }, checks.Unknown, "asia could not be read"},
		{"one of two Collectors unread", func(_, _, asia *checks.Snapshot) { collectors(asia)[0].MetricsErr = errors.New("timeout") }, checks.Unknown, "1 Collector of asia could not be read"},
		{"not tried lately", func(_, _, asia *checks.Snapshot) {
			collectors(asia)[0].Metrics = seesBackup(t, "1", now.Add(-time.Hour))
		}, checks.OK, "reached from 2 of 3 regions; same chart, image, samplers and destinations as the primary; not tried recently from asia; to prove it: telepod check --canary --site backup"},
		{"another chart", func(_, eu, _ *checks.Snapshot) { eu.Central.Value.Workloads[0].Chart = "telepod-0.0.9" }, checks.Warning, "statefulset/telepod-central has chart 0.0.9, the primary's has 0.1.0"},
		{"other destinations", func(us, _, _ *checks.Snapshot) {
			site(us).Metrics = set(t, siteMetrics+`; otelcol_exporter_queue_capacity{exporter="kafka",data_type="traces"} 9; otelcol_process_uptime_seconds_total{telepod_central_site="primary"} 5`)
		}, checks.Warning, "only the primary sends to kafka"},
		{"nothing sent", func(_, eu, _ *checks.Snapshot) {
			site(eu).Metrics = set(t, strings.Replace(siteMetrics, "} 3;", "} 0;", 1)+`; otelcol_process_uptime_seconds_total{telepod_central_site="backup"} 5`)
		}, checks.OK, "nothing has been delivered to the archive (S3) since its Collectors started; to prove it: telepod check --canary --site backup"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := estate(t)
			test.change(&list[0], &list[1], &list[2])
			lines := checks.Backup(list)
			if len(lines) != 1 || lines[0].Context != "eu" || lines[0].Status != test.status || !strings.Contains(lines[0].Seen, test.seen) {
				t.Fatalf("%+v\nwant %s: %s", lines, test.status, test.seen)
			}
			if (lines[0].Status == checks.Failed || lines[0].Status == checks.Warning) && !strings.Contains(lines[0].Repair, "--context") && !strings.Contains(lines[0].Repair, "helm ") {
				t.Errorf("repair %q", lines[0].Repair)
			}
		})
	}
}

// TestBackupOfPartOfAnEstate: without the backup's cluster, its state is unknown; without a backup, there is no line.
func TestBackupOfPartOfAnEstate(t *testing.T) {
	list := estate(t)
	lines := checks.Backup(list[2:])
	if len(lines) != 1 || lines[0].Status != checks.Skipped || !strings.Contains(lines[0].Seen, "add the context of its cluster to --contexts") {
		t.Errorf("only a region: %+v", lines)
	}
	lines = checks.Backup(list[1:2])
	if len(lines) != 1 || lines[0].Status != checks.OK || !strings.Contains(lines[0].Seen, "not compared with the primary") {
		t.Errorf("only the backup: %+v", lines)
	}
	if lines := checks.Backup([]checks.Snapshot{healthy(t), {Unreachable: errors.New("refused")}}); len(lines) != 0 {
		t.Errorf("an estate without backup: %+v", lines)
	}
}

// bothDown scales both sites to zero: only their configurations have their roles.
func bothDown(t *testing.T, roles ...string) []checks.Snapshot {
	t.Helper()
	list := estate(t)
	for i, role := range roles {
		list[i].Central.Value.Workloads[0].Desired, list[i].Central.Value.Workloads[0].Ready, list[i].Central.Value.Instances = 0, 0, nil
		list[i].Role = role
	}
	none := away("unreachable") + strings.ReplaceAll("; "+away("unreachable"), "primary", "backup")
	for i := range list {
		list[i].Collectors.Value.Instances = list[i].Collectors.Value.Instances[:1]
		list[i].Collectors.Value.Instances[0].Metrics = set(t, none)
	}
	return list
}

// TestBothSitesDown: the repair of each site is in its own cluster, and the backup was looked at.
func TestBothSitesDown(t *testing.T) {
	list := bothDown(t, "primary", "backup")
	lines := checks.Backup(list)
	if len(lines) != 1 || lines[0].Context != "eu" || lines[0].Status != checks.Failed || !strings.Contains(lines[0].Seen, "cannot take over: statefulset/telepod-central is scaled to zero") {
		t.Errorf("%+v", lines)
	}
	lines = nil
	for _, s := range list {
		lines = append(lines, checks.Fold(s.Lines())...)
	}
	found := 0
	for _, line := range checks.Across(lines) {
		site, own := "primary", "us"
		if strings.HasPrefix(line.Seen, "the backup site is not usable") {
			site, own = "backup", "eu"
		}
		if line.Code != "sites" || !strings.HasPrefix(line.Seen, "the "+site) {
			continue
		}
		found++
		if line.Context == own {
			if line.Because != "central" {
				t.Errorf("%+v, want it because of its own site", line)
			}
			continue
		}
		if want := "kubectl --context " + own + " -n telepod scale statefulset/telepod-central --replicas=1"; line.Because != "" || line.Repair != want ||
			!strings.Contains(line.Seen, "; in context "+own+": statefulset/telepod-central is scaled to zero") || strings.Count(line.Seen, "in context") != 1 {
			t.Errorf("%+v, want it repaired by %s", line, want)
		}
	}
	if found != 6 {
		t.Errorf("%d lines about sites, want one on each of two sites from three regions", found)
	}
	list = bothDown(t, "", "") // their configurations could not be read
	lines = checks.Backup(list)
	if len(lines) != 3 || lines[0].Status != checks.Unknown || !strings.HasSuffix(lines[0].Seen, "no Collector of the site in us or eu answers") {
		t.Errorf("%+v", lines)
	}
	for _, line := range checks.Across(checks.Fold(append(list[2].Lines(), append(list[0].Lines(), list[1].Lines()...)...))) {
		if line.Code == "sites" && strings.Contains(line.Seen, "in context") {
			t.Errorf("%+v, but which site is which is unknown", line)
		}
	}
}
