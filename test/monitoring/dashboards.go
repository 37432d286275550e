package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/test/build"
)

// Panel is a panel of a dashboard.
type Panel struct {
	Dashboard, Title, Unit string
	// Empty explains an empty panel, if that is normal.
	Empty   string
	Queries []Query
}

// Query is the query for a line, or a group of lines, of a panel.
type Query struct {
	Expr   string
	Legend string // a template: {{label}}
}

// Dashboards reads the panels of the chart's dashboards, in order.
func Dashboards() ([]Panel, error) {
	files, err := inChart("dashboards/*.json")
	if err != nil {
		return nil, err
	}
	var panels []Panel
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var model struct {
			Title  string
			Panels []struct {
				Title, Description string
				FieldConfig        struct{ Defaults struct{ Unit string } }
				Targets            []struct{ Expr, LegendFormat string }
			}
		}
		if err := json.Unmarshal(raw, &model); err != nil {
			return nil, fmt.Errorf("read dashboard %s: %w", filepath.Base(file), err)
		}
		for _, p := range model.Panels {
			panel := Panel{Dashboard: model.Title, Title: p.Title, Unit: p.FieldConfig.Defaults.Unit, Empty: p.Description}
			for _, target := range p.Targets {
				panel.Queries = append(panel.Queries, Query{Expr: target.Expr, Legend: target.LegendFormat})
			}
			panels = append(panels, panel)
		}
	}
	return panels, nil
}

// PromQL returns a query as Grafana sends it with all clusters selected.
func PromQL(expr string) string {
	return strings.ReplaceAll(expr, "$cluster", ".*")
}

func inChart(pattern string) ([]string, error) {
	root, err := build.Root()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(root, "charts", "telepod", pattern))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no file %s in the chart", pattern)
	}
	return files, err
}
