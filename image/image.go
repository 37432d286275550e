package image

import "path"

// Registry is where the project's images are published.
const Registry = "ghcr.io"

// Roots is the file with the certificates of public authorities, in the image.
const Roots = "/etc/ssl/certs/ca-certificates.crt"

// Image is one image.
type Image struct {
	// Repository of the image below [Registry].
	Repository string
	// Title and Description become labels.
	Title, Description string
	Programs           []Program
	Entrypoint         []string
	// User is uid:gid.
	User string
}

// Program is a static program in an image.
type Program struct {
	// Name of the program where it is built.
	Name string
	// Path in the image.
	Path string
	// Module is the directory of the go.mod in the repository; empty is the root.
	Module string
	// Package to build in the module.
	Package string
	Tags    []string
	// Takes is the time of a cold build, for people who wait.
	Takes string
}

// Name is the last part of the repository.
func (i Image) Name() string { return path.Base(i.Repository) }

// Ref is the full name of the image with a tag.
func (i Image) Ref(tag string) string { return Registry + "/" + i.Repository + ":" + tag }

// Injector is the webhook without the command line's clients of stores and sites.
func Injector() Image {
	return Image{
		Repository: "telepod/injector", Title: "telepod-injector",
		Description: "Cloud identity and OpenTelemetry settings for every pod: the webhook",
		Programs:    []Program{{Name: "telepod-injector", Path: "/telepod", Package: "./cmd/telepod", Tags: []string{"injector"}, Takes: "about 1 minute"}},
		Entrypoint:  []string{"/telepod"}, User: "65532:65532",
	}
}

// CommandLine is the whole of telepod: drills in the cluster use it.
func CommandLine() Image {
	return Image{
		Repository: "telepod/telepod", Title: "telepod",
		Description: "Cloud identity and OpenTelemetry settings for every pod: the command line",
		Programs:    []Program{{Name: "telepod", Path: "/telepod", Package: "./cmd/telepod", Takes: "about 1 minute"}},
		Entrypoint:  []string{"/telepod"}, User: "65532:65532",
	}
}

// Collector runs in regions, at sites and as a sidecar. With COLLECTOR_SUPERVISED=false in its environment the
// supervisor replaces itself with the Collector.
func Collector() Image {
	return Image{
		Repository: "telepod/collector", Title: "telepod-collector",
		Description: "OpenTelemetry Collector with a crash-safe disk queue and failover by priority",
		Programs: []Program{
			{
				Name: "otelcol", Path: "/otelcol", Module: "collector/distribution", Package: ".", Takes: "about 10 minutes",
				Tags: []string{"remove_all_sd", "enable_kubernetes_sd"}, // as in manifest.yaml
			},
			{Name: "collector-supervisor", Path: "/collector-supervisor", Module: "collector", Package: "./supervisor/cmd/collector-supervisor", Takes: "a few seconds"},
		},
		Entrypoint: []string{"/collector-supervisor", "--", "/otelcol"}, User: "10001:10001",
	}
}

// All images of a release.
func All() []Image { return []Image{Injector(), CommandLine(), Collector()} }
