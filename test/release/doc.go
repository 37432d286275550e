// Package release tests a release on this machine. The program of module release builds it twice, with identical
// bytes, pushes it to a registry on loopback and signs it with a key. The commands of docs/install.md verify it, and
// install the chart into a cluster with a containerd that pulls the images by digest; krew installs the plugin, and `go
// install` the program from a module zip. Last, the estate commands install the release before and upgrade it to this one
// under load.
//
// Programs for other systems and the images for arm64 are only built by `make release`: they would need longer than the
// rest of the test. Module release tests its manifest lists with small stand-ins.
package release
