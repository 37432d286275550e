// Command release makes what a release of Telepod consists of, and publishes it:
//
//	release build   into bin/release: archives of telepod with completions and man pages, images for two
//	                architectures, the chart with the images' digests, SBOMs, the krew manifest, checksums
//	release push    copies images and chart to a registry
//	release sign    signs images, chart and checksums there, and attests the SBOMs
//	release image   writes one image as a docker-archive
//
// Two builds of the same commit give the same bytes: paths, times and owners come from the commit or are left out, the
// public roots of the images from a Go module. Images are made here and not by a container builder: they consist of
// static programs alone, and builders differ from machine to machine. The command is a module of its own because of
// the registry's client; cosign and cyclonedx-gomod are in the module release/tools.
package main
