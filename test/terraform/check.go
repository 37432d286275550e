package terraform

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/telepod/telepod/test/helm"
)

// checker checks modules in a copy of the tree.
type checker struct {
	engine engine
	helm   helm.CLI
	tree   string
	// rendered caches objects by chart and values.
	rendered map[string]map[string]bool
}

// check runs all checks of one module: the schemas, the module's own tests, and the chart with every set of
// values that those tests produced.
func (c checker) check(ctx context.Context, module string) error {
	dir := filepath.Join(c.tree, "terraform", module)
	for _, args := range [][]string{{"init", "-backend=false", "-input=false", "-no-color"}, {"validate", "-no-color"}} {
		if out, err := c.engine.run(ctx, dir, args...); err != nil {
			return fmt.Errorf("%w%s", err, out)
		}
	}
	out, err := c.engine.run(ctx, dir, "test", "-json", "-verbose")
	if err != nil {
		return fmt.Errorf("%w%s", err, findings(out))
	}
	states, err := states(out)
	if err != nil {
		return err
	}
	if len(states) == 0 {
		return fmt.Errorf("%s: its tests do not apply anything", module)
	}
	for run, resources := range states {
		if err := c.render(ctx, dir, resources); err != nil {
			return fmt.Errorf("%s: %s: %w", module, run, err)
		}
	}
	return nil
}
