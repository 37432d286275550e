// Command gen generates files from charts/telepod/values.yaml: the chart's values.schema.json, and the tables of
// values in its README.md and in docs/chart.md. Values that several sections share are in
// charts/values-shared.yaml: a line `@values pod` in the comment of a section adds those of pod. It also
// generates the chart's Grafana dashboards from charts/dashboards.
//
//	go run ./charts/gen          writes the files
//	go run ./charts/gen -check   fails and lists the files that are stale
//
// The comment above a key is its description; every leaf needs one. The type comes from the default. A comment
// line `@schema {...}` (JSON Schema in YAML flow style) narrows it, and makes a mapping a leaf. Keys that end with
// Secret, ConfigMap or ClassName name Kubernetes objects. The schema rejects keys that values.yaml does not list.
package main
