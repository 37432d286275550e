// Package charts embeds files of the chart that programs read, so both use the same source.
package charts

import _ "embed"

// Values is the chart's values.yaml.
//
//go:embed telepod/values.yaml
var Values []byte
