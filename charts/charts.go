// Package charts has the files of the chart that programs read: one source for what both use.
package charts

import _ "embed" // the values

// Values is the chart's values.yaml.
//
//go:embed telepod/values.yaml
var Values []byte
