// Command release builds a release of Telepod, and publishes it:
//
//	release build   into bin/release: archives of telepod with completions and man pages, images for two
//	                architectures, the chart with the images' digests, SBOMs, the krew manifest, checksums
//	release push    copies images and chart to a registry
//	release sign    signs images, chart and checksums there, and attests the SBOMs
//	release image   writes one image as a docker-archive
//
// Two builds of the same commit give the same bytes: paths, times and owners come from the commit or are left out, the
// public roots of the images from a Go module. Images are built here and not by a container builder: they contain only
// static programs and roots, and builders differ between machines. The command is a separate module because of the
// registry client's dependencies; cosign and cyclonedx-gomod are in the module release/tools.
package main
