package monitoring

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Result is the data that Prometheus returned for the chart's dashboards and rules.
type Result struct {
	From, To time.Time
	Panels   []PanelResult
	Rules    []RuleResult
}

// PanelResult is a panel with its series.
type PanelResult struct {
	Panel
	Lines []Line
	// Silent lists the queries that returned no data.
	Silent []string
}

// Line is a series with its name in the legend.
type Line struct {
	Name string
	Series
}

// RuleResult is a rule and the number of series that its expression returned.
type RuleResult struct {
	Rule
	Series int
}

// The time range and step of [Check]'s queries.
const (
	lookBack = 30 * time.Minute
	step     = 10 * time.Second
)

// Check runs every query of the dashboards and every rule's expression over the last half hour. It fails if
// Prometheus rejects one; the result lists queries without data.
func Check(ctx context.Context, prometheusURL string) (Result, error) {
	now := time.Now()
	over := span{from: now.Add(-lookBack), to: now, step: step}
	r := Result{From: over.from, To: over.to}
	panels, err := Dashboards()
	if err != nil {
		return r, err
	}
	for _, p := range panels {
		result, err := checkPanel(ctx, prometheusURL, p, over)
		if err != nil {
			return r, fmt.Errorf("panel %q of %q: %w", p.Title, p.Dashboard, err)
		}
		r.Panels = append(r.Panels, result)
	}
	rules, err := Rules(ctx)
	if err != nil {
		return r, err
	}
	for _, rule := range rules {
		series, err := queryRange(ctx, prometheusURL, rule.Expr, over)
		if err != nil {
			return r, fmt.Errorf("rule %s: %w", rule.Name(), err)
		}
		r.Rules = append(r.Rules, RuleResult{Rule: rule, Series: len(series)})
	}
	return r, nil
}

func checkPanel(ctx context.Context, prometheusURL string, p Panel, over span) (PanelResult, error) {
	result := PanelResult{Panel: p}
	for _, query := range p.Queries {
		all, err := queryRange(ctx, prometheusURL, PromQL(query.Expr), over)
		if err != nil {
			return result, err
		}
		if len(all) == 0 {
			result.Silent = append(result.Silent, query.Expr)
		}
		for _, series := range all {
			result.Lines = append(result.Lines, Line{Name: legend(query.Legend, series.Labels), Series: series})
		}
	}
	slices.SortFunc(result.Lines, func(a, b Line) int { return strings.Compare(a.Name, b.Name) })
	return result, nil
}

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

func legend(template string, labels map[string]string) string {
	return placeholder.ReplaceAllStringFunc(template, func(match string) string {
		return labels[placeholder.FindStringSubmatch(match)[1]]
	})
}

// WithoutData lists the panels and rules that should have data but have none. Those about events that may never
// happen, such as rejections, may be empty.
func (r Result) WithoutData() []string {
	var missing []string
	for _, p := range r.Panels {
		if len(p.Silent) > 0 && p.Empty == "" {
			missing = append(missing, fmt.Sprintf("panel %s / %s: %s", p.Dashboard, p.Title, strings.Join(p.Silent, "; ")))
		}
	}
	for _, rule := range r.Rules {
		if rule.Series == 0 && !rule.mayBeEmpty() {
			missing = append(missing, "rule "+rule.Name())
		}
	}
	return missing
}
