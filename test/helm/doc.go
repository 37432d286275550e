// Package helm runs real Helm, versions 4 and 3, on the project's chart.
//
// The programs are built from the module cli, which keeps their dependencies separate. The chart's tests are here,
// too: presets in charts/telepod/ci as golden renders and by field, errors for invalid values, and the rendered objects on a
// real API server. The end-to-end tests in test/e2e check that an installation works.
package helm
