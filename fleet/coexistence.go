package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Others counts pods by the other telemetry injectors that act on them. The zero value is ready for use.
type Others map[string]int

// Add counts a pod.
func (o *Others) Add(f Finding) {
	for _, name := range f.Others {
		if *o == nil {
			*o = Others{}
		}
		(*o)[name]++
	}
}

// Sentence lists them and explains precedence; empty if there are none.
func (o Others) Sentence() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		parts = append(parts, fmt.Sprintf("%s (pods: %d)", name, o[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return "other telemetry injectors: " + strings.Join(parts, ", ") + ": their settings win, and Telepod sets the rest"
}
