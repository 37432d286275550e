// Package helm runs real Helm, versions 4 and 3, on the project's chart.
//
// The programs are built from the module cli, which keeps their dependencies separate. The tests of the chart are here,
// too: presets in charts/telepod/ci as golden renders and by field, errors for invalid values, and the rendered objects on a
// real API server.
//
// Whether an installation works is tested by the end-to-end tests.
package helm
