package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/demo/screen"
	"github.com/telepod/telepod/test/install"
	"github.com/telepod/telepod/test/monitoring"
)

// stores checks the contents of Prometheus, S3 and Kafka. From here on the demo sends spans with sequence numbers. They
// have no cloud attributes, so the stored attributes come from the detectors.
func (t *story) stores(ctx context.Context) (string, func(), error) {
	var err error
	if t.load, err = t.estate.SendLoad(loadRate); err != nil {
		return "", nil, err
	}
	t.watch = t.estate.Watch()
	if err := t.admit(ctx); err != nil {
		return "", nil, err
	}
	rules, err := monitoring.RuleFiles(ctx)
	if err != nil {
		return "", nil, err
	}
	if err := t.estate.LoadRules(ctx, rules); err != nil {
		return "", nil, err
	}
	table := screen.Table{}
	if err := t.red(ctx, &table); err != nil {
		return "", nil, err
	}
	folders, err := t.folders(ctx)
	if err != nil {
		return "", nil, err
	}
	if err := await.Success(ctx, patience, func(ctx context.Context) error {
		sampled, err := t.estate.Sampled(ctx, t.load)
		if err == nil && sampled == 0 {
			err = errNoData
		}
		return err
	}); err != nil {
		return "", nil, fmt.Errorf("find sampled traces in Kafka: %w", err)
	}
	return "Prometheus has rate, errors and duration by cloud; S3 has all spans, Kafka the sampled traces", func() {
		t.Table(table)
		t.Line("")
		for _, folder := range folders {
			t.Note("s3://" + clouds.Bucket + "/" + folder)
		}
	}, nil
}

// admit admits a pod in every cluster, as a dry run, so the injectors' metrics have data.
func (t *story) admit(ctx context.Context) error {
	for _, site := range t.estate.Sites() {
		if err := install.Injecting(ctx, site.Cluster); err != nil {
			return err
		}
	}
	return nil
}

// red waits for rate, errors and duration of every cloud.
func (t *story) red(ctx context.Context, table *screen.Table) error {
	queries := [][2]string{
		{"spans/s", `sum by (cloud_provider, cloud_region) (rate(traces_span_metrics_calls_total{service_name=~"order|product|payment"}[30s]))`},
		{"errors/s", `sum by (cloud_provider, cloud_region) (rate(traces_span_metrics_calls_total{service_name=~"order|product|payment",status_code="STATUS_CODE_ERROR"}[2m]) or 0 * rate(traces_span_metrics_calls_total{service_name=~"order|product|payment"}[2m]))`},
		{"p95 s", `histogram_quantile(0.95, sum by (le, cloud_provider, cloud_region) (rate(traces_span_metrics_duration_seconds_bucket{service_name=~"order|product|payment"}[1m])))`},
	}
	for _, site := range t.estate.Sites() {
		table.Head = append(table.Head, site.Cloud+", "+site.Region)
	}
	for _, q := range queries {
		var cells []string
		err := await.Success(ctx, patience, func(ctx context.Context) error {
			series, err := t.estate.Stores.Query(ctx, q[1])
			if err != nil {
				return err
			}
			cells = nil
			for _, site := range t.estate.Sites() {
				i := slices.IndexFunc(series, func(s clouds.Series) bool {
					return s.Labels["cloud_provider"] == site.Cloud && s.Labels["cloud_region"] == site.Region
				})
				if i < 0 || series[i].Value == "NaN" { // no spans in the window
					return fmt.Errorf("%s of %s: %w", q[0], site.Cloud, errNoData)
				}
				value, err := strconv.ParseFloat(series[i].Value, 64)
				if err != nil {
					return err
				}
				cells = append(cells, strconv.FormatFloat(value, 'f', 2, 64))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("query Prometheus: %w", err)
		}
		table.Add(q[0], cells...)
	}
	t.row("Prometheus: rate, errors, duration", "3 clouds, 3 regions", "from all spans, before sampling", true)
	return nil
}

// object matches the archive's object keys.
var object = regexp.MustCompile(`^(traces|logs)/([a-z]+)/([a-z0-9-]+)/year=\d{4}/month=\d\d/day=\d\d/hour=\d\d/minute=\d\d/`)

// folders waits until the archive has traces of every region, and returns one key of each.
func (t *story) folders(ctx context.Context) (found []string, err error) {
	err = await.Success(ctx, patience, func(ctx context.Context) error {
		keys, err := t.estate.Stores.Keys(ctx)
		if err != nil {
			return err
		}
		found = nil
		for _, site := range t.estate.Sites() {
			prefix := "traces/" + site.Cloud + "/" + site.Region + "/"
			i := slices.IndexFunc(keys, func(key string) bool { return strings.HasPrefix(key, prefix) })
			if i < 0 {
				return fmt.Errorf("below %s: %w", prefix, errNoData)
			}
			found = append(found, keys[i])
		}
		for _, key := range keys {
			if !object.MatchString(key) || strings.Contains(key, "/unknown/") {
				return fmt.Errorf("the archive has an object %s, whose key does not consist of cloud, region and time", key)
			}
		}
		return nil
	})
	if err == nil {
		t.row("S3: archive by cloud, region and time", fmt.Sprintf("%d regions", len(found)), "also for spans without cloud attributes", true)
	}
	return found, err
}

// secrets searches all stores for the secrets that the shop wrote into its telemetry.
func (t *story) secrets(ctx context.Context) error {
	written, err := t.estate.Primary().Kubectl(ctx, "--namespace=shop", "logs", "deployment/order", "--tail=-1")
	if err != nil {
		return err
	}
	t.row("secrets written by order", fmt.Sprint(strings.Count(written, secret)), "to its log, and the same number to its telemetry", strings.Contains(written, secret))
	seen, err := t.estate.Stores.Seen(ctx)
	if err != nil {
		return err
	}
	for _, store := range []string{"s3", "kafka"} {
		what := seen[store]
		t.row("secrets in "+store, fmt.Sprintf("%d of %d", what.With, what.Of), "objects or records", what.With == 0 && what.Of > 0)
	}
	traces, err := t.estate.Stores.Traces(ctx, "order")
	if err != nil {
		return err
	}
	defer traces.Close()
	text, err := io.ReadAll(traces)
	if err != nil {
		return err
	}
	t.row("secrets in Jaeger", fmt.Sprint(bytes.Count(text, []byte(secret))), fmt.Sprintf("in %d kB of traces", len(text)>>10), !bytes.Contains(text, []byte(secret)) && len(text) > 1000)
	lines, err := t.estate.Stores.FindLogs(ctx, "*")
	if err != nil {
		return err
	}
	leaked := 0
	for _, line := range lines {
		for _, value := range line {
			leaked += strings.Count(value, secret)
		}
	}
	t.row("secrets in VictoriaLogs", fmt.Sprint(leaked), fmt.Sprintf("in %d log records", len(lines)), leaked == 0 && len(lines) > 0)
	found := 0
	for _, site := range t.estate.Sites() {
		logs, err := site.Kubectl(ctx, "--namespace=telepod", "logs", "--selector=app.kubernetes.io/name=telepod", "--tail=-1", "--ignore-errors", "--max-log-requests=20", "--all-containers")
		if err != nil {
			return err
		}
		found += strings.Count(logs, secret)
	}
	t.row("secrets in logs", fmt.Sprint(found), "of injectors and Collectors", found == 0)
	return nil
}
