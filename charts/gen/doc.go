// Command gen derives from charts/telepod/values.yaml everything that repeats it: the chart's
// values.schema.json, and the tables of values in its README.md and in docs/chart.md. Values that
// several sections share are in charts/values-shared.yaml: a line `@values pod` in the comment of a
// section adds those of pod. From charts/dashboards it makes the chart's Grafana dashboards.
//
//	go run ./charts/gen          writes the files
//	go run ./charts/gen -check   fails, naming them, when files are stale
//
// The comment above a key is its description, and every leaf needs one. The type comes from the
// default; a comment line `@schema {...}` (JSON Schema in YAML flow style) narrows it, and makes a
// mapping a leaf. Mappings take no key that values.yaml does not list.
package main
