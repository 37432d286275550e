package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// notManifests is a file with something other than manifests, such as a template for them.
type notManifests struct {
	name, what, advice string
}

func (e notManifests) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.name, e.what, e.advice)
}

// helmAction matches an action of a Helm template. Other formats use braces too (Argo's parameters,
// Prometheus' alerts), so it is only used for files that cannot be parsed.
var helmAction = regexp.MustCompile(`\{\{-?\s*(/\*|\(?\s*(\.|\$|include\b|template\b|define\b|if\b|range\b|with\b|end\b|else\b|tpl\b|toYaml\b|printf\b|quote\b|default\b|lookup\b|required\b|and\b|or\b|not\b|eq\b))`)

// kustomization matches the API group of kustomize, which no API server serves.
var kustomization = regexp.MustCompile(`(?m)^apiVersion:\s*["']?kustomize\.config\.k8s\.io/`)

// judge decides whether a file, with its read error if any, is something other than manifests. If so, it
// returns a notManifests, otherwise err unchanged.
func (in *input) judge(err error) error {
	base, dir := filepath.Base(in.path), filepath.Dir(in.path)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	switch {
	case stem == "kustomization" && (err != nil || in.Objects() == 0) || err == nil && kustomization.Match(in.data):
		return notManifests{in.name, "it is a kustomization", fmt.Sprintf("render it first: kustomize build %s | telepod inject -", dir)}
	case err != nil && helmAction.Match(in.data):
		return notManifests{in.name, "it is a Helm template", "render it first: helm template RELEASE CHART | telepod inject -"}
	case err != nil && bytes.Contains(in.data, []byte("{{")):
		return fmt.Errorf("%w; it has {{ }}: if it is a template, render it first", err)
	case err != nil || in.Objects() > 0 || len(bytes.TrimSpace(in.data)) == 0:
		return err
	case base == "Chart.yaml" || strings.HasPrefix(stem, "values") || in.path != standardInput && exists(filepath.Join(dir, "Chart.yaml")):
		return notManifests{in.name, "it belongs to a Helm chart and has no Kubernetes object",
			fmt.Sprintf("render the chart first: helm template RELEASE CHART -f %s | telepod inject -", base)}
	}
	return notManifests{in.name, "it has no Kubernetes object", "each needs apiVersion and kind; render Helm charts and kustomizations first"}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
