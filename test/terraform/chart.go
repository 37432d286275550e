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
)

// release is the input of a helm_release.
type release struct {
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	Chart     string   `json:"chart"`
	Values    []string `json:"values"`
}

// render renders each release of a local chart with its values, and checks that the chart renders the objects to
// which other resources refer.
func (c checker) render(ctx context.Context, dir string, resources []resource) error {
	objects, err := c.objects(ctx, dir, resources)
	if err != nil {
		return err
	}
	for _, r := range resources {
		for _, want := range named(r) {
			if !objects[want] {
				return fmt.Errorf("%s refers to %s, which the chart does not render; it renders %q", r.Type, want, slices.Sorted(maps.Keys(objects)))
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
			continue // a third party's chart, from its repository
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

// named returns the chart's objects that a resource references by name.
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
