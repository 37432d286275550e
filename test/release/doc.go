// Package release tests a release on this machine. The program of module release builds it twice, with identical bytes,
// pushes it to a registry on loopback, and signs it with a key. The commands of docs/install.md verify it, and install the
// chart into a cluster whose containerd pulls the images by digest. krew installs the plugin, and `go install` installs the
// program from a module zip. Finally, the estate commands install the previous release and upgrade it to this one under
// load.
//
// Only `make release` builds programs for other systems and images for arm64: they would take longer than the rest of the
// test. Module release tests its manifest lists with small replacements.
package release
