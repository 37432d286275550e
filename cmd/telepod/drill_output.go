//go:build !injector

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/drill"
)

// drillScreen prints what a drill is about to do, and its progress.
type drillScreen struct{ out io.Writer }

// plan shows what the drill would do. It also checks the preconditions, so a dry run reports what would prevent the drill.
func (s drillScreen) plan(ctx context.Context, plan drill.Plan, target drill.Estate) error {
	s.title(plan, target.Facts)
	for _, region := range target.Regions {
		collectors, err := region.Collectors(ctx)
		if err != nil {
			return interruptedBeforeDrill(ctx, err)
		}
		s.watched(region.Name(), collectors)
	}
	if plan.Method == drill.Observe {
		fmt.Fprintf(s.out, "  for %v\n", plan.Duration)
		return nil
	}
	if err := target.Able(ctx); err != nil {
		return interruptedBeforeDrill(ctx, err)
	}
	s.able(plan)
	if target.Archive == nil {
		fmt.Fprintln(s.out, "  no --bucket: losses cannot be counted")
	}
	return nil
}

func (s drillScreen) title(plan drill.Plan, facts drill.Facts) {
	fmt.Fprintf(s.out, "drill %s: %s\n", plan.ID, plan.Method.Text())
	for _, cluster := range facts.Clusters {
		fmt.Fprintf(s.out, "  %-24s %s, Kubernetes %s, as %s\n", cluster.Name, strings.Join(cluster.Roles, " and "), cluster.Kubernetes, cluster.User)
	}
}

func (s drillScreen) watched(region string, collectors []string) {
	fmt.Fprintf(s.out, "  %-24s watch %s\n", region, orDash(strings.Join(collectors, ", ")))
}

func (s drillScreen) able(plan drill.Plan) {
	fmt.Fprintf(s.out, "  the backup is healthy, the primary ready\n  the primary stays failed for %v, at most %v if a region does not move over\n",
		max(plan.Duration, 0), plan.GiveUp)
}

func (s drillScreen) event(e drill.Event) {
	fmt.Fprintf(s.out, "%s  %s\n", e.At.UTC().Format("15:04:05.0"), e.Text)
}

// writeDrillReport prints the report, and writes it to two files if requested. If one output fails, it still writes
// the others, because a report cannot be reproduced.
func writeDrillReport(out io.Writer, report *drill.Report, output, file string) error {
	writeJSON := func(w io.Writer) error { return printJSON(w, report) }
	printed := report.WriteMarkdown
	if output == "json" {
		printed = writeJSON
	}
	failed := printed(out)
	if file != "" {
		failed = errors.Join(failed, os.MkdirAll(filepath.Dir(file), 0o755),
			writeFile(file+".md", report.WriteMarkdown), writeFile(file+".json", writeJSON))
	}
	if failed != nil {
		return fmt.Errorf("write the report: %w", failed)
	}
	return nil
}

func writeFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		return err
	}
	return file.Close()
}
