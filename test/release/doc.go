// Package release proves what a release consists of, on this machine: package main of the module release builds it
// twice to the same bytes, pushes it to a registry on loopback and signs it with a key. The commands of
// docs/install.md then verify it, and install the chart into a cluster whose containerd pulls the images by digest;
// krew installs the plugin, and `go install` the program from a module zip.
//
// Programs for other systems and the images for arm64 are left to `make release`: compiling them takes longer than
// all the rest. The module release tests with small stand-ins that its images are lists.
package release
