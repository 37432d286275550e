// Package helm runs real Helm, versions 4 and 3, on the project's chart.
//
// The programs are built from the module cli, whose dependencies are nobody else's. The tests of the
// chart live here too: golden renders of every preset in charts/telepod/ci, mistakes and what is said
// about them, and the rendered objects on a real API server.
//
// Package helm does not know what the chart installs; whether that works is the matter of the
// end-to-end tests.
package helm
