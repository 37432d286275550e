package monitoring

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/test/helm"
)

// Rule is a recording rule or an alert.
type Rule struct {
	Record, Alert, Expr string
	Annotations         map[string]string
}

// Name is the name of the series or alert.
func (r Rule) Name() string { return r.Record + r.Alert }

// RuleFiles renders the chart's rules as files for a Prometheus without the operator, by file name. set
// overrides values such as prices and budget, like helm --set.
func RuleFiles(ctx context.Context, set ...string) (map[string]string, error) {
	cli, err := helm.V4(ctx)
	if err != nil {
		return nil, err
	}
	chart, err := helm.Chart()
	if err != nil {
		return nil, err
	}
	args := []string{"template", "telepod", chart, "--show-only", "templates/monitoring/rules.yaml",
		"--set", "cloud.provider=other,cloud.region=none,cluster.name=none,monitoring.rulesConfigMap=true"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	rendered, err := cli.Run(ctx, args...)
	if err != nil {
		return nil, err
	}
	var files struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(rendered), &files); err != nil {
		return nil, fmt.Errorf("read the rendered rules: %w", err)
	}
	return files.Data, nil
}

// WriteRules writes [RuleFiles] to a directory, for rule_files: [DIRECTORY/*.yaml].
func WriteRules(ctx context.Context, directory string, set ...string) error {
	files, err := RuleFiles(ctx, set...)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Rules renders and parses the chart's rules, sorted by file.
func Rules(ctx context.Context) ([]Rule, error) {
	files, err := RuleFiles(ctx, "cost.monthlyBudget=1", "cost.destinations.vendor=1")
	if err != nil {
		return nil, err
	}
	var all []Rule
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var content struct{ Groups []struct{ Rules []Rule } }
		if err := yaml.Unmarshal([]byte(files[name]), &content); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		for _, group := range content.Groups {
			all = append(all, group.Rules...)
		}
	}
	return all, nil
}

// mayBeEmpty reports whether a rule is about events that need not happen.
func (r Rule) mayBeEmpty() bool {
	return r.Alert != "" || slices.ContainsFunc([]string{"dropped", "sampled_away_items", "last_switch", "destination_dollars"}, func(word string) bool {
		return strings.Contains(r.Record, word)
	})
}
