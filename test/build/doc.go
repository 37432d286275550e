// Package build compiles the programs that tests and the demo run: once, shared between
// processes, kept between runs.
//
// A program of a module of its own (Kubernetes, containerd, CoreDNS, Helm, a Collector)
// is cached by a hash of that module's sources, its build flags and the Go version, so a
// second clone, or a Go build cache that was cleared, costs nothing. A program of the root
// module is left to the go tool, which knows best what changed.
//
// The cache is $TELEPOD_CACHE, or telepod below [os.UserCacheDir]. Entries that were not
// used for two weeks are removed when a newer one is made.
//
// The package uses the standard library and the go command only; it does not know what it
// builds. Whoever needs a program declares its [Spec].
package build
