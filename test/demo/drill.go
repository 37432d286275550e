package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/drill"
	"github.com/telepod/telepod/test/clouds"
	"github.com/telepod/telepod/test/report"
)

// rehearse runs a drill, as a platform team would: a planned loss of the primary, with its own report.
func (t *story) rehearse(ctx context.Context) (string, func(), error) {
	if err := t.settle(ctx); err != nil {
		return "", nil, err
	}
	var contexts []string
	for _, s := range t.estate.Sites() {
		contexts = append(contexts, s.Place.Cluster)
	}
	file := filepath.Join(filepath.Dir(t.dashboards), "demo-drill")
	args := []string{"drill", "failover", "--contexts", strings.Join(contexts, ","), "--primary", contexts[0], "--backup", contexts[1],
		"--method", "scale", "--baseline", "3s", "--duration", "8s", "--bucket", clouds.Bucket}
	t.Command("telepod " + strings.Join(args, " "))
	// Durations only need to be below a minute, and duplicates are allowed: this machine may be busy.
	args = append(args, "--bucket-endpoint", t.estate.Stores.S3, "--max-failover", "1m", "--max-return", "1m",
		"--max-duplicated", "-1", "--operator", "demo", "--yes", "--report", file, "-o", "json")
	out, err := t.estate.Telepod(ctx, args...)
	if err != nil {
		return "", nil, err
	}
	var r drill.Report
	if err := json.Unmarshal(out, &r); err != nil {
		return "", nil, fmt.Errorf("read the drill's report: %w", err)
	}
	t.mark(report.Failure, "drill", r.Failed)
	t.mark(report.Return, "drill over", r.Ready)
	t.row("drill", string(r.Verdict), fmt.Sprintf("%d canaries accepted, %d lost, %d duplicated; %.1f s to fail over, %.1f s to return", r.Canaries.Accepted,
		r.Canaries.Lost, r.Canaries.Duplicated, r.Times.FailOver.Seconds(), r.Times.Return.Seconds()), r.Verdict == drill.Passed && r.Canaries.Accepted > 0)
	t.Note("The drill's report is in " + file + ".md and .json")
	return fmt.Sprintf("the primary scaled down and up again: %d canaries accepted, %d lost", r.Canaries.Accepted, r.Canaries.Lost), nil, nil
}
