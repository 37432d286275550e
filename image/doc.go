// Package image describes the container images of a release: which programs are in each, and who runs them. All are
// built on nothing (scratch), with the public roots, for linux on amd64 and arm64.
//
// The module below release builds and publishes them; test/install loads them into test clusters. The package knows
// neither registries nor builders.
package image
