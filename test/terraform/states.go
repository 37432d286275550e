package terraform

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

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

// line is one line of `test -json -verbose`. The engines store a state's modules differently.
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
			return nil, fmt.Errorf("read the tests' output: %w: %.200s", err, text)
		}
		all = append(all, l)
	}
	return all, nil
}

// states returns the resources that each run applied.
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

// findings formats the errors among the lines.
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
