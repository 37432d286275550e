package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/telepod/telepod/test/helm"
)

// checker checks modules in a copy of the tree.
type checker struct {
	engine engine
	helm   helm.CLI
	tree   string
	// rendered has the objects of what was rendered before, by chart and values.
	rendered map[string]map[string]bool
}

// check does all that there is for one module: the schemas, the module's own tests, and the chart
// with every set of values that those tests came to.
func (c checker) check(ctx context.Context, module string) error {
	dir := filepath.Join(c.tree, "terraform", module)
	if _, err := c.engine.run(ctx, dir, "init", "-backend=false", "-input=false", "-no-color"); err != nil {
		return err
	}
	if _, err := c.engine.run(ctx, dir, "validate", "-no-color"); err != nil {
		return err
	}
	out, err := c.engine.run(ctx, dir, "test", "-json", "-verbose")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, findings(out))
	}
	states, err := states(out)
	if err != nil {
		return err
	}
	if len(states) == 0 {
		return fmt.Errorf("%s: its tests apply nothing", module)
	}
	for run, resources := range states {
		if err := c.render(ctx, dir, resources); err != nil {
			return fmt.Errorf("%s: %s: %w", module, run, err)
		}
	}
	return nil
}

// resource is one resource of a state.
type resource struct {
	Type   string          `json:"type"`
	Values json.RawMessage `json:"values"`
}

// stateModule is one module of a state.
type stateModule struct {
	Resources []resource    `json:"resources"`
	Children  []stateModule `json:"child_modules"`
}

func (m stateModule) all() []resource {
	out := slices.Clone(m.Resources)
	for _, child := range m.Children {
		out = append(out, child.all()...)
	}
	return out
}

// line is one line of `test -json -verbose`. The engines differ in where a state has its modules.
type line struct {
	Type  string `json:"type"`
	Run   string `json:"@testrun"`
	State struct {
		Root   *stateModule `json:"root_module"`
		Values struct {
			Root *stateModule `json:"root_module"`
		} `json:"values"`
	} `json:"test_state"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Range    struct {
			File  string `json:"filename"`
			Start struct {
				Line int `json:"line"`
			} `json:"start"`
		} `json:"range"`
	} `json:"diagnostic"`
}

func lines(output string) ([]line, error) {
	var all []line
	for text := range strings.Lines(output) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, fmt.Errorf("read what the tests say: %w: %.200s", err, text)
		}
		all = append(all, l)
	}
	return all, nil
}

// states returns the resources that each run has applied.
func states(output string) (map[string][]resource, error) {
	all, err := lines(output)
	if err != nil {
		return nil, err
	}
	found := map[string][]resource{}
	for _, l := range all {
		for _, root := range []*stateModule{l.State.Root, l.State.Values.Root} {
			if root != nil {
				found[l.Run] = root.all()
			}
		}
	}
	return found, nil
}

// findings returns the errors among the lines, for people.
func findings(output string) string {
	all, err := lines(output)
	if err != nil {
		return output
	}
	var out strings.Builder
	for _, l := range all {
		if d := l.Diagnostic; l.Type == "diagnostic" && d.Severity == "error" {
			fmt.Fprintf(&out, "%s: %s:%d: %s: %s\n", l.Run, d.Range.File, d.Range.Start.Line, d.Summary, d.Detail)
		}
	}
	return out.String()
}

// release is what a helm_release is given.
type release struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	Chart     string   `json:"chart"`
	Values    []string `json:"values"`
}

// render renders each release of a local chart with its values, and holds the names that other
// resources know against the objects that come out.
func (c checker) render(ctx context.Context, dir string, resources []resource) error {
	objects, err := c.objects(ctx, dir, resources)
	if err != nil {
		return err
	}
	for _, r := range resources {
		for _, want := range named(r) {
			if !objects[want] {
				return fmt.Errorf("%s refers to %s, which the chart does not make; it makes %q", r.Type, want, slices.Sorted(maps.Keys(objects)))
			}
		}
	}
	return nil
}

// objects returns the objects of the releases, as "Kind name".
func (c checker) objects(ctx context.Context, dir string, resources []resource) (map[string]bool, error) {
	objects := map[string]bool{}
	for _, r := range resources {
		if r.Type != "helm_release" {
			continue
		}
		var given release
		if err := json.Unmarshal(r.Values, &given); err != nil {
			return nil, err
		}
		chart := filepath.Join(dir, given.Chart)
		if _, err := os.Stat(chart); err != nil {
			continue // a chart of someone else, from its repository
		}
		key := filepath.Base(chart) + "\n" + given.Namespace + "\n" + strings.Join(given.Values, "\n---\n")
		if c.rendered[key] == nil {
			out, err := c.template(ctx, chart, given)
			if err != nil {
				return nil, err
			}
			c.rendered[key] = kinds(out)
		}
		maps.Copy(objects, c.rendered[key])
	}
	return objects, nil
}

func (c checker) template(ctx context.Context, chart string, given release) (string, error) {
	args := []string{"template", given.Name, chart, "--namespace", given.Namespace, "--kube-version", "1.36.0"}
	for i, text := range given.Values {
		file := filepath.Join(c.tree, fmt.Sprintf("values-%d.yaml", i))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return "", err
		}
		args = append(args, "--values", file)
	}
	out, err := c.helm.Run(ctx, args...)
	if err != nil {
		return "", fmt.Errorf("%w\nwith the values\n%s", err, strings.Join(given.Values, "\n---\n"))
	}
	return out, nil
}

var object = regexp.MustCompile(`(?m)^kind: (\w+)\nmetadata:\n  name: (\S+)`)

func kinds(manifests string) map[string]bool {
	all := map[string]bool{}
	for _, m := range object.FindAllStringSubmatch(manifests, -1) {
		all[m[1]+" "+m[2]] = true
	}
	return all
}

// named returns the chart's objects that a resource refers to by name.
func named(r resource) []string {
	var v struct {
		ServiceAccount string `json:"service_account"`
		Namespace      string `json:"namespace"`
		Member         string `json:"member"`
		Metadata       []struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if json.Unmarshal(r.Values, &v) != nil {
		return nil // other resources have fields of these names with other types
	}
	switch r.Type {
	case "aws_eks_pod_identity_association":
		return []string{"ServiceAccount " + v.ServiceAccount}
	case "google_service_account_iam_member":
		if _, account, found := strings.Cut(strings.TrimSuffix(v.Member, "]"), "[telepod/"); found {
			return []string{"ServiceAccount " + account}
		}
	case "kubernetes_service_v1":
		return []string{"Service " + v.Metadata[0].Name}
	}
	return nil
}
