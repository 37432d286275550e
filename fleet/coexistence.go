package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Others counts pods by the other injectors of telemetry that work on them. The zero value is ready for use.
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

// Sentence names them, and who wins; empty if there are none.
func (o Others) Sentence() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		parts = append(parts, fmt.Sprintf("%s (pods: %d)", name, o[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return "other injectors of telemetry: " + strings.Join(parts, ", ") + ": what they set wins, and Telepod sets the rest"
}
