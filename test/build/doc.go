// Package build compiles the programs of tests and the demo once, shared between processes and kept
// between runs.
//
// Programs with their own module (Kubernetes, containerd, CoreDNS, Helm, a Collector) are cached by a hash
// of that module's sources, the build flags and the Go version, so a second clone or an emptied Go build
// cache costs nothing. Programs of the root module are cached by the packages that they link; the go command compiles
// those.
//
// The cache is $TELEPOD_CACHE, or telepod below [os.UserCacheDir]. Adding an entry removes those not used
// for two weeks.
//
// The package uses only the standard library, the go command, and npm for [Packages], and contains no list of
// programs: packages that need a program declare its [Spec].
package build
